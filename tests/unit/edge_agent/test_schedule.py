"""Every bus has its turns, whatever another bus does and whatever becomes of the machine's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, tzinfo

import pytest

from edge_agent.app import system_clock
from edge_agent.contract.readings import Body, BusHealth, Telemetry
from edge_agent.core.agenda import Periods
from edge_agent.schedule import Rounds, Steadily
from edge_agent.settings import SiteDevice
from tests.unit.edge_agent.bodies import polled

MACHINE = system_clock()
FAST = system_clock(f"2026-07-15T00:00:00Z@{MACHINE.wall()!r}x60")


class FakePoller:
    """`overdue` turns are due at once; then one each interval. `trouble` happens in every turn."""

    def __init__(self, overdue: int = 0, trouble: Callable[[], object] | None = None, lasts: float = 0.0) -> None:
        self.overdue = overdue
        self.trouble = trouble
        self.lasts = lasts
        self.turns: list[datetime] = []
        self.ended = 0
        self.cancelled = False
        self.closed_after: int | None = None

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:  # noqa: ARG002 — the poller's shape
        self.turns.append(at)
        if self.trouble:
            self.trouble()
        try:
            await asyncio.sleep(self.lasts)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        self.ended += 1
        return [polled(len(self.turns))]

    def next_due_in(self, mono: float) -> float:  # noqa: ARG002 — the poller's shape
        return 0.0 if len(self.turns) < self.overdue else 1.0

    def health(self) -> BusHealth:
        return BusHealth(bus="b", up=True, turns=0, requests=0, no_answers=0, refusals=0, cycle_s=0.0)

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None: ...

    async def close(self) -> None:
        self.closed_after = self.ended


class Bench:
    """Rounds over fake pollers; `kept` is what was recorded, `beats` which bus beat."""

    def __init__(self, *pollers: FakePoller) -> None:
        self.kept: list[Body] = []
        self.beats: list[str] = []
        self.kept_house = 0
        named = {f"line-{number}": poller for number, poller in enumerate(pollers)}
        self.rounds = Rounds(FAST, named, self._record, self.beats.append)

    async def keep_house(self) -> None:
        self.kept_house += 1
        raise ValueError("housekeeping may fail")

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.002)

    async def _record(self, bodies: Sequence[Body]) -> None:
        self.kept += bodies


@asynccontextmanager
async def running(*pollers: FakePoller) -> AsyncIterator[Bench]:
    bench = Bench(*pollers)
    bench.rounds.start(bench.keep_house)
    try:
        yield bench
    finally:
        await bench.rounds.stop()


async def test_every_bus_has_its_turns() -> None:
    one, other = FakePoller(), FakePoller()
    async with running(one, other) as bench:
        await bench.until(lambda: len(one.turns) >= 3 and len(other.turns) >= 3)
        assert len(bench.kept) >= 6
        assert set(bench.beats) == {"line-0", "line-1"}


async def test_turns_are_told_the_time_of_the_store() -> None:
    poller = FakePoller()
    async with running(poller) as bench:
        await bench.until(lambda: len(poller.turns) >= 2)
    assert poller.turns[1] - poller.turns[0] > timedelta(seconds=1)
    assert poller.turns[0].year == 2026


async def test_a_turn_follows_at_once_while_something_is_overdue() -> None:
    poller = FakePoller(overdue=20)
    async with running(poller) as bench:
        await bench.until(lambda: bool(bench.beats))
        assert len(poller.turns) >= 10


async def test_a_line_with_more_to_do_than_it_can_is_never_idle_and_still_beats() -> None:
    poller = FakePoller(overdue=10**6, lasts=0.02)
    async with running(poller) as bench:
        await bench.until(lambda: len(bench.beats) >= 4)
        assert len(poller.turns) >= 8


async def test_a_slow_bus_delays_no_other_and_never_turns_twice_at_a_time() -> None:
    slow, quick = FakePoller(lasts=0.4), FakePoller()
    async with running(slow, quick) as bench:
        await bench.until(lambda: len(quick.turns) >= 4)
        assert len(slow.turns) == 1


async def test_all_have_turned_when_the_last_first_turn_is_done() -> None:
    slow, quick = FakePoller(lasts=0.2), FakePoller()
    async with running(slow, quick) as bench:
        await bench.until(lambda: quick.ended >= 2)
        assert not bench.rounds.all_turned.is_set()
        await asyncio.wait_for(bench.rounds.all_turned.wait(), 5)


async def test_a_bus_whose_turns_fail_does_not_beat_and_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    failing, sound = FakePoller(trouble=lambda: int("no number")), FakePoller()
    async with running(failing, sound) as bench:
        await bench.until(lambda: len(failing.turns) >= 3)
        assert set(bench.beats) == {"line-1"}
        failing.trouble = None
        await bench.until(lambda: "line-0" in bench.beats)
    assert [record.message for record in caplog.records] == [
        "job fails unexpectedly job=line-0",
        "job succeeds again job=line-0",
    ]


async def test_a_clock_that_is_set_back_stops_no_bus() -> None:
    poller = FakePoller()
    async with running(poller) as bench:
        await bench.until(lambda: bool(poller.turns))
        for job in bench.rounds._scheduler.get_jobs():
            job.modify(next_run_time=MACHINE.now() + timedelta(days=1))
        turns = len(poller.turns)
        await asyncio.sleep(0.15)
        assert len(poller.turns) == turns
        bench.rounds.realign()
        await bench.until(lambda: len(poller.turns) > turns + 1)


class SetClock(datetime):
    """The machine's clock as APScheduler reads it, set by `by`."""

    by = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(MACHINE.wall(), tz) + cls.by


