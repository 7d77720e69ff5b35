"""What conditions answer: true, false or unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Telemetry
from rules.compile import function_of
from rules.expression import Moment
from rules.memory import DeviceMemory, LastReading
from rules.terms import Answer, Both, Either, Opposite, PointValue, Term
from tests.unit.rules.judged import T0, Said, answer, answer_at, said

LOGIC = st.sampled_from([True, False, None])


def said_of(flags: dict[str, bool]) -> Moment:
    points = {name: LastReading(flag, Quality.GOOD, T0, T0, T0) for name, flag in flags.items()}
    return Moment(at=T0, points=points, windows={}, params={}, silent=None)


A, B = PointValue("in.door", "flag"), PointValue("in.di1", "flag")


def asked(term: Term, a: Answer, b: Answer = None) -> Answer:
    flags = {A.name: a, B.name: b}
    return function_of(term)(said_of({name: flag for name, flag in flags.items() if isinstance(flag, bool)}))


def both(a: Answer, b: Answer) -> Answer:
    return asked(Both(A, B), a, b)


def either(a: Answer, b: Answer) -> Answer:
    return asked(Either(A, B), a, b)


def opposite(a: Answer) -> Answer:
    return asked(Opposite(A), a)


@given(LOGIC, LOGIC)
def test_logic_follows_kleene(a: bool | None, b: bool | None) -> None:
    order: dict[Answer, int] = {False: 0, None: 1, True: 2}
    assert order[both(a, b)] == min(order[a], order[b])
    assert order[either(a, b)] == max(order[a], order[b])
    assert opposite(both(a, b)) == either(opposite(a), opposite(b))


@given(LOGIC, LOGIC)
def test_learning_more_never_turns_an_answer_round(a: bool | None, b: bool | None) -> None:
    for known in (True, False):
        for question in (both, either):
            before, after = question(None, b), question(known, b)
            assert before is None or before == after
    assert opposite(opposite(a)) is a


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("temp.control > limit", True),
        ("temp.control - 2 * 3 == -16", True),
        ("-temp.control >= 10.5", False),
        ("temp.control / 0 > 1", None),
        ("temp.control / (out.temp_of_nothing) > 1", None),
        ("state.mode == cooling and out.compressor", True),
        ("state.mode != cooling", False),
        ("out.compressor == false", False),
        ("temp.air_on > 1", None),
        ("temp.air_on > 1 or out.compressor", True),
        ("temp.air_on > 1 and not out.compressor", False),
        ("quality(temp.control) == good", True),
        ("quality(temp.air_on) == good", None),
        ("silent()", False),
    ],
)
def test_it_answers(text: str, expected: bool | None) -> None:
    text = text.replace("(out.temp_of_nothing)", "(temp.control + 10)")
    assert answer(text, said(0, temp_control=-10.0, state_mode="cooling", out_compressor=True)) is expected


@pytest.mark.parametrize("value", [True, "warm", Quality.PROBE_FAULT, Quality.REFUSED])
def test_it_decides_nothing_by_a_value_that_is_none(value: Said) -> None:
    assert answer("temp.control > 0", said(0, temp_control=5.0), said(1, temp_control=value)) is None


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_breaks_it(a: float, b: float) -> None:
    told = said(0, temp_control=a, temp_air_on=b)
    for operator in "+-*/":
        assert answer(f"temp.control {operator} temp.air_on > 0", told) in {True, False, None}


def test_a_value_stands_for_twenty_minutes() -> None:
    told = said(0, temp_control=5.0)
    assert answer_at(20, "temp.control > 0", told) is True
    assert answer_at(20.1, "temp.control > 0", told) is None
    assert answer_at(20.1, "quality(temp.control) == good", told) is None


def test_a_late_reading_does_not_replace_a_newer_one() -> None:
    assert answer("temp.control > 0", said(5, temp_control=5.0), said(1, temp_control=-5.0)) is True


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([said(0, temp_control=Quality.NO_ANSWER)], True),
        ([said(0, temp_control=5.0), said(1, temp_control=Quality.BUS_DOWN)], True),
        ([said(0, temp_control=Quality.NO_ANSWER, temp_air_on=5.0)], False),
        ([said(0, temp_control=Quality.NO_ANSWER), said(1, temp_control=Quality.REFUSED)], False),
        ([said(0, temp_control=Quality.NO_ANSWER), said(1)], True),
        ([said(0, temp_control=5.0), said(1)], False),
        ([said(0)], None),
    ],
)
def test_a_device_is_silent_while_all_that_comes_is_that_it_cannot_be_reached(
    told: list[Telemetry], expected: bool | None
) -> None:
    assert answer("silent()", *told) is expected


def test_quality_speaks_of_the_point_and_not_of_the_line() -> None:
    assert answer("quality(temp.control) == probe_fault", said(0, temp_control=Quality.PROBE_FAULT)) is True
    assert answer("quality(temp.control) == probe_fault", said(0, temp_control=Quality.NO_ANSWER)) is None


def flags(*values: Said | None, every: float = 10) -> list[Telemetry]:
    return [said(n * every, defrost_active=value) for n, value in enumerate(values) if value is not None]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (flags(True, True, True, True), True),
        (flags(True, True, True), False),
        (flags(True, False, True, True), False),
        (flags(True, Quality.NO_ANSWER, True, True), True),
        (flags(True, True, True, Quality.NO_ANSWER), None),
        (flags(True, None, None, True), False),
        (flags(False), False),
    ],
)
def test_held_asks_for_one_unbroken_run(told: list[Telemetry], expected: bool | None) -> None:
    assert answer("held(defrost.active, 30m)", *told) is expected


def test_an_empty_memory_knows_nothing() -> None:
    assert DeviceMemory().points == {}
    assert answer("temp.control > 0") is None
