"""A turn on a bus: what is due is asked and reported, whatever the line does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.bus.notebook import Notebook
from edge_agent.bus.poller import Poller
from edge_agent.contract.readings import Quality, Telemetry
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Poll, Profile
from edge_agent.drivers.base import BusDown, NoAnswer, Refused
from edge_agent.settings import SiteDevice
from tests.unit.edge_agent.points import CASE, CASE_IN_BLOCKS, PERIODS, device_of, flag, profile_of

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
EVERY_POINT = {"temp.control", "state.mode", "alarm.probe_control", "limit.high", "info.order_no", "defrost.active"}


class FakeLine:
    """Answers from `words`; `silent` units say nothing; `down` takes the line away."""

    def __init__(self) -> None:
        self.words = {10: 65336, 11: 0, 20: 0, 30: 65416, 40: 8523}
        self.silent: set[int] = set()
        self.down = False
        self.fails: Callable[[int, ReadRequest], Exception | None] = lambda *_: None
        self.asked: list[tuple[int, int]] = []
        self.closed = False

    async def read(self, unit: int, request: ReadRequest, *_: timedelta) -> tuple[int, ...]:
        if self.down:
            raise BusDown("unplugged")
        self.asked.append((unit, request.start))
        if unit in self.silent:
            raise NoAnswer("silence")
        if error := self.fails(unit, request):
            raise error
        addresses = range(request.start, request.start + request.count)
        if any(address not in self.words for address in addresses):
            raise Refused(2)
        return tuple(self.words[address] for address in addresses)

    async def close(self) -> None:
        self.closed = True


class Bench:
    """A poller, its line, and store time that the test moves."""

    def __init__(self, *devices: SiteDevice, notebook: Notebook | None = None) -> None:
        self.line = FakeLine()
        self.mono = 1000.0
        self.poller = Poller(
            bus="line-a",
            line=self.line,
            devices=devices or (device_of(CASE),),
            periods=PERIODS,
            at_least_every=timedelta(minutes=5),
            boot="boot-1",
            notebook=notebook,
        )

    def turn(self, after: float = 0.0) -> list[Telemetry]:
        self.mono += after
        self.line.asked.clear()
        return asyncio.run(self.poller.turn(NOON, self.mono))

    def turns(self, seconds: float, step: float = 1.0) -> list[Telemetry]:
        return [telemetry for _ in range(int(seconds / step)) for telemetry in self.turn(step)]


def qualities(telemetries: Sequence[Telemetry]) -> dict[str, Quality]:
    return {reading.point: reading.quality for telemetry in telemetries for reading in telemetry.readings}


def later(seconds: int) -> tuple[datetime, float]:
    return NOON + timedelta(seconds=seconds), 1000.0 + seconds


def bench_of(profile: Profile) -> Bench:
    return Bench(device_of(profile))


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


def test_a_point_that_the_model_does_not_have_is_refused_once() -> None:
    bench = Bench()
    del bench.line.words[20]
    told = bench.turn()
    assert qualities(told)["alarm.probe_control"] is Quality.REFUSED
    assert qualities(told)["temp.control"] is Quality.GOOD
    bench.turn(10.0)
    assert (3, 20) not in bench.line.asked
    assert bench.poller.health().refusals == 1


def test_a_refused_block_is_cut_until_all_that_is_there_is_read() -> None:
    bench = bench_of(CASE_IN_BLOCKS)
    del bench.line.words[11]
    told = qualities(bench.turn())
    assert told["temp.control"] is Quality.GOOD
    assert told["state.mode"] is Quality.REFUSED
    bench.turn(10.0)
    assert bench.line.asked == [(3, 10), (3, 20)]


def test_what_was_refused_is_known_after_a_restart_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    notebook = Notebook()
    for _ in range(2):
        bench = Bench(notebook=notebook)
        del bench.line.words[20]
        bench.turn()
    assert (3, 20) not in bench.line.asked
    assert caplog.text.count("is refused and not asked again") == 1


def test_what_was_refused_is_asked_again_once_a_day(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    del bench.line.words[20]
    bench.turns(86_000.0, step=100.0)
    bench.line.words[20] = 0
    assert bench.poller.health().refusals == 1
    told = qualities(bench.turns(1000.0, step=10.0))
    assert told["alarm.probe_control"] is Quality.GOOD
    assert caplog.text.count("point is asked again") == 1


def test_a_controller_of_another_firmware_is_learned_anew() -> None:
    notebook = Notebook()
    bench = Bench(notebook=notebook)
    del bench.line.words[20]
    bench.turn()
    bench = Bench(notebook=notebook)
    bench.line.words[40] = 8524
    bench.turn()
    assert qualities(bench.turn(10.0))["alarm.probe_control"] is Quality.GOOD


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
    bench.poller._clock = lambda: later(next(seconds))
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


def test_a_passing_refusal_is_forgotten() -> None:
    bench = Bench()
    bench.line.fails = lambda _, request: Refused(4) if request.start == 10 else None
    assert qualities(bench.turn())["temp.control"] is Quality.REFUSED
    bench.line.fails = lambda *_: None
    assert qualities(bench.turns(10.0))["temp.control"] is Quality.GOOD


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


def test_a_broken_probe_is_told_as_such() -> None:
    bench = Bench()
    bench.turn()
    bench.line.words |= {10: 0x8000, 20: 1}
    told = qualities(bench.turns(10.0))
    assert told == {"temp.control": Quality.PROBE_FAULT, "alarm.probe_control": Quality.GOOD}


def test_a_device_whose_every_point_is_refused_is_not_silent() -> None:
    bench = bench_of(profile_of(flag("in.door", 99)))
    assert qualities(bench.turn()) == {"in.door": Quality.REFUSED}
    bench.turns(300.0)
    assert bench.poller.health().no_answers == 0


def test_a_controller_that_wants_its_connection_closed_is_let_go_after_each_round() -> None:
    bench = bench_of(CASE)
    bench.turn()
    assert not bench.line.closed
    bench = bench_of(replace(CASE, close_after_cycle=True))
    bench.turn()
    assert bench.line.closed


def test_what_must_wait_for_the_others_does_not_make_turn_follow_turn() -> None:
    bench = Bench(device_of(CASE, 3, "freezer-1"), device_of(CASE, 4, "freezer-2"))
    bench.line.silent = {3}
    bench.turns(20.0)
    bench.poller._probe_not_before = float("inf")
    bench.turns(10.0)
    assert all(unit == 4 for unit, _ in bench.line.asked)
    assert bench.poller.next_due_in(bench.mono) > 0.0


def test_it_closes_its_line() -> None:
    bench = Bench()
    asyncio.run(bench.poller.close())
    assert bench.line.closed
