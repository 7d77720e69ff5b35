"""What a plant says → the words of a real controller's register map.

Only those addresses exist that the profile has as a point, in a run proven to be readable, or in a capture.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from edge_agent.core.numbers import ordered
from edge_agent.core.profile import Point, Profile, Table, TextType, WordType

_LIMITS = {
    WordType.U8: (0, (1 << 8) - 1),
    WordType.I8: (-(1 << 7), (1 << 7) - 1),
    WordType.I16: (-(1 << 15), (1 << 15) - 1),
    WordType.U16: (0, (1 << 16) - 1),
    WordType.I32: (-(1 << 31), (1 << 31) - 1),
    WordType.U32: (0, (1 << 32) - 1),
    WordType.I64: (-(1 << 63), (1 << 63) - 1),
    WordType.U64: (0, (1 << 64) - 1),
    WordType.SM16: (-(1 << 15) + 1, (1 << 15) - 1),
    WordType.BCD: (0, 9999),
    WordType.BCD32: (0, 99999999),
    WordType.HHMM: (0, 24 * 60 - 1),
}
_READ_FUNCTION = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
_WRITE_FUNCTIONS = {Table.COIL: frozenset({5, 15}), Table.HOLDING: frozenset({6, 16})}
_USUAL = {"idle": 11}  # where several numbers share a word: an EKC at rest mostly shows S11, thermostat cut-out
_OTHER = re.compile(r"other\((\d+)\)")
_SETTABLE = {
    "ac_unit": frozenset({"power", "mode", "fan", "sp"}),
    "relay_board": frozenset(f"out.relay{n}" for n in range(1, 9)),
}


class DoesNotFit(ValueError):
    """The point's register cannot hold that value: the plant has left the range of its controller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a controller would answer now. `reads` tells which function code reads which table; `settable` are the
    points that may be written, by address."""

    words: Mapping[Table, Mapping[int, int]]
    reads: Mapping[int, Table]
    writes: frozenset[int]
    settable: Mapping[tuple[Table, int], Point]


def words_of(point: Point, value: Value) -> tuple[int, ...]:
    """The words that decode to `value`, in the order of their addresses. Raises DoesNotFit.

    A point that is one bit or some bits of a register gives that register with its other bits clear.
    """
    if isinstance(point.type, TextType):
        words = _letters(point, point.type, str(value))
    elif point.type is WordType.FLAG:
        return (int(bool(value) is not point.inverted) << (point.address.bit or 0),)
    else:
        words = _number_words(point, point.type, _raw(point, value))
    return ordered(point, words)


def image_of(profile: Profile, values: Mapping[str, Value]) -> Image:
    """What the plant says nothing of stands at rest. Raises DoesNotFit."""
    return image_of_all([(profile, values)])


def image_of_all(units: Sequence[tuple[Profile, Mapping[str, Value]]]) -> Image:
    """One controller that speaks for several units, each with the map of its instance. Raises DoesNotFit."""
    reads = {code: table for profile, _ in units for code, table in _reads(profile).items()}
    words = [pair for profile, values in units for pair in _said(profile, values)]
    return Image(
        words=_tables(_ground([profile for profile, _ in units], reads), words),
        reads=reads,
        writes=frozenset().union(*(_writes(profile) for profile, _ in units)),
        settable={place: point for profile, _ in units for place, point in settable(profile).items()},
    )


def settable(profile: Profile) -> dict[tuple[Table, int], Point]:
    """The points that a master may set, by address."""
    return {
        (point.address.table, point.address.number): point
        for point in profile.points.values()
        if point.name in _SETTABLE.get(profile.device_class, ()) and point.address.bit is None
    }


def _said(profile: Profile, values: Mapping[str, Value]) -> Iterator[tuple[Point, tuple[int, ...]]]:
    for name, point in profile.points.items():
        yield point, words_of(point, values.get(name, _at_rest(point)))


def _at_rest(point: Point) -> Value:
    """No flag is set, nothing is measured: 0 or the lowest that the controller would tell."""
    if isinstance(point.type, TextType):
        return ""
    if point.type is WordType.FLAG:
        return False
    if point.words:
        return point.words[min(point.words)]
    lowest = 0.0 if point.low is None else max(0.0, point.low)
    return lowest if point.high is None else min(lowest, point.high)


def _raw(point: Point, value: Value) -> float:
    if not isinstance(value, str):
        return (value - point.offset) / point.scale
    numbers = [raw for raw, word in point.words.items() if word == value]
    if not numbers and (unknown := _OTHER.fullmatch(value)):
        return int(unknown[1])
    if not numbers:
        raise DoesNotFit(f"{point.name}: the controller has no word {value!r}")
    usual = _USUAL.get(value)
    return usual if usual in numbers else numbers[0]


def _number_words(point: Point, kind: WordType, raw: float) -> tuple[int, ...]:
    if kind is WordType.F32:
        try:
            return struct.unpack(">HH", struct.pack(">f", raw))
        except OverflowError as error:
            raise DoesNotFit(f"{point.name}: {raw} is no single-precision float") from error
    number = round(raw)
    low, high = _field_limits(point) or _LIMITS[kind]
    if not low <= number <= high:
        raise DoesNotFit(f"{point.name}: raw {number} is outside {low}..{high}")
    pattern = _pattern(kind, number) << (point.address.bit or 0)
    return tuple(pattern >> 16 * index & 0xFFFF for index in reversed(range(kind.words)))


def _field_limits(point: Point) -> tuple[int, int] | None:
    first, last = point.address.bit, point.address.last_bit
    return None if first is None or last is None else (0, (1 << last - first + 1) - 1)


def _pattern(kind: WordType, number: int) -> int:
    """The unsigned bits of a whole number in that type."""
    match kind:
        case WordType.U8 | WordType.I8:
            return number & 0xFF
        case WordType.SM16:
            return abs(number) | (0x8000 if number < 0 else 0)
        case WordType.BCD | WordType.BCD32:
            return int(str(number), 16)
        case WordType.HHMM:
            return number // 60 << 8 | number % 60
    return number & (1 << 16 * kind.words) - 1


def _letters(point: Point, kind: TextType, text: str) -> tuple[int, ...]:
    letters = text.encode("ascii", "replace")
    if len(letters) > kind.words * kind.chars:
        raise DoesNotFit(f"{point.name}: {text!r} is longer than {kind.words * kind.chars} characters")
    padded = letters.ljust(kind.words * kind.chars, b"\0")
    return tuple(int.from_bytes(padded[at : at + kind.chars], "big") for at in range(0, len(padded), kind.chars))


def _ground(profiles: Iterable[Profile], reads: Mapping[int, Table]) -> dict[Table, dict[int, int]]:
    """The addresses beside the points: proven runs, which read 0, and what a real unit was seen to answer."""
    tables: dict[Table, dict[int, int]] = {}
    for profile in profiles:
        for table, runs in profile.limits.runs.items():
            for first, last in runs:
                tables.setdefault(table, {}).update(dict.fromkeys(range(first, last + 1), 0))
        for capture in profile.evidence.captures:
            tables.setdefault(reads[_READ_FUNCTION[capture.table]], {}).update(capture.words)
    return tables


def _tables(
    ground: dict[Table, dict[int, int]], points: Iterable[tuple[Point, tuple[int, ...]]]
) -> dict[Table, dict[int, int]]:
    tables = {table: dict(words) for table, words in ground.items()}
    cleared: set[tuple[Table, int]] = set()
    for point, words in points:
        table = tables.setdefault(point.address.table, {})
        for number, word in enumerate(words, point.address.number):
            known = table.get(number, 0) if (point.address.table, number) in cleared else 0
            table[number] = known | word
            cleared.add((point.address.table, number))
    return tables


def _reads(profile: Profile) -> dict[int, Table]:
    """The usual function of each table that has points, and those by which this controller answers it besides."""
    tables = {point.address.table for point in profile.points.values()}
    usual = {_READ_FUNCTION[table]: table for table in tables}
    return {code: table for table, codes in profile.limits.functions.items() for code in codes} | usual


def _writes(profile: Profile) -> frozenset[int]:
    settable = _SETTABLE.get(profile.device_class, frozenset())
    tables = {point.address.table for name, point in profile.points.items() if name in settable}
    return frozenset().union(*(_WRITE_FUNCTIONS.get(table, frozenset()) for table in tables))
