"""What can be wrong with one point of a register map: its type, its place, its range, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from configs.documents import Document, Fault, Location
from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.text import Text
from edge_agent.core.condition import condition_of
from edge_agent.core.profile import Address, TextType
from edge_agent.profiles.document import ProfileDocument
from edge_agent.profiles.point_document import WORD, PointDocument

_INTEGERS = frozenset({"u8", "i8", "i16", "u16", "i32", "u32", "bcd", "sm16"})
_LAST_BIT = 15

Place = tuple[Address, int | None, int]
"""Where something begins in the map, its stride (None: that of the instances), and how many addresses it takes."""


def nearest(name: str, known: list[str]) -> Text:
    """Names like `name`, or all that there are: what an installer probably meant."""
    likely = get_close_matches(name, known, n=3) or sorted(known)
    return Text(zh=f"可用:{'、'.join(likely)}", en=f"use one of: {', '.join(likely)}")


def point_faults(settings: ProfileDocument, document: Document, name: str, point: PointDocument) -> Iterator[Fault]:
    yield from form_faults(document, ("points", name), name, point)
    place = point.address_of(), point.stride, point.type_of().words
    yield from reach_faults(settings, document, ("points", name), name, place)
    yield from _type_faults(settings, document, name, point)
    if not point.address_of().table.bits and point.type_of().words > settings.reads.max_words:
        what = Text(zh=f"{name} 比一次请求能读的还宽", en=f"{name} is wider than a request may be")
        fix = Text(zh="请增大 reads.max_words", en="raise reads.max_words")
        yield document.fault(("points", name), what, fix)
    for key in ("bad_when", "no_answer_when", "absent_when"):
        for index, text in enumerate(getattr(point, key)):
            yield from condition_faults(settings, document, ("points", name, key, index), name, text)
    if point.when is not None:
        yield from condition_faults(settings, document, ("points", name, "when"), name, point.when)
    yield from _scale_faults(settings, document, name, point)


def form_faults(document: Document, location: Location, name: str, point: PointDocument) -> Iterator[Fault]:
    """What contradicts itself, whatever else is in the map."""
    for wrong, what, fix in _POINT_CHECKS:
        if wrong(point):
            yield document.fault(location, Text(zh=f"{name}:{what.zh}", en=f"{name}: {what.en}"), fix)


def reach_faults(
    settings: ProfileDocument, document: Document, location: Location, name: str, place: Place
) -> Iterator[Fault]:
    """Addresses end at 65535, behind the card that shifts them too, and for the last unit of a gateway."""
    address, stride, words = place
    first = address.number + settings.shift.get(address.table.value, 0)
    units = settings.instances.range if settings.instances else [0, 0]
    last = first + (settings.stride if stride is None else stride) * (units[1] - units[0])
    if min(first, last) < 0 or max(first, last) + words - 1 > WORD:
        what = Text(zh=f"{name}:地址超出 0 到 65535", en=f"{name}: it lies beyond the addresses 0 to 65535")
        fix = Text(
            zh="地址从 0 数起,与总线上相同;也请核对 shift 和 stride",
            en="addresses count from 0, as on the wire; check shift and stride as well",
        )
        yield document.fault(location, what, fix)


def condition_faults(
    settings: ProfileDocument, document: Document, location: Location, name: str, text: str
) -> Iterator[Fault]:
    """A condition must compare a point of this device with a value that it can have."""
    condition = condition_of(text)
    points = settings.points
    kind = told_type(points[condition.point]) if condition.point in points else ""
    if kind != {bool: "flag", float: "number", str: "word"}[type(condition.value)]:
        meant = "flag" if isinstance(condition.value, bool) else "number or word of that kind"
        what = Text(
            zh=f"{name} 依据的 {condition.point} 在本设备上不能这样比较",
            en=f"{name} rests on {condition.point}, which is no {meant} here",
        )
        alike = [other for other, point in points.items() if not kind or told_type(point) == "flag"]
        yield document.fault(location, what, nearest(condition.point, alike))
    elif isinstance(condition.value, str) and condition.value not in points[condition.point].words.values():
        what = Text(
            zh=f"{condition.point} 没有词 {condition.value}", en=f"{condition.point} has no word {condition.value}"
        )
        yield document.fault(location, what, nearest(condition.value, list(points[condition.point].words.values())))


def told_type(point: PointDocument) -> str:
    """The catalogue's type of what is read: number, flag or word."""
    if point.words or point.type == "text":
        return "word"
    return "flag" if point.type == "flag" else "number"


