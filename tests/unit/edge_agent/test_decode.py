"""Raw words become readings that are true, or say why they have no value."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Reading
from edge_agent.core.decode import _MOST_MEANINGS, Raw, _book_of, decode, value_of
from edge_agent.core.profile import Point, WordType
from tests.unit.edge_agent.points import CASE, flag, point, profile_of

WORD = st.integers(0, 0xFFFF)


def value(settings: Point, *words: int) -> object:
    return value_of(settings, words).value


def by_name(raw: dict[str, Raw], known: dict[str, bool] | None = None) -> dict[str, Reading]:
    return {reading.point: reading for reading in decode(CASE, raw, dict(known or {}))}


@pytest.mark.parametrize(
    ("settings", "words", "expected"),
    [
        (point(scale=0.1), (65335,), -20.1),
        (point(scale=0.1), (152,), 15.2),
        (point(scale=0.01), (287,), 2.87),
        (point(scale=0.1, offset=-0.05), (1,), 0.05),
        (point(type=WordType.U16), (65535,), 65535.0),
        (point(type=WordType.I32), (0xFFFF, 0xFFFE), -2.0),
        (point(type=WordType.U32, low_word_first=True), (0x0001, 0x0002), 131073.0),
        (point(type=WordType.F32), (0x4366, 0x199A), 230.1),
        (point(type=WordType.F32, low_word_first=True), (0x199A, 0x4366), 230.1),
        (point(type=WordType.U16, words={14: "defrost"}), (14,), "defrost"),
        (flag("x"), (1,), True),
        (flag("x", bit=5), (0b100000,), True),
        (flag("x", bit=0), (0b100000,), False),
    ],
)
def test_it_reads_every_type(settings: Point, words: tuple[int, ...], expected: object) -> None:
    found = value(settings, *words)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("settings", "words", "quality"),
    [
        (point(sentinels=frozenset({0x8000})), (0x8000,), Quality.PROBE_FAULT),
        (point(scale=0.1, sentinels=frozenset({0xFFFF}), low=-60.0), (0xFFFF,), Quality.PROBE_FAULT),
        (point(scale=0.1, low=-60.0, high=60.0), (0x7FFF,), Quality.OUT_OF_RANGE),
        (point(scale=0.1, low=-60.0, high=60.0), (0x8000,), Quality.OUT_OF_RANGE),
        (point(type=WordType.U16, words={14: "defrost"}, high=50.0), (99,), Quality.OUT_OF_RANGE),
        (flag("x"), (287,), Quality.OUT_OF_RANGE),
        (point(type=WordType.F32), (0x7FC0, 0), Quality.OUT_OF_RANGE),
        (point(type=WordType.F32), (0xFF80, 0), Quality.OUT_OF_RANGE),
    ],
)
def test_it_has_no_value_where_there_is_doubt(settings: Point, words: tuple[int, ...], quality: Quality) -> None:
    assert value_of(settings, words) == Reading(point=settings.name, value=None, quality=quality)


@given(st.tuples(*[WORD] * 4), st.sampled_from(WordType), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6), st.booleans())
def test_it_never_gives_a_number_that_is_none(
    words: tuple[int, ...], kind: WordType, scale: float, offset: float, low_first: bool
) -> None:
    settings = point(type=kind, scale=scale, offset=offset, low_word_first=low_first)
    found = value_of(settings, words[: kind.words])
    assert (found.value is None) == (found.quality is not Quality.GOOD)
    assert not isinstance(found.value, float) or math.isfinite(found.value)


@given(st.integers(-0x8000, 0x7FFF), st.sampled_from([1.0, 0.1, 0.01, 0.001, 0.5, 10.0]))
def test_it_gives_the_raw_word_back(raw: int, scale: float) -> None:
    found = value_of(point(scale=scale), (raw & 0xFFFF,)).value
    assert isinstance(found, float)
    assert round(found / scale) == raw


@given(st.integers(-0x8000, 0x7FFF))
def test_tenths_print_with_one_digit(raw: int) -> None:
    assert len(str(value(point(scale=0.1), raw & 0xFFFF)).split(".")[1]) == 1


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_it_keeps_a_float_exactly(number: float) -> None:
    packed = struct.pack(">f", number)
    found = value(point(type=WordType.F32), *struct.unpack(">2H", packed))
    assert isinstance(found, float)
    assert found == number or struct.pack(">f", found) == packed


def test_a_probe_alarm_takes_the_value_away() -> None:
    readings = by_name({"temp.control": (65336,), "alarm.probe_control": (1,)})
    assert readings["temp.control"].quality is Quality.PROBE_FAULT
    assert readings["alarm.probe_control"].value is True


def test_a_probe_alarm_explains_a_value_out_of_range() -> None:
    readings = decode(
        CASE.without(frozenset()),
        {"state.mode": (99,), "alarm.probe_control": (1,), "temp.control": (0x8000,)},
    )
    assert {reading.point: reading.quality for reading in readings}["temp.control"] is Quality.PROBE_FAULT


def test_a_probe_alarm_of_an_earlier_poll_still_counts() -> None:
    assert by_name({"temp.control": (0,)}, {"alarm.probe_control": True})["temp.control"].value is None
    assert by_name({"temp.control": (0,)}, {"alarm.probe_control": False})["temp.control"].value == 0.0


def test_a_value_is_not_believed_while_its_probe_alarm_is_not_known() -> None:
    readings = by_name({"temp.control": (0,), "alarm.probe_control": Quality.NO_ANSWER})
    assert readings["temp.control"] == Reading(point="temp.control", value=None, quality=Quality.NO_ANSWER)


def test_a_model_without_the_alarm_register_is_believed() -> None:
    readings = by_name({"temp.control": (0,), "alarm.probe_control": Quality.REFUSED})
    assert readings["temp.control"].value == 0.0


def test_a_derived_flag_follows_its_source() -> None:
    assert by_name({"state.mode": (14,)})["defrost.active"].value is True
    assert by_name({"state.mode": (0,)})["defrost.active"].value is False
    assert by_name({"state.mode": Quality.BUS_DOWN})["defrost.active"].quality is Quality.BUS_DOWN
    assert "defrost.active" not in by_name({"temp.control": (0,)})


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=300))
def test_an_answer_means_the_same_each_time_however_many_others_came_between(words: list[int]) -> None:
    settings = point(scale=0.1, sentinels=frozenset({0x8000}), low=-50.0, high=80.0)
    profile = profile_of(settings)
    for word in (*words, *words):
        assert decode(profile, {settings.name: (word,)}) == (value_of(settings, (word,)),)


def test_what_answers_mean_is_forgotten_before_it_is_too_much() -> None:
    profile = profile_of(point("word"), point("meter", type=WordType.U32))
    for number in range(3 * _MOST_MEANINGS):
        decode(profile, {"word": (number,), "meter": (1, number)})
    meanings = _book_of(profile).meanings
    assert 0 < len(meanings["word"]) <= _MOST_MEANINGS
    assert not meanings["meter"]
