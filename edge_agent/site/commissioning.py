"""What can be wrong with a `commissioned` of a site file: what this map could never say proves nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from configs.documents import Document, Fault, Location
from edge_agent.contract.catalogue import meaning
from edge_agent.contract.text import Text
from edge_agent.core.commissioning import agrees, is_telling
from edge_agent.core.condition import is_other
from edge_agent.core.profile import Profile
from edge_agent.profiles.point_faults import nearest

_SAID = bool | int | float | str
_LARGEST = 1e12
_KINDS: dict[str, Text] = {
    "flag": Text(zh="true 或 false", en="true or false"),
    "number": Text(zh="数字", en="a number"),
    "word": Text(zh="文字", en="a word"),
}


def commissioning_faults(document: Document, at: Location, device: dict[Any, Any], known: Profile) -> Iterator[Fault]:
    commissioned = device.get("commissioned")
    given = commissioned.get("shown") if isinstance(commissioned, dict) else None
    where = (*at, "commissioned", "shown")
    shown = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    for index, one in enumerate(shown):
        yield from _shown_faults(document, (*where, index), one, known)
    points = [one["point"] for one in shown if isinstance(one.get("point"), str)]
    if points and all(_is_known(known, name) for name in points) and not is_telling(known, points):
        what = Text(zh="只有标志点,不足以证明点表正确", en="flags alone prove nothing of a map")
        fix = Text(zh="请再加一个面板上的数值,如温度或设定值", en="add a number of the panel, such as a temperature")
        yield document.fault(where, what, fix)


def _shown_faults(document: Document, at: Location, one: dict[Any, Any], known: Profile) -> Iterator[Fault]:
    name, value, read = one.get("point"), one.get("value"), one.get("read")
    if not isinstance(name, str):
        return
    if not _is_known(known, name):
        what = Text(zh=f"{known.id} 没有点 {name}", en=f"{known.id} has no point {name}")
        yield document.fault((*at, "point"), what, nearest(name, [*known.points, *known.derived]))
        return
    wrong = [key for key, said in (("value", value), ("read", read)) if _is_wrong(known, name, said)]
    for key in wrong:
        what = Text(zh=f"{name} 不可能是 {one[key]}", en=f"{name} cannot be {one[key]}")
        yield document.fault((*at, key), what, _possible(known, name))
    if wrong or not isinstance(value, _SAID) or not isinstance(read, _SAID):
        return
    if not agrees(read, value, known.points.get(name)):
        what = Text(
            zh=f"{name}:面板 {value},寄存器 {read},两者不符",
            en=f"{name}: the panel showed {value}, but the registers said {read}",
        )
        fix = Text(
            zh="请确认型号和点(scan、solve),核对后再记录",
            en="make sure of the model and the point (scan, solve), then compare again",
        )
        yield document.fault((*at, "read"), what, fix)


def _is_known(known: Profile, name: str) -> bool:
    return name in known.points or name in known.derived


def _is_wrong(known: Profile, name: str, said: Any) -> bool:
    """Of another kind than the point, outside its range, or a word that it does not have."""
    if not isinstance(said, _SAID):
        return False  # the shape's business
    if _kind_of(said) != meaning(known.device_class, name).type:
        return True
    point = known.points.get(name)
    if isinstance(said, str):
        return bool(point and point.words and said not in point.words.values() and not is_other(said))
    low, high = (point.low, point.high) if point else (None, None)
    return not (-_LARGEST if low is None else low) <= said <= (_LARGEST if high is None else high)


def _kind_of(said: bool | float | str) -> str:
    return "flag" if isinstance(said, bool) else "word" if isinstance(said, str) else "number"


def _possible(known: Profile, name: str) -> Text:
    point, kind = known.points.get(name), meaning(known.device_class, name).type
    if point and point.words:
        return nearest("", sorted(set(point.words.values())))
    if point and kind == "number" and None not in (point.low, point.high):
        return Text(zh=f"应为 {point.low:g} 到 {point.high:g}", en=f"it is from {point.low:g} to {point.high:g}")
    return Text(zh=f"应为{_KINDS[kind].zh}", en=f"it is {_KINDS[kind].en}")
