"""The notation of series in the tests of rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality
from rules.series import SeriesInvalid, parse_series, repeated


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("-20 4.5", [-20, 4.5]),
        ("-20x3", [-20, -20, -20]),
        ("-20+2x4", [-20, -18, -16, -14]),
        ("1-0.1x3", [1, 0.9, 0.8]),
        ("true falsex2", [True, False, False]),
        ("defrost cool_downx2", ["defrost", "cool_down", "cool_down"]),
        ("", []),
        ("1x0 2", [2]),
    ],
)
def test_it_reads_values(text: str, values: list[object]) -> None:
    assert [sample and sample.value for sample in parse_series(text)] == values


def test_it_reads_bad_readings_and_none() -> None:
    samples = parse_series("!probe_faultx2 _ !no_answer")
    assert [sample and sample.quality for sample in samples] == [
        Quality.PROBE_FAULT,
        Quality.PROBE_FAULT,
        None,
        Quality.NO_ANSWER,
    ]


@pytest.mark.parametrize("text", ["-", "1+", "!good", "!", "1x-1", "1,2", "__"])
def test_it_refuses_the_rest(text: str) -> None:
    with pytest.raises(SeriesInvalid):
        parse_series(text)


def test_it_refuses_a_test_without_end() -> None:
    with pytest.raises(SeriesInvalid, match="use at most 2000"):
        parse_series("1x9999")


def test_states_may_be_repeated() -> None:
    assert repeated("clear pendingx2 active") == ("clear", "pending", "pending", "active")


@given(st.text(alphabet="0123456789x+-_!. truefalsgodn"))
def test_it_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        samples = parse_series(text)
    except SeriesInvalid:
        samples = ()
    assert all(sample is None or (sample.value is None) == (sample.quality != "good") for sample in samples)