@pytest.mark.parametrize("by", [timedelta(days=56 * 365), timedelta(days=1), timedelta(hours=1)])
async def test_a_clock_that_is_set_forward_brings_no_burst_and_no_stop(
    by: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 1970 to today, too: 1.8 thousand million seconds have passed at once."""
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetClock)
    poller = FakePoller()
    async with running(poller) as bench:
        await bench.until(lambda: len(poller.turns) >= 2)
        monkeypatch.setattr(SetClock, "by", by)
        before = len(poller.turns)
        await asyncio.sleep(0.5)
        assert 5 <= len(poller.turns) - before <= 12
        assert bench.kept_house <= 1


def test_a_trigger_keeps_its_beat_and_names_no_moment_that_has_passed() -> None:
    trigger, began = Steadily(timedelta(seconds=10)), MACHINE.now()
    assert trigger.get_next_fire_time(None, began) == began + timedelta(seconds=10)
    assert trigger.get_next_fire_time(began, began) == began + timedelta(seconds=10)
    assert trigger.get_next_fire_time(began, began + timedelta(seconds=34)) == began + timedelta(seconds=40)
    assert trigger.get_next_fire_time(began, began - timedelta(days=1)) == began + timedelta(seconds=10)


async def test_stopping_lets_a_turn_end() -> None:
    poller = FakePoller(lasts=0.2)
    async with running(poller) as bench:
        await bench.until(lambda: bool(poller.turns))
    assert (poller.ended, poller.cancelled, len(bench.kept)) == (1, False, 1)


async def test_stopping_cancels_a_turn_that_does_not_end(caplog: pytest.LogCaptureFixture) -> None:
    poller = FakePoller(lasts=60)
    async with running(poller) as bench:
        await bench.until(lambda: bool(poller.turns))
    assert poller.cancelled
    assert not caplog.records


async def test_many_buses_share_few_waves_and_each_has_its_turns() -> None:
    pollers = [FakePoller() for _ in range(30)]
    async with running(*pollers) as bench:
        await bench.until(lambda: all(len(poller.turns) >= 3 for poller in pollers))
        assert set(bench.beats) == {f"line-{number}" for number in range(30)}
