"""What can be wrong with a register map beyond its shape: names, types, addresses, and vectors that do not decode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

from configs.documents import Document, Fault
from edge_agent.contract.catalogue import DEVICE_CLASSES, DeviceClass
from edge_agent.contract.text import Text
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Point, WordType
from edge_agent.profile_document import WORD, PointDocument, ProfileDocument

_CATALOGUE_TYPE = {True: "flag", False: "number"}


def profile_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    """Everything that is wrong in a file of the right shape."""
    if settings.profile != document.path.stem:
        what = Text(zh=f"型号编号 {settings.profile} 与文件名不同", en=f"the profile calls itself {settings.profile}")
        fix = Text(zh=f"应为 {document.path.stem}", en=f"it must be called as its file is: {document.path.stem}")
        yield document.fault(("profile",), what, fix)
    yield from _class_faults(settings, document)
    for name, point in settings.points.items():
        yield from _point_faults(settings, document, name, point)
    yield from _derived_faults(settings, document)
    yield from _run_faults(settings, document)
    yield from _vector_faults(settings, document)


def nearest(name: str, known: list[str]) -> Text:
    """Names like `name`, or all that there are: what an installer probably meant."""
    likely = get_close_matches(name, known, n=3) or sorted(known)
    return Text(zh=f"可用:{'、'.join(likely)}", en=f"use one of: {', '.join(likely)}")


def _class_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    device_class = DEVICE_CLASSES.get(settings.device_class)
    if device_class is None:
        what = Text(zh=f"没有设备类别 {settings.device_class}", en=f"there is no device class {settings.device_class}")
        yield document.fault(("device_class",), what, nearest(settings.device_class, list(DEVICE_CLASSES)))
        return
    for part, names in (("points", settings.points), ("derived", settings.derived)):
        for name in names:
            yield from _name_faults(document, (part, name), device_class)


def _name_faults(document: Document, location: tuple[str, str], device_class: DeviceClass) -> Iterator[Fault]:
    if location[1] not in device_class.points:
        what = Text(
            zh=f"点表中没有 {location[1]}", en=f"the catalogue has no point {location[1]} in {device_class.name}"
        )
        yield document.fault(location, what, nearest(location[1], list(device_class.points)))


def _point_faults(settings: ProfileDocument, document: Document, name: str, point: PointDocument) -> Iterator[Fault]:
    for wrong, what, fix in _POINT_CHECKS:
        if wrong(point):
            yield document.fault(("points", name), Text(zh=f"{name}:{what.zh}", en=f"{name}: {what.en}"), fix)
    yield from _type_faults(settings, document, name, point)
    if not point.address_of().table.bits and WordType(point.type).words > settings.reads.max_words:
        what = Text(zh=f"{name} 比一次请求能读的还宽", en=f"{name} is wider than a request may be")
        fix = Text(zh="请增大 reads.max_words", en="raise reads.max_words")
        yield document.fault(("points", name), what, fix)
    for index, flag in enumerate(point.bad_when):
        if flag not in settings.points or settings.points[flag].type != "flag":
            what = Text(
                zh=f"{name} 依据的 {flag} 不是本设备的标志点", en=f"{name} rests on {flag}, which is no flag here"
            )
            flags = [other for other, setting in settings.points.items() if setting.type == "flag"]
            yield document.fault(("points", name, "bad_when", index), what, nearest(flag, flags))


def _type_faults(settings: ProfileDocument, document: Document, name: str, point: PointDocument) -> Iterator[Fault]:
    device_class = DEVICE_CLASSES.get(settings.device_class)
    if device_class is None or name not in device_class.points:
        return
    meant = device_class.points[name].type
    told = "word" if point.words else _CATALOGUE_TYPE[point.type == "flag"]
    if told != meant:
        what = Text(zh=f"{name} 在点表中是 {meant},这里读作 {told}", en=f"{name} is a {meant}, but is read as a {told}")
        fix = Text(zh="标志用 flag,枚举要写 words", en="a flag has type flag, a word has words, a number has neither")
        yield document.fault(("points", name), what, fix)


def _is_bit_type_wrong(point: PointDocument) -> bool:
    address = point.address_of()
    return point.type != "flag" and (address.table.bits or address.bit is not None)


def _is_bit_wrong(point: PointDocument) -> bool:
    address = point.address_of()
    return address.bit is not None and (address.table.bits or address.bit > 15)


def _is_beyond_map(point: PointDocument) -> bool:
    return point.address_of().number + WordType(point.type).words - 1 > WORD


def _is_sentinel_too_wide(point: PointDocument) -> bool:
    return any(sentinel >> 16 * WordType(point.type).words for sentinel in point.sentinels)


def _is_range_wrong(point: PointDocument) -> bool:
    return point.range is not None and point.range[0] >= point.range[1]


_POINT_CHECKS: tuple[tuple[Callable[[PointDocument], bool], Text, Text], ...] = (
    (
        _is_bit_type_wrong,
        Text(zh="单个位只能是 flag", en="a single bit can only be a flag"),
        Text(zh="类型写 flag", en="give it type flag"),
    ),
    (
        _is_bit_wrong,
        Text(zh="位号不对", en="it has no such bit"),
        Text(zh="寄存器的位是 :0 到 :15,线圈不写位号", en="registers have bits :0 to :15, coils have none"),
    ),
    (
        _is_beyond_map,
        Text(zh="地址超出 65535", en="it ends beyond address 65535"),
        Text(zh="地址从 0 数起,与总线上相同", en="addresses count from 0, as on the wire"),
    ),
    (
        _is_sentinel_too_wide,
        Text(zh="哨兵值比该类型宽", en="a sentinel is wider than the type"),
        Text(zh="写无符号原始值,如 0x8000", en="write the unsigned raw value, such as 0x8000"),
    ),
    (
        _is_range_wrong,
        Text(zh="范围的下限不小于上限", en="its range is empty"),
        Text(zh="写成 [最低, 最高]", en="write [lowest, highest]"),
    ),
)


def _derived_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for name, rule in settings.derived.items():
        words = settings.points[rule.source].words.values() if rule.source in settings.points else ()
        unknown = [word for word in rule.one_of if word not in words]
        if unknown or name in settings.points:
            what = Text(zh=f"{name} 无法由 {rule.source} 推出", en=f"{name} cannot be derived from {rule.source}")
            fix = Text(
                zh="来源须是带 words 的点,one_of 取其中的词,且该点本身未被读取",
                en="name a point with words, some of those words, and no point that is read itself",
            )
            yield document.fault(("derived", name), what, fix)


def _run_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for letter, runs in settings.reads.runs.items():
        for index, (first, last) in enumerate(runs):
            if first > last:
                what = Text(zh=f"区间 {first}..{last} 是空的", en=f"the run {first}..{last} is empty")
                yield document.fault(
                    ("reads", "runs", letter, index), what, Text(zh="写成 [首, 末]", en="write [first, last]")
                )


def _vector_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for index, vector in enumerate(settings.test_vectors):
        setting = settings.points.get(vector.point)
        found = _decoded(setting.point_of(vector.point), vector.words) if setting else None
        if setting is None or found != vector.value or isinstance(found, bool) != isinstance(vector.value, bool):
            what = Text(
                zh=f"{vector.words} 按本表读作 {found!r},而不是 {vector.value!r}",
                en=f"{vector.words} reads as {found!r} and not as {vector.value!r}",
            )
            fix = Text(
                zh=f"请核对 {vector.point} 的地址、类型和比例", en=f"check type, order and scale of {vector.point}"
            )
            yield document.fault(("test_vectors", index), what, fix)


def _decoded(point: Point, words: list[int]) -> object:
    if len(words) != point.type.words:
        return f"{point.type.words} words"
    return value_of(point, words).value
