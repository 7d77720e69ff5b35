"""The clock beside head office's: whatever it does, what was stamped by it is set right, and its error is told."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.contract.codec import TelemetryWire, encode_body
from edge_agent.contract.readings import ClockHealth, Telemetry
from edge_agent.core.restamp import restamped
from edge_agent.core.trust import Machine, Reference
from edge_agent.timekeeper import Timekeeper
from tests.unit.edge_agent.bodies import entries_of_bodies, status
from tests.unit.edge_agent.couriers import NOON, Hours, poll_at

HOUR = 3600.0
DAY = 24 * HOUR
TO_1970 = datetime(1970, 1, 2, tzinfo=UTC).timestamp() - NOON.timestamp()


@pytest.fixture
def hours() -> Hours:
    return Hours()


def sent(keeper: Timekeeper, *bodies: bytes) -> list[Telemetry]:
    """As head office reads them."""
    told = entries_of_bodies([keeper.restamped(body) for body in bodies])
    return [body for body in told if isinstance(body, Telemetry)]


@pytest.mark.parametrize("wrong_by", [TO_1970, DAY, -DAY, 8 * HOUR, -8 * HOUR, HOUR, 121.0])
def test_a_wrong_clock_loses_nothing_and_dates_nothing_wrongly(hours: Hours, wrong_by: float) -> None:
    """Booted in 1970, set to another day, the local time written into UTC, a change of summer time taken for one."""
    hours.wrong_by = wrong_by
    keeper = Timekeeper(hours.clock(), "machine.run")
    bodies, taken = [], []
    for _ in range(50):
        bodies.append(encode_body(poll_at(hours)))
        taken.append(hours.true())
        hours.now += 10
    keeper.hear(hours.true(), hours.now)
    polls = sent(keeper, *bodies)
    assert [poll.at for poll in polls] == taken
    assert all(poll.repaired and poll.clock_trusted for poll in polls)


def test_a_clock_that_jumps_while_it_runs_keeps_the_order(hours: Hours) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    bodies, taken = [], []
    for wrong_by in (0.0, DAY, -DAY, 0.0, TO_1970, 0.5):
        hours.wrong_by = wrong_by
        for _ in range(5):
            bodies.append(encode_body(poll_at(hours)))
            taken.append(hours.true())
            hours.now += 10
    keeper.hear(hours.true(), hours.now)
    polls = sent(keeper, *bodies)
    assert [poll.at for poll in polls][:-5] == taken[:-5]
    assert [poll.repaired for poll in polls] == [False] * 5 + [True] * 10 + [False] * 5 + [True] * 5 + [False] * 5


def test_a_clock_that_drifts_is_never_more_than_two_minutes_off(hours: Hours) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    for day in range(30):
        hours.now, hours.wrong_by = day * DAY, day * 20.0
        keeper.hear(hours.true(), hours.now)
        (poll,) = sent(keeper, encode_body(poll_at(hours)))
        assert abs(poll.at - hours.true()) <= timedelta(minutes=2)


def test_only_the_time_of_a_body_is_changed(hours: Hours) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    keeper.hear(hours.true() + timedelta(days=1), hours.now)
    body = encode_body(poll_at(hours))
    other = keeper.restamped(body)
    assert other != body
    assert {field for field in TelemetryWire.__struct_fields__ if f'"{field}"'.encode() not in other} == set()
    assert keeper.restamped(encode_body(status())) == encode_body(status())
    assert keeper.restamped(b"no body") == b"no body"


def test_head_office_hears_how_far_the_clock_is_off(hours: Hours, caplog: pytest.LogCaptureFixture) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    assert keeper.health() == ClockHealth(trusted=True, ahead_s=None)
    hours.wrong_by = DAY
    assert keeper.trusted()
    with caplog.at_level(logging.WARNING):
        keeper.hear(hours.true(), hours.now)
        keeper.hear(hours.true(), hours.now)
    assert keeper.health() == ClockHealth(trusted=False, ahead_s=DAY)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("asked", [-121.0, None])
def test_a_word_that_was_under_way_for_long_or_answers_nothing_is_no_reference(
    hours: Hours, asked: float | None
) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    keeper.hear(hours.true() - timedelta(seconds=130), asked)
    assert keeper.health().ahead_s is None
    keeper.hear(hours.true() - timedelta(seconds=110), -119.0)
    assert keeper.trusted()


def test_it_counts_how_often_the_clock_was_set(hours: Hours) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    hours.now += 1000
    assert not keeper.was_set()
    hours.wrong_by = -DAY
    assert keeper.was_set()
    assert not keeper.was_set()
    assert keeper.health().steps == 1


def test_how_young_a_body_is_does_not_depend_on_a_wrong_clock(hours: Hours) -> None:
    hours.wrong_by = TO_1970
    keeper = Timekeeper(hours.clock(), "machine.run")
    body = encode_body(poll_at(hours))
    hours.now += HOUR
    hours.wrong_by = 0.0
    assert keeper.is_younger(body, timedelta(hours=1)) is True
    assert keeper.is_younger(body, timedelta(minutes=59)) is False
    assert keeper.is_younger(encode_body(status()), timedelta(hours=1)) is None


@pytest.mark.parametrize("mono", [1e18, -1e18, 1e300])
def test_a_stamp_beyond_all_calendars_is_left_to_head_office(hours: Hours, mono: float) -> None:
    keeper = Timekeeper(hours.clock(), "machine.run")
    keeper.hear(hours.true(), hours.now)
    body = encode_body(poll_at(hours)).replace(b'"mono":0.0', f'"mono":{mono!r}'.encode())
    assert keeper.restamped(body) == body
    assert keeper.is_younger(body, timedelta(hours=1)) is None


def test_a_body_in_words_of_another_version_leaves_as_it_is() -> None:
    """It has to be repaired and cannot be read: head office may, and what comes after it must not wait for ever."""
    machine = Machine(boot="b.1", reference=Reference(at=datetime(2026, 7, 15, tzinfo=UTC), mono=100.0))
    body = b'{"kind":"telemetry","device":"d","at":0,"boot":"b.2","mono":50.0,"trusted":true,"bad":{"t":"haunted"}}'
    assert restamped(body, machine) == body
