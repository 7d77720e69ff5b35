"""The short notation in which the tests of a rule write what a point reported, step by step.

`-20` a value · `-20x6` six times · `-20+2x5` five values, each 2 higher than the one before · `true` · `defrost` a word
· `!no_answer` a bad reading of that quality · `_` no reading. `xN` counts the values there are, always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.contract.readings import Quality, Value
from edge_agent.contract.text import Text

LONGEST = 2000
"""Steps of one test."""

_TIMES = r"(?:x(?P<times>\d{1,4}))?"
_NUMBER = re.compile(r"(?P<first>-?\d{1,9}(?:\.\d{1,6})?)(?P<step>[+-]\d{1,9}(?:\.\d{1,6})?)?" + _TIMES)
_OTHER = re.compile(r"(?P<word>_|![a-z_]+?|[A-Za-z][A-Za-z0-9_.-]*?)" + _TIMES)
_FLAGS = {"true": True, "false": False}


class SeriesInvalid(ValueError):
    """The text is no series."""

    def __init__(self, what: Text, fix: Text) -> None:
        self.what, self.fix = what, fix
        super().__init__(f"{what.en} — {fix.en}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    value: Value | None
    quality: Quality = Quality.GOOD


Series = tuple[Sample | None, ...]
"""None where nothing was reported."""


def parse_series(text: str) -> Series:
    """Raises SeriesInvalid."""
    samples = [sample for item in text.split() for sample in _samples(item)]
    if len(samples) > LONGEST:
        raise SeriesInvalid(
            Text(zh=f"共有 {len(samples)} 步", en=f"these are {len(samples)} steps"),
            Text(zh=f"最多 {LONGEST} 步", en=f"use at most {LONGEST}"),
        )
    return tuple(samples)


def repeated(text: str) -> tuple[str, ...]:
    """`clear pendingx3` as four words. Raises SeriesInvalid."""
    words: list[str] = []
    for item in text.split():
        match = _OTHER.fullmatch(item)
        if match is None:
            raise _not_understood(item)
        words += [match["word"]] * int(match["times"] or 1)
    return tuple(words)


def _samples(item: str) -> Iterator[Sample | None]:
    if match := _NUMBER.fullmatch(item):
        first, step = float(match["first"]), float(match["step"] or 0)
        return (Sample(value=round(first + n * step, 6)) for n in range(int(match["times"] or 1)))
    if match := _OTHER.fullmatch(item):
        sample = _sample(match["word"])
        return (sample for _ in range(int(match["times"] or 1)))
    raise _not_understood(item)


def _sample(word: str) -> Sample | None:
    if word == "_":
        return None
    if not word.startswith("!"):
        return Sample(value=_FLAGS.get(word, word))
    known = {quality.value for quality in Quality} - {Quality.GOOD.value}
    if word[1:] not in known:
        raise SeriesInvalid(
            Text(zh=f"没有质量 {word[1:]}", en=f"there is no quality {word[1:]}"),
            Text(zh=f"可用的有：{', '.join(sorted(known))}", en=f"there are: {', '.join(sorted(known))}"),
        )
    return Sample(value=None, quality=Quality(word[1:]))


def _not_understood(item: str) -> SeriesInvalid:
    return SeriesInvalid(
        Text(zh=f"无法理解 {item}", en=f"{item} cannot be understood"),
        Text(zh="例如 -20、-20x6、-20+2x5、true、!no_answer、_", en="such as -20, -20x6, -20+2x5, true, !no_answer, _"),
    )
