"""When what is done: one job and never more than one turn at a time per bus, and housekeeping."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import Body, BusHealth, Telemetry

log = logging.getLogger(__name__)

TURN_EVERY = timedelta(seconds=1)
STATUS_EVERY = timedelta(minutes=5)
SHORTEST_INTERVAL_S = 0.05
END_WITHIN_S = 1.0

Record = Callable[[Sequence[Body]], Awaitable[None]]
Beat = Callable[[str], None]


class BusPoller(Protocol):
    """What the schedule needs of the poller of one bus."""

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]: ...

    def next_due_in(self, mono: float) -> float: ...

    def health(self) -> BusHealth: ...

    async def close(self) -> None: ...


class Rounds:
    """Runs the turns of all buses, each on its own; `beat` is told the bus after each turn whose readings are kept.

    A bus whose turns fail does not beat: the watchdog then has the agent started anew.
    """

    def __init__(self, clock: Clock, pollers: Mapping[str, BusPoller], record: Record, beat: Beat) -> None:
        self._clock = clock
        self._pollers = pollers
        self._record = record
        self._beat = beat
        self._running: set[asyncio.Task[object]] = set()
        self._failing: set[str] = set()
        self._first_turns = set(pollers)
        self._stopping = False
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self.all_turned = asyncio.Event()

    def start(self, housekeeping: Callable[[], Awaitable[None]]) -> None:
        """`housekeeping` has been done once by the caller; its next time is an interval away."""
        # It would warn at every turn that outlasts the interval, which is how a slow line fares; our jobs never raise.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        every = self._interval(TURN_EVERY)
        for number, bus in enumerate(self._pollers):
            first_at = self._wall_now() + timedelta(seconds=every * number / len(self._pollers))
            self._scheduler.add_job(
                self._turn, "interval", (bus,), id=f"bus {bus}", seconds=every, next_run_time=first_at
            )
        self._scheduler.add_job(
            self._keep_house, "interval", (housekeeping,), id="housekeeping", seconds=self._interval(STATUS_EVERY)
        )
        self._scheduler.start()

    def realign(self) -> None:
        """After the machine's clock was set: jobs that would wait for an hour that has moved away run now."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=self._wall_now())

    async def stop(self) -> None:
        """Begins no turn any more, gives those under way a moment, then cancels them."""
        self._stopping = True
        if self._scheduler.running:
            self._scheduler.pause()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=END_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # APScheduler leaves in the next turn of the loop

    async def _turn(self, bus: str) -> None:
        with self._tracked():
            try:
                await self._catch_up(bus)
            except Exception as error:  # noqa: BLE001 — one bus must not end its own loop, nor another's
                self._note_failure(bus, error)
            else:
                self._note_success(bus)

    async def _catch_up(self, bus: str) -> None:
        """Turn upon turn while something is overdue: a turn ends early so that what it brought is kept at once."""
        poller = self._pollers[bus]
        until = self._clock.steady() + self._interval(TURN_EVERY)
        while True:
            await self._record(await poller.turn(self._clock.now(), self._clock.mono()))
            if self._stopping or poller.next_due_in(self._clock.mono()) > 0 or self._clock.steady() > until:
                return
            await asyncio.sleep(0)

    async def _keep_house(self, housekeeping: Callable[[], Awaitable[None]]) -> None:
        with self._tracked():
            try:
                await housekeeping()
            except Exception as error:  # noqa: BLE001 — the next time may succeed, and telemetry goes on meanwhile
                self._note_failure("housekeeping", error)
            else:
                self._failing.discard("housekeeping")

    @contextmanager
    def _tracked(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 — a coroutine that runs is a task
        self._running.add(task)
        try:
            yield
        finally:
            self._running.discard(task)

    def _note_failure(self, job: str, error: Exception) -> None:
        if job not in self._failing:
            log.error("job fails unexpectedly job=%s", job, exc_info=error)
        self._failing.add(job)

    def _note_success(self, bus: str) -> None:
        if bus in self._failing:
            log.warning("job succeeds again job=%s", bus)
            self._failing.discard(bus)
        self._beat(bus)
        self._first_turns.discard(bus)
        if not self._first_turns:
            self.all_turned.set()

    def _interval(self, every: timedelta) -> float:
        return max(SHORTEST_INTERVAL_S, self._clock.wall_seconds(every))

    def _wall_now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)
