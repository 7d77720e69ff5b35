"""What authors may name, and what they probably meant where they named something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from edge_agent.contract.catalogue import DEVICE_CLASSES, DeviceClass
from edge_agent.contract.text import Text
from rules.terms import Type

CALLED: Mapping[Type, Text] = {
    "number": Text(zh="数字", en="a number"),
    "flag": Text(zh="是非值", en="true or false"),
    "word": Text(zh="词语", en="a word"),
}
_UNNAMED = "other("
"""How a controller's number without a word begins, such as `other(14)`."""


def suggestion(given: str, known: Iterable[str]) -> Text:
    """What was probably meant, or everything there is."""
    known = sorted(known)
    near = get_close_matches(given, known, n=1, cutoff=0.6)
    if near:
        return Text(zh=f"是否应为 {near[0]}？", en=f"did you mean {near[0]}?")
    listed = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
    return Text(zh=f"可用的有：{listed}", en=f"there are: {listed}") if known else Text(zh="请删除它", en="remove it")


def unknown_point(point: str, device_class: DeviceClass, others: Iterable[str] = ()) -> tuple[Text, Text]:
    what = Text(
        zh=f"{device_class.label.zh}({device_class.name})没有名为 {point} 的点",
        en=f"a {device_class.name} has no point {point}",
    )
    return what, suggestion(point, {*device_class.points, *others})


def unknown_word(point: str, word: str) -> tuple[Text, Text] | None:
    """None where the point may say it: its words are known, or it may say any."""
    known = {one for each in DEVICE_CLASSES.values() if point in each.points for one in each.points[point].words}
    if not known or word in known or word.startswith(_UNNAMED):
        return None
    return Text(zh=f"{point} 从不报告 {word}", en=f"{point} never says {word}"), suggestion(word, known)
