"""What can be wrong with a register map beyond its shape: names, types, addresses, and vectors that do not decode."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from configs.documents import Document, Fault, Location
from edge_agent.contract.catalogue import DEVICE_CLASSES, DeviceClass
from edge_agent.contract.text import Text
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Point
from edge_agent.profiles.document import FingerprintDocument, ProfileDocument, Runs
from edge_agent.profiles.point_document import DerivedDocument, PointDocument
from edge_agent.profiles.point_faults import (
    condition_faults,
    form_faults,
    names_of,
    nearest,
    point_faults,
    reach_faults,
)
from edge_agent.profiles.write_faults import write_faults


def profile_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    """Everything that is wrong in a file of the right shape."""
    if settings.profile.partition(".")[0] != document.path.stem:
        what = Text(zh=f"型号编号 {settings.profile} 与文件名不同", en=f"the profile calls itself {settings.profile}")
        fix = Text(zh=f"应为 {document.path.stem}", en=f"it must be called as its file is: {document.path.stem}")
        yield document.fault(("profile",), what, fix)
    yield from _class_faults(settings, document)
    for name, point in settings.points.items():
        yield from point_faults(settings, document, name, point)
    yield from _derived_faults(settings, document)
    yield from _run_faults(settings, document)
    yield from _fingerprint_faults(settings, document)
    yield from _setting_faults(settings, document)
    yield from write_faults(settings, document)
    for index, alarm in enumerate(settings.alarms):
        yield from condition_faults(settings, document, ("alarms", index, "when"), "alarms", alarm.when)
    yield from _vector_faults(settings, document)


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


def _derived_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for name, rule in settings.derived.items():
        if not _is_derivable(settings.points, rule) or name in settings.points:
            what = Text(
                zh=f"{name} 无法由 {rule.source or '所列的点'} 推出",
                en=f"{name} cannot be derived from {rule.source or 'what it names'}",
            )
            fix = Text(
                zh="from 须是带 words 的点,one_of 取其中的词;sum 须是数值点;且该点本身未被读取",
                en="name under `from` a point with words and some of those words, under `sum` numbers, and derive no "
                "point that is read itself",
            )
            yield document.fault(("derived", name), what, fix)
        for key, texts in (("any", rule.any_of), ("all", rule.all_of)):
            for index, text in enumerate(texts):
                yield from condition_faults(settings, document, ("derived", name, key, index), name, text)


def _is_derivable(points: Mapping[str, PointDocument], rule: DerivedDocument) -> bool:
    if rule.source:
        words = points[rule.source].words.values() if rule.source in points else ()
        return set(rule.one_of) <= set(words)
    return set(rule.sum_of) <= set(names_of(points, "number"))


def _fingerprint_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for index, mark in enumerate(settings.fingerprints):
        if bool(mark.point) == bool(mark.read) or not _is_pattern(mark):
            what = Text(zh="识别特征没有说清读什么", en="this fingerprint does not say what is read and expected")
            fix = Text(
                zh="写 point: 本表的点,或 read: {at, type};regex 须有效",
                en="write point: NAME of this map or read: {at, type}, and a regex that compiles",
            )
            yield document.fault(("fingerprints", index), what, fix)
        elif mark.point and mark.point not in settings.points:
            what = Text(zh=f"本表没有点 {mark.point}", en=f"this map has no point {mark.point}")
            yield document.fault(("fingerprints", index, "point"), what, nearest(mark.point, list(settings.points)))
        elif mark.read:
            place = mark.read.address_of(), 0, mark.read.type_of().words
            yield from form_faults(document, ("fingerprints", index, "read"), "read", mark.read)
            yield from reach_faults(settings, document, ("fingerprints", index, "read"), "read", place)


def _is_pattern(mark: FingerprintDocument) -> bool:
    try:
        re.compile(mark.regex)
    except re.error:
        return False
    return True


def _setting_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for name, setting in settings.settings.items():
        low, high = setting.range
        if not low <= setting.default <= high:
            what = Text(zh=f"{name} 的默认值不在范围内", en=f"the default of {name} is outside its range")
            fix = Text(zh="写成 range: [最低, 最高]", en="write range: [lowest, highest] around the default")
            yield document.fault(("settings", name), what, fix)
    if settings.instances and settings.instances.range[0] > settings.instances.range[1]:
        what = Text(zh="instances 的范围是空的", en="the range of instances is empty")
        yield document.fault(("instances",), what, Text(zh="写成 range: [首, 末]", en="write range: [first, last]"))


def _run_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    """A range that is written the wrong way round would say nothing, also of what must never be written."""
    ranges: tuple[tuple[Location, Runs], ...] = (
        (("reads", "runs"), settings.reads.runs),
        (("reads", "no_start"), settings.reads.no_start),
        (("never_write",), settings.never_write),
    )
    for place, given in ranges:
        for letter, closed in given.items():
            for index, (first, last) in enumerate(closed):
                if first > last:
                    what = Text(zh=f"区间 {first}..{last} 是空的", en=f"the range {first}..{last} is empty")
                    fix = Text(zh="写成 [首, 末]", en="write [first, last]")
                    yield document.fault((*place, letter, index), what, fix)


def _vector_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    defaults = {name: setting.default for name, setting in settings.settings.items()}
    for index, vector in enumerate(settings.test_vectors):
        point = settings.points.get(vector.point)
        found = _decoded(point.point_of(vector.point, defaults), vector.words, vector.factor) if point else None
        if point is None or found != vector.value or isinstance(found, bool) != isinstance(vector.value, bool):
            what = Text(
                zh=f"{vector.words} 按本表读作 {found!r},而不是 {vector.value!r}",
                en=f"{vector.words} reads as {found!r} and not as {vector.value!r}",
            )
            fix = Text(
                zh=f"请核对 {vector.point} 的地址、类型和比例", en=f"check type, order and scale of {vector.point}"
            )
            yield document.fault(("test_vectors", index), what, fix)


def _decoded(point: Point, words: list[int], factor: float) -> object:
    if len(words) != point.type.words:
        return f"{point.type.words} words"
    return value_of(point, words, factor).value
