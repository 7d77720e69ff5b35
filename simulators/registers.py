"""What a plant says → the words of a real controller's register map.

Only those addresses exist that the profile has as a point, in a run proven to be readable, or in a capture.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from edge_agent.core.profile import Point, Profile, Table, WordType

_LIMITS = {
    WordType.I16: (-(1 << 15), (1 << 15) - 1),
    WordType.U16: (0, (1 << 16) - 1),
    WordType.I32: (-(1 << 31), (1 << 31) - 1),
    WordType.U32: (0, (1 << 32) - 1),
}
_READ_FUNCTION = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
_WRITE_FUNCTIONS = {Table.COIL: frozenset({5, 15}), Table.HOLDING: frozenset({6, 16})}
_USUAL = {"idle": 11}  # where several numbers share a word: an EKC at rest mostly shows S11, thermostat cut-out
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

    A point that is one bit of a register gives that register with its other bits clear.
    """
    raw = _raw(point, value)
    if point.address.bit is not None:
        return (int(bool(raw)) << point.address.bit,)
    if point.type is WordType.FLAG:
        return (int(bool(raw)),)
    if point.type is WordType.F32:
        words = struct.unpack(">HH", struct.pack(">f", raw))
    else:
        words = _integer_words(point, round(raw))
    return tuple(reversed(words)) if point.low_word_first else words


def image_of(profile: Profile, values: Mapping[str, Value]) -> Image:
    """Raises KeyError where the plant says nothing of a point that the profile has, and DoesNotFit."""
    points = profile.points.values()
    reads = _reads(profile)
    return Image(
        words=_tables(_ground(profile, reads), ((point, words_of(point, values[point.name])) for point in points)),
        reads=reads,
        writes=_writes(profile),
        settable={
            (point.address.table, point.address.number): point
            for point in points
            if point.name in _SETTABLE.get(profile.device_class, ())
        },
    )


def _raw(point: Point, value: Value) -> float:
    if not isinstance(value, str):
        return (value - point.offset) / point.scale
    numbers = [raw for raw, word in point.words.items() if word == value]
    if not numbers:
        raise DoesNotFit(f"{point.name}: the controller has no word {value!r}")
    usual = _USUAL.get(value)
    return usual if usual in numbers else numbers[0]


def _integer_words(point: Point, raw: int) -> tuple[int, ...]:
    low, high = _LIMITS[point.type]
    if not low <= raw <= high:
        raise DoesNotFit(f"{point.name}: raw {raw} is outside {low}..{high}")
    if point.type.words == 1:
        return (raw & 0xFFFF,)
    return (raw >> 16 & 0xFFFF, raw & 0xFFFF)


def _ground(profile: Profile, reads: Mapping[int, Table]) -> dict[Table, dict[int, int]]:
    """The addresses beside the points: proven runs, which read 0, and what a real unit was seen to answer."""
    tables: dict[Table, dict[int, int]] = {}
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
    tables = {point.address.table for point in profile.points.values()}
    reads = {_READ_FUNCTION[table]: table for table in tables}
    if profile.id.startswith("danfoss_") and Table.HOLDING in tables:
        reads[4] = Table.HOLDING  # bench dump of an EKC 202: both functions give the same registers
    return reads


def _writes(profile: Profile) -> frozenset[int]:
    settable = _SETTABLE.get(profile.device_class, frozenset())
    tables = {point.address.table for name, point in profile.points.items() if name in settable}
    return frozenset().union(*(_WRITE_FUNCTIONS.get(table, frozenset()) for table in tables))
