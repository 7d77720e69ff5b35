"""Every way that register maps put a number, a flag or a word into registers."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality
from edge_agent.core.decode import Raw, decode, value_of
from edge_agent.core.profile import Address, Point, Table, TextType, WordType
from edge_agent.profiles.load import profile, shipped_profiles
from tests.unit.edge_agent.points import flag, point

WORD = st.integers(0, 0xFFFF)
KINDS = st.sampled_from([*WordType, TextType(1), TextType(2, 1), TextType(6)])


def bits(first: int, last: int, **settings: Any) -> Point:
    address = Address(table=Table.HOLDING, number=0, bit=first, last_bit=last)
    return Point(name="fan", address=address, type=WordType.U16, **settings)


def text(words: int, chars: int = 2, **settings: Any) -> Point:
    return point(type=TextType(words, chars), **settings)


@pytest.mark.parametrize(
    ("settings", "words", "expected"),
    [
        (point(type=WordType.U8), (0x12FE,), 254.0),
        (point(type=WordType.I8), (0x12FE,), -2.0),
        (point(type=WordType.SM16, scale=0.1), (0x8032,), -5.0),
        (point(type=WordType.SM16, scale=0.1), (0x0032,), 5.0),
        (point(type=WordType.SM16), (0x8000,), 0.0),
        (point(type=WordType.BCD), (0x2359,), 2359.0),
        (point(type=WordType.BCD32), (0x0012, 0x3456), 123456.0),
        (point(type=WordType.HHMM), (0x1730,), 23 * 60 + 48.0),
        (point(type=WordType.I64, scale=0.001), (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE), -0.002),
        (point(type=WordType.U64, scale=0.01), (0, 0, 1, 0xE240), 1234.56),
        (point(type=WordType.U64, low_word_first=True), (2, 1, 0, 0), 65538.0),
        (point(type=WordType.U32, low_byte_first=True), (0x0100, 0x0200), 65538.0),
        (point(type=WordType.U32, low_byte_first=True, low_word_first=True), (0x0200, 0x0100), 65538.0),
        (point(type=WordType.F32, scale=1000.0), (0x4090, 0), 4500.0),
        (bits(8, 11), (0xF3FF,), 3.0),
        (bits(8, 11, words={3: "drip"}), (0xF3FF,), "drip"),
        (bits(8, 11, words={3: "drip"}), (0xF9FF,), "other(9)"),
        (point(type=WordType.U16, words={14: "defrost"}), (46,), "other(46)"),
        (point(type=WordType.I16, words={-1: "service"}), (0xFFFF,), "service"),
        (flag("x", inverted=True), (0,), True),
        (flag("x", inverted=True, bit=3), (0b1000,), False),
        (text(2), (0x5534, 0x0000), "U4"),
        (text(3, 1), (77, 68, 0), "MD"),
        (text(2, low_byte_first=True), (0x3455, 0x2020), "U4"),
    ],
)
def test_it_reads_every_type(settings: Point, words: tuple[int, ...], expected: object) -> None:
    assert value_of(settings, words).value == expected


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (point(type=WordType.BCD), (0x23A9,)),
        (point(type=WordType.HHMM), (0x1800,)),
        (point(type=WordType.HHMM), (0x053C,)),
        (text(1), (0x0741,)),
        (flag("x", inverted=True), (2,)),
        (bits(0, 3, words={1: "heat"}, high=7.0), (9,)),
    ],
)
def test_what_is_no_value_of_its_type_is_out_of_range(settings: Point, words: tuple[int, ...]) -> None:
    assert value_of(settings, words).quality is Quality.OUT_OF_RANGE


def test_a_sentinel_is_the_whole_register_also_for_some_bits_and_for_text() -> None:
    assert value_of(bits(8, 11, sentinels=frozenset({0xFFFF})), (0xFFFF,)).quality is Quality.PROBE_FAULT
    assert value_of(text(2, sentinels=frozenset({0xFFFFFFFF})), (0xFFFF, 0xFFFF)).quality is Quality.PROBE_FAULT


@given(
    st.data(),
    KINDS,
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_any_words_of_any_type_give_a_finite_value_or_a_reason(
    data: st.DataObject,
    kind: WordType | TextType,
    scale: float,
    offset: float,
    factor: float,
    order: tuple[bool, bool, bool],
) -> None:
    words = data.draw(st.tuples(*[WORD] * kind.words))
    settings = point(
        type=kind, scale=scale, offset=offset, low_word_first=order[0], low_byte_first=order[1], inverted=order[2]
    )
    found = value_of(settings, words, factor)
    assert (found.value is None) == (found.quality is not Quality.GOOD)
    assert not isinstance(found.value, float) or math.isfinite(found.value)


@given(st.data(), st.sampled_from(sorted(shipped_profiles())))
def test_any_answer_of_any_shipped_controller_gives_finite_values_or_reasons(data: st.DataObject, name: str) -> None:
    known = profile(name)
    raw: dict[str, Raw] = {
        each.name: data.draw(st.sampled_from([Quality.NO_ANSWER, Quality.REFUSED]))
        if data.draw(st.integers(0, 9)) == 0
        else struct.unpack(f">{each.type.words}H", data.draw(st.binary(min_size=size, max_size=size)))
        for each, size in ((each, 2 * each.type.words) for each in known.points.values())
    }
    for reading in decode(known, raw):
        assert (reading.value is None) == (reading.quality is not Quality.GOOD)
        assert not isinstance(reading.value, float) or math.isfinite(reading.value)
