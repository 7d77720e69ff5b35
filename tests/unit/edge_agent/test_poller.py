"""A turn on a bus: what is due is asked and reported, whatever the line does."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta

from edge_agent.contract.readings import Quality
from edge_agent.core.profile import Poll
from tests.unit.edge_agent.points import CASE, PERIODS, device_of, flag, profile_of
from tests.unit.edge_agent.poller_bench import EVERY_POINT, NOON, Bench, bench_of, later, qualities


def test_the_first_turn_tells_everything() -> None:
    bench = Bench()
    (telemetry,) = bench.turn()
    assert {reading.point for reading in telemetry.readings} == EVERY_POINT
    assert set(qualities([telemetry]).values()) == {Quality.GOOD}
    assert (telemetry.device, telemetry.at, telemetry.boot, telemetry.mono) == ("freezer-1", NOON, "boot-1", 1000.0)


def test_what_does_not_change_is_asked_and_not_told() -> None:
    bench = Bench()
    bench.turn()
    assert bench.turns(20.0) == []
    assert bench.poller.health().turns == 21


def test_what_changes_is_told() -> None:
    bench = Bench()
    bench.turn()
    bench.line.words[10] = 65416
    (telemetry,) = bench.turns(10.0)
    assert [(reading.point, reading.value) for reading in telemetry.readings] == [("temp.control", -12.0)]


def test_slow_points_are_asked_slowly_and_some_only_once() -> None:
    bench = Bench()
    bench.turn()
    asked = [at for _ in range(1800) if bench.turn(1.0) is not None for _, at in bench.line.asked]
    assert (asked.count(10), asked.count(30), asked.count(40)) == (180, 2, 0)


def test_it_says_when_something_will_be_due() -> None:
    bench = Bench()
    assert bench.poller.next_due_in(bench.mono) == 0.0
    bench.turn()
    assert bench.poller.next_due_in(bench.mono + 4.0) == 6.0


ALARMS = profile_of(
    flag("alarm.any", 10, poll=Poll.FAST),
    flag("alarm.door_open", 11, poll=Poll.SLOW, when="alarm.any"),
)


def test_the_alarm_list_is_read_while_there_is_an_alarm_and_once_more() -> None:
    bench = bench_of(ALARMS)
    bench.line.words |= {10: 0, 11: 0}
    bench.turn()
    asked = []
    for alarm, door in ((0, 0), (1, 1), (1, 1), (0, 0), (0, 0)):
        bench.line.words |= {10: alarm, 11: door}
        told = bench.turn(10.0)
        asked.append(bench.line.asked.count((3, 11)))
    assert asked == [0, 1, 1, 1, 0]
    assert told == []


def test_the_earliest_deadline_goes_first() -> None:
    slow, fast = (profile_of(flag("in.door", 10, poll=poll)) for poll in (Poll.SLOW, Poll.FAST))
    bench = Bench(device_of(slow, 3, "slow"), device_of(fast, 4, "fast"))
    bench.turn()
    assert bench.line.asked == [(4, 10), (3, 10)]


def test_among_equals_it_is_the_one_that_waited_longest() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    bench.turn()
    bench.line.down = True
    bench.turn(10.0)
    bench.line.down = False
    bench.turn(10.0)
    assert bench.line.asked[0][0] == 4


def test_readings_are_of_the_time_when_they_were_taken() -> None:
    seconds = itertools.count()
    bench = Bench()
    bench.poller._visits.clock = lambda: later(next(seconds))
    told = bench.turn()
    instants = {reading.point: telemetry.mono for telemetry in told for reading in telemetry.readings}
    assert instants["temp.control"] < instants["state.mode"] < instants["alarm.probe_control"]
    assert all((telemetry.at - NOON).total_seconds() == telemetry.mono - 1000.0 for telemetry in told)


def test_a_device_that_stays_goes_on_when_the_site_changes() -> None:
    stays, goes, comes = (device_of(CASE, unit, f"freezer-{unit}") for unit in (3, 4, 5))
    bench = Bench(stays, goes)
    bench.turn()
    bench.poller.adopt((stays, comes), PERIODS, timedelta(minutes=5))
    assert {telemetry.device for telemetry in bench.turn(1.0)} == {"freezer-5"}
    bench.poller.adopt((stays, comes), PERIODS | {Poll.FAST: timedelta(seconds=5)}, timedelta(minutes=5))
    bench.turn(4.0)
    assert (3, 10) in bench.line.asked


def test_its_health_tells_of_each_device() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    del bench.line.words[20]
    bench.line.silent = {4}
    bench.turns(60.0)
    first, second = bench.poller.health().devices
    assert (first.answers, first.cycle_s, first.cycle_limit_s) == (True, 10.0, 10.0)
    assert first.refused == ("alarm.probe_control",)
    assert not second.answers


def test_a_broken_probe_is_told_as_such() -> None:
    bench = Bench()
    bench.turn()
    bench.line.words |= {10: 0x8000, 20: 1}
    told = qualities(bench.turns(10.0))
    assert told == {"temp.control": Quality.PROBE_FAULT, "alarm.probe_control": Quality.GOOD}


def test_a_controller_that_wants_its_connection_closed_is_let_go_after_each_round() -> None:
    bench = bench_of(CASE)
    bench.turn()
    assert not bench.line.closed
    bench = bench_of(replace(CASE, close_after_cycle=True))
    bench.turn()
    assert bench.line.closed


def test_it_closes_its_line() -> None:
    bench = Bench()
    asyncio.run(bench.poller.close())
    assert bench.line.closed