def _type_faults(settings: ProfileDocument, document: Document, name: str, point: PointDocument) -> Iterator[Fault]:
    device_class = DEVICE_CLASSES.get(settings.device_class)
    if device_class is None or name not in device_class.points:
        return
    meant, told = device_class.points[name].type, told_type(point)
    if told != meant:
        what = Text(zh=f"{name} 在点表中是 {meant},这里读作 {told}", en=f"{name} is a {meant}, but is read as a {told}")
        fix = Text(
            zh="标志用 flag,枚举要写 words 或 type: text",
            en="a flag has type flag, a word has words or type text, a number has neither",
        )
        yield document.fault(("points", name), what, fix)


def _scale_faults(settings: ProfileDocument, document: Document, name: str, point: PointDocument) -> Iterator[Fault]:
    numbers = {
        other: setting
        for other, setting in settings.points.items()
        if told_type(setting) == "number" and not setting.scale.sources
    }
    for source in point.scale.sources:
        if source not in numbers or source == name:
            what = Text(
                zh=f"{name} 的比例取自 {source},它不是本设备的数值点",
                en=f"{name} takes its scale from {source}, which is no number read here by itself",
            )
            yield document.fault(("points", name, "scale"), what, nearest(source, list(numbers)))
    setting = point.scale.setting
    if setting and setting not in settings.settings:
        what = Text(zh=f"没有设置项 {setting}", en=f"there is no setting {setting}")
        fix = (
            nearest(setting, list(settings.settings))
            if settings.settings
            else Text(zh="请在 settings 中写明", en="describe it under settings")
        )
        yield document.fault(("points", name, "scale"), what, fix)


def _is_bit_type_wrong(point: PointDocument) -> bool:
    address = point.address_of()
    one_bit = address.table.bits or (address.bit is not None and address.last_bit is None)
    return point.type != "flag" and one_bit


def _is_bit_wrong(point: PointDocument) -> bool:
    address = point.address_of()
    highest = address.bit if address.last_bit is None else address.last_bit
    return highest is not None and (address.table.bits or highest > _LAST_BIT)


def _is_slice_wrong(point: PointDocument) -> bool:
    address = point.address_of()
    if address.bit is None or address.last_bit is None:
        return False
    return point.type != "u16" or address.last_bit <= address.bit


def _is_sentinel_too_wide(point: PointDocument) -> bool:
    return any(sentinel >> 16 * point.type_of().words for sentinel in point.sentinels)


def _is_range_wrong(point: PointDocument) -> bool:
    return point.range is not None and point.range[0] >= point.range[1]


def _is_text_wrong(point: PointDocument) -> bool:
    is_text = isinstance(point.type_of(), TextType)
    asked = {"scale", "words", "range", "offset", "inverted"}.intersection(point.model_fields_set)
    return (point.length is not None) != is_text or (is_text and bool(asked))


def _is_word_type_wrong(point: PointDocument) -> bool:
    return bool(point.words) and point.type not in _INTEGERS


def _is_inverted_wrong(point: PointDocument) -> bool:
    return point.inverted and point.type != "flag"


_Check = tuple[Callable[[PointDocument], bool], Text, Text]
_POINT_CHECKS: tuple[_Check, ...] = (
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
        _is_slice_wrong,
        Text(zh="多个位只能是 u16,低位在前", en="several bits are a u16, the lower bit first"),
        Text(zh="写成 H85:8-11,type: u16", en="write H85:8-11 with type u16"),
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
    (
        _is_text_wrong,
        Text(zh="文字点要写 length,且不写比例和 words", en="a text has a length, and neither scale nor words"),
        Text(zh="写成 type: text, length: 寄存器数", en="write type: text and length: its registers"),
    ),
    (
        _is_word_type_wrong,
        Text(zh="只有整数才能有 words", en="only integers can have words"),
        Text(zh="类型写 u16 或另一种整数", en="give it type u16 or another integer"),
    ),
    (
        _is_inverted_wrong,
        Text(zh="只有标志点可以取反", en="only a flag can be inverted"),
        Text(zh="类型写 flag,或删去 inverted", en="give it type flag, or remove inverted"),
    ),
)


def names_of(points: Mapping[str, PointDocument], kind: str) -> list[str]:
    return [name for name, point in points.items() if told_type(point) == kind]
