"""Raw words of a controller → readings; every doubt becomes a quality, never a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from edge_agent.contract.readings import Quality, Reading, Value
from edge_agent.core.condition import other, seen
from edge_agent.core.derive import derive
from edge_agent.core.numbers import field_of, number_of, ordered, text_of, unsigned
from edge_agent.core.profile import Point, Profile, TextType, WordType
from edge_agent.core.sheet import OncePerProfile

Raw = tuple[int, ...] | Quality
"""What a request brought for one point: its words (or its bit, as 0 or 1) as they stood on the wire, or why not."""

_DOUBTED = {Quality.GOOD, Quality.OUT_OF_RANGE}

_MOST_MEANINGS = 100
"""Of each point: a temperature that is controlled moves among fewer."""


def decode(profile: Profile, raw: Mapping[str, Raw], known: Mapping[str, Value] | None = None) -> tuple[Reading, ...]:
    """Readings of the points in `raw`, by name, and of the points derived from them.

    `known` are values of earlier polls: a probe alarm or a transformer's ratio that was not asked this time still
    counts.
    """
    book, earlier, points = _book_of(profile), known or {}, profile.points
    meanings = book.meanings
    asked = {name: meanings[name][answer] for name, answer in raw.items()}
    for name in [name for name in raw if name in book.scaled] if book.scaled else ():
        asked[name] = _scaled_reading(points[name], raw[name], asked, earlier)
    judged = {name: _judge(points[name], asked[name], asked, earlier) for name in book.judged if name in asked}
    readings = {**asked, **judged} if judged else asked
    if not profile.derived:
        return tuple(readings.values())
    return (*readings.values(), *derive(profile.derived.values(), readings, earlier))


class _Meanings(dict[Raw, Reading]):
    """What each answer of one point means by itself: temperatures and flags come again and again in the same words.

    Meters count on for ever in several words, and each of their numbers is new: those are not kept.
    """

    def __init__(self, point: Point) -> None:
        super().__init__()
        self._point = point

    def __missing__(self, answer: Raw) -> Reading:
        found = _reading(self._point, answer)
        if isinstance(answer, Quality) or len(answer) == 1:
            if len(self) >= _MOST_MEANINGS:
                self.clear()
            self[answer] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """A profile as it is decoded: what its points' answers mean, and the points that need more than their own words."""

    meanings: dict[str, _Meanings]
    scaled: frozenset[str]
    judged: tuple[str, ...]


@OncePerProfile
def _book_of(profile: Profile) -> _Book:
    points = profile.points.values()
    return _Book(
        meanings={point.name: _Meanings(point) for point in points},
        scaled=frozenset(point.name for point in points if point.scale_from),
        judged=tuple(point.name for point in points if point.bad_when or point.doubts),
    )


def value_of(point: Point, words: Sequence[int], factor: float = 1.0) -> Reading:
    """One point by itself; `words` as on the wire, `point.type.words` of them (a coil is one word, 0 or 1).

    `factor` is the product of the points in `scale_from`. A sentinel is a probe fault; what is not finite, no number of
    its type or outside the point's range is out of range.
    """
    raw = words[0] if len(words) == 1 and not point.low_byte_first else unsigned(ordered(point, words))
    if point.sentinels and raw in point.sentinels:
        return Reading(point=point.name, value=None, quality=Quality.PROBE_FAULT)
    value = _value(point, raw, factor)
    if value is None:
        return Reading(point=point.name, value=None, quality=Quality.OUT_OF_RANGE)
    return Reading(point=point.name, value=value)


def _reading(point: Point, answer: Raw) -> Reading:
    if isinstance(answer, Quality):
        return Reading(point=point.name, value=None, quality=answer)
    return value_of(point, answer)


def _scaled_reading(point: Point, answer: Raw, asked: Mapping[str, Reading], known: Mapping[str, Value]) -> Reading:
    """A number whose scale another point tells has no value while that one has none."""
    if isinstance(answer, Quality):
        return Reading(point=point.name, value=None, quality=answer)
    factor = 1.0
    for name in point.scale_from:
        found = seen(name, asked, known)
        if found is None or not isinstance(found.value, float):
            quality = found.quality if found and found.value is None else Quality.NO_ANSWER
            return Reading(point=point.name, value=None, quality=quality)
        factor *= found.value
    return value_of(point, answer, factor)


def _value(point: Point, raw: int, factor: float) -> Value | None:
    kind = point.type
    if kind is WordType.FLAG:
        return _flag(point, raw)
    if isinstance(kind, TextType):
        return text_of(kind, [raw >> 16 * index & 0xFFFF for index in reversed(range(kind.words))])
    number = number_of(kind, raw if point.address.last_bit is None else field_of(point, raw))
    if number is None:
        return None
    if point.words:
        return point.words.get(int(number), other(int(number))) if _is_within(point, number) else None
    scaled = _scaled(point, number, factor)
    return scaled if math.isfinite(scaled) and _is_within(point, scaled) else None


def _is_within(point: Point, number: float) -> bool:
    return (point.low is None or number >= point.low) and (point.high is None or number <= point.high)


def _flag(point: Point, word: int) -> bool | None:
    if point.address.bit is not None:
        return bool(word >> point.address.bit & 1) is not point.inverted
    return bool(word) is not point.inverted if word in {0, 1} else None


def _scaled(point: Point, number: float, factor: float) -> float:
    """Rounded to the decimals that scale and offset can make, so that -201 × 0.1 is -20.1 and not -20.1000…01."""
    scale, offset = point.scale, point.offset
    scaled = number * scale * factor + offset
    if scale == factor == 1.0 and offset == 0.0:
        return scaled + 0.0
    if not math.isfinite(scaled):
        return scaled
    if point.type is WordType.F32:
        return float(f"{scaled:.8g}") + 0.0
    return round(scaled, _digits(scale, factor, offset)) + 0.0


@lru_cache(maxsize=1024)
def _digits(scale: float, factor: float, offset: float) -> int:
    return max(_decimals(scale) + _decimals(factor), _decimals(offset))


def _decimals(factor: float) -> int:
    exponent = Decimal(repr(factor)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _judge(point: Point, reading: Reading, asked: Mapping[str, Reading], known: Mapping[str, Value]) -> Reading:
    """Takes the value away when a probe alarm is set, when a doubt holds, or when the alarm was asked and nobody knows
    its answer."""
    if reading.quality not in _DOUBTED:
        return reading
    flags = [found for name in point.bad_when if (found := seen(name, asked, known))]
    if any(flag.value is True for flag in flags):
        return replace(reading, value=None, quality=Quality.PROBE_FAULT)
    for doubt in point.doubts:
        found = seen(doubt.when.point, asked, known)
        if found and found.value is not None and doubt.when.holds(found.value):
            return replace(reading, value=None, quality=doubt.quality)
        flags += [found] if found else []
    unread = [flag.quality for flag in flags if flag.quality not in {Quality.GOOD, Quality.REFUSED}]
    return replace(reading, value=None, quality=unread[0]) if unread and reading.value is not None else reading
