"""Raw words of a controller → readings; every doubt becomes a quality, never a number."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from edge_agent.contract.readings import Quality, Reading, Value
from edge_agent.core.profile import Derived, Point, Profile, WordType

Raw = tuple[int, ...] | Quality
"""What a request brought for one point: its words (or its bit, as 0 or 1) as they stood on the wire, or why not."""

_SIGNED = {WordType.I16: 1 << 16, WordType.I32: 1 << 32}


def decode(profile: Profile, raw: Mapping[str, Raw], known: Mapping[str, Value] | None = None) -> tuple[Reading, ...]:
    """Readings of the points in `raw`, by name, and of the flags derived from them.

    `known` are values of earlier polls: a probe alarm that was not asked this time still counts.
    """
    asked = {name: _reading(profile.points[name], answer) for name, answer in raw.items()}
    readings = {
        name: _judge_probe(profile.points[name], reading, asked, known or {}) for name, reading in asked.items()
    }
    derived = (_derive(rule, readings[rule.source]) for rule in profile.derived.values() if rule.source in readings)
    return (*readings.values(), *derived)


def value_of(point: Point, words: Sequence[int]) -> Reading:
    """One point by itself; `words` as on the wire, `point.type.words` of them (a coil is one word, 0 or 1).

    A sentinel is a probe fault; what is not finite, outside the point's range or no word of its enumeration is out of
    range.
    """
    ordered = tuple(reversed(words)) if point.low_word_first else tuple(words)
    if _unsigned(ordered) in point.sentinels:
        return Reading(point=point.name, value=None, quality=Quality.PROBE_FAULT)
    value = _value(point, ordered)
    if value is None:
        return Reading(point=point.name, value=None, quality=Quality.OUT_OF_RANGE)
    return Reading(point=point.name, value=value)


def _reading(point: Point, answer: Raw) -> Reading:
    if isinstance(answer, Quality):
        return Reading(point=point.name, value=None, quality=answer)
    return value_of(point, answer)


def _value(point: Point, words: tuple[int, ...]) -> Value | None:
    if point.type is WordType.FLAG:
        return _flag(point, words[0])
    if point.words:
        return point.words.get(int(_number(point, words)))
    number = _scaled(point, _number(point, words))
    below = point.low is not None and number < point.low
    above = point.high is not None and number > point.high
    return None if below or above or not math.isfinite(number) else number


def _flag(point: Point, word: int) -> bool | None:
    if point.address.bit is not None:
        return bool(word >> point.address.bit & 1)
    return bool(word) if word in {0, 1} else None


def _number(point: Point, words: tuple[int, ...]) -> float:
    if point.type is WordType.F32:
        return _shortest_f32(words)
    raw = _unsigned(words)
    span = _SIGNED.get(point.type, 0)
    return raw - span if raw >= span // 2 and span else raw


def _scaled(point: Point, number: float) -> float:
    """Rounded to the decimals that scale and offset can make, so that -201 × 0.1 is -20.1 and not -20.1000…01."""
    scaled = number * point.scale + point.offset
    if point.type is WordType.F32 or not math.isfinite(scaled):
        return scaled + 0.0
    return round(scaled, max(_decimals(point.scale), _decimals(point.offset))) + 0.0


@lru_cache(maxsize=256)
def _decimals(factor: float) -> int:
    exponent = Decimal(repr(factor)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _shortest_f32(words: tuple[int, ...]) -> float:
    """The number with the fewest digits that is the same single-precision float: 230.1, not 230.10000610351562."""
    packed = struct.pack(">2H", *words)
    (exact,) = struct.unpack(">f", packed)
    if not math.isfinite(exact):
        return float(exact)
    candidates = (float(f"{exact:.{digits}g}") for digits in range(6, 9))
    return next((number for number in candidates if _packs_to(number, packed)), float(exact))


def _packs_to(number: float, packed: bytes) -> bool:
    try:
        return struct.pack(">f", number) == packed
    except OverflowError:
        return False


def _unsigned(words: Sequence[int]) -> int:
    number = 0
    for word in words:
        number = number << 16 | word
    return number


def _judge_probe(point: Point, reading: Reading, asked: Mapping[str, Reading], known: Mapping[str, Value]) -> Reading:
    """Takes the value away when a probe alarm is set, or when the alarm was asked and nobody knows its answer."""
    if reading.quality not in {Quality.GOOD, Quality.OUT_OF_RANGE}:
        return reading
    flags = [asked.get(name) or Reading(point=name, value=known.get(name)) for name in point.bad_when]
    if any(flag.value is True for flag in flags):
        return replace(reading, value=None, quality=Quality.PROBE_FAULT)
    unread = [flag.quality for flag in flags if flag.quality not in {Quality.GOOD, Quality.REFUSED}]
    return replace(reading, value=None, quality=unread[0]) if unread and reading.value is not None else reading


def _derive(rule: Derived, source: Reading) -> Reading:
    if source.value is None:
        return Reading(point=rule.name, value=None, quality=source.quality)
    return Reading(point=rule.name, value=source.value in rule.one_of)
