"""Head office hears of what changed, and from time to time of what did not."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Reading
from edge_agent.core.report import Memory, report
from tests.unit.edge_agent.points import CASE

EVERY = timedelta(minutes=5)


def temperature(value: float | None, quality: Quality = Quality.GOOD) -> Reading:
    return Reading(point="temp.control", value=value, quality=quality if value is None else Quality.GOOD)


def sent(*steps: tuple[float, Reading]) -> list[Reading]:
    memory: Memory = {}
    told: list[Reading] = []
    for mono, reading in steps:
        found = report(CASE, memory, [reading], mono, EVERY)
        memory |= found.told
        told += found.readings
    return told


def test_the_first_reading_is_sent() -> None:
    assert sent((0.0, temperature(-20.0))) == [temperature(-20.0)]


def test_what_stays_within_the_dead_band_is_not() -> None:
    assert len(sent((0.0, temperature(-20.0)), (10.0, temperature(-20.05)), (20.0, temperature(-19.95)))) == 1


def test_a_move_by_exactly_the_dead_band_is_sent() -> None:
    assert len(sent((0.0, temperature(2.2)), (10.0, temperature(2.3)))) == 2


def test_a_slow_drift_is_seen_against_what_was_sent() -> None:
    drift = [(10.0 * step, temperature(step * 0.03)) for step in range(8)]
    assert [reading.value for reading in sent(*drift)] == [0.0, 0.12]


def test_a_change_of_quality_is_sent_once() -> None:
    lost = temperature(None, Quality.NO_ANSWER)
    assert sent((0.0, temperature(1.0)), (10.0, lost), (20.0, lost)) == [temperature(1.0), lost]


def test_an_unchanged_reading_is_sent_again_after_a_while() -> None:
    lost = temperature(None, Quality.NO_ANSWER)
    assert len(sent((0.0, lost), (299.0, lost), (300.0, lost), (301.0, lost))) == 2


def test_a_flag_and_a_word_move_when_they_are_another() -> None:
    on, off = (Reading(point="alarm.probe_control", value=value) for value in (True, False))
    assert sent((0.0, off), (1.0, off), (2.0, on)) == [off, on]
    cooling, defrost = (Reading(point="state.mode", value=value) for value in ("cooling", "defrost"))
    assert sent((0.0, cooling), (1.0, cooling), (2.0, defrost)) == [cooling, defrost]


def test_a_number_that_is_only_derived_has_no_dead_band() -> None:
    total = [Reading(point="power.total", value=value) for value in (1.0, 1.0, 1.01)]
    assert sent(*((10.0 * step, reading) for step, reading in enumerate(total))) == [total[0], total[2]]


@given(st.lists(st.floats(-40, 40), min_size=1, max_size=50))
def test_head_office_is_never_a_dead_band_behind(values: list[float]) -> None:
    memory: Memory = {}
    for step, value in enumerate(values):
        memory |= report(CASE, memory, [temperature(value)], step * 10.0, EVERY).told
        told = memory["temp.control"][0].value
        assert isinstance(told, float)
        assert abs(told - value) < 0.1
