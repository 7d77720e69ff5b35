"""Devices that do not answer, and lines that are gone: told once, tried again, and their neighbours go on."""

from __future__ import annotations

from edge_agent.contract.readings import Quality
from edge_agent.drivers.base import NoAnswer
from tests.unit.edge_agent.points import CASE, device_of, flag, profile_of
from tests.unit.edge_agent.poller_bench import EVERY_POINT, Bench, bench_of, qualities


def test_a_device_that_stops_answering_turns_bad_once() -> None:
    bench = Bench()
    bench.turn()
    bench.line.silent = {3}
    told = bench.turns(200.0)
    assert set(qualities(told)) == EVERY_POINT
    assert set(qualities(told).values()) == {Quality.NO_ANSWER}
    assert sum(len(telemetry.readings) for telemetry in told) == len(EVERY_POINT)


def test_a_silent_device_is_told_again_now_and_then() -> None:
    bench = Bench()
    bench.line.silent = {3}
    told = bench.turns(1000.0)
    assert 2 <= sum(reading.point == "limit.high" for telemetry in told for reading in telemetry.readings) <= 4


def test_a_silent_device_costs_one_read_a_minute() -> None:
    bench = Bench()
    bench.line.silent = {3}
    bench.turns(200.0)
    asked = 0
    for _ in range(600):
        bench.turn(1.0)
        asked += len(bench.line.asked)
    assert asked == 10


def test_a_device_that_answers_again_tells_everything_at_once() -> None:
    bench = Bench()
    bench.line.silent = {3}
    bench.turns(300.0)
    bench.line.silent = set()
    told = bench.turns(61.0)
    assert qualities(told) == dict.fromkeys(EVERY_POINT, Quality.GOOD)
    assert len({telemetry.mono for telemetry in told}) == 1


def test_neighbours_of_a_silent_device_are_asked_as_ever() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    bench.line.silent = {3}
    bench.turns(100.0)
    healthy = 0
    for _ in range(100):
        bench.turn(1.0)
        healthy += bench.line.asked.count((4, 10))
    assert healthy == 10


def test_one_lost_answer_costs_a_device_only_that_turn() -> None:
    bench = Bench()
    bench.turn()
    lost = iter([None, NoAnswer("noise")])
    bench.line.fails = lambda *_: next(lost, None)
    (telemetry,) = bench.turns(10.0)
    # The alarm of the probe was to come after the temperature: without it the temperature is not believed.
    assert qualities([telemetry]) == dict.fromkeys(
        ["temp.control", "state.mode", "alarm.probe_control", "defrost.active"], Quality.NO_ANSWER
    )
    assert set(qualities(bench.turns(10.0)).values()) == {Quality.GOOD}


def test_a_dead_line_takes_all_its_devices_away_at_once() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    bench.turn()
    bench.line.down = True
    told = bench.turns(10.0)
    assert {telemetry.device for telemetry in told} == {"freezer-1", "freezer-2"}
    assert set(qualities(told).values()) == {Quality.BUS_DOWN}
    assert not bench.poller.health().up


def test_a_line_that_comes_back_brings_everything_within_ten_seconds() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    bench.line.down = True
    bench.turns(3600.0, step=5.0)
    bench.line.down = False
    told = bench.turns(10.0)
    assert [len(telemetry.readings) for telemetry in told] == [len(EVERY_POINT)] * 2
    assert set(qualities(told).values()) == {Quality.GOOD}
    assert bench.poller.health().up


def test_a_device_whose_every_point_is_refused_is_not_silent() -> None:
    bench = bench_of(profile_of(flag("in.door", 99)))
    assert qualities(bench.turn()) == {"in.door": Quality.REFUSED}
    bench.turns(300.0)
    assert bench.poller.health().no_answers == 0


def test_what_must_wait_for_the_others_does_not_make_turn_follow_turn() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    bench.line.silent = {3}
    bench.turns(20.0)
    bench.poller._visits.in_vain_again_at = float("inf")
    bench.turns(10.0)
    assert all(unit == 4 for unit, _ in bench.line.asked)
    assert bench.poller.next_due_in(bench.mono) > 0.0
