"""When what is done: never more than one turn at a time per bus, many buses in few waves, and housekeeping."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import Body, BusHealth, Telemetry
from edge_agent.core.agenda import Periods
from edge_agent.settings import SiteDevice

log = logging.getLogger(__name__)

TURN_EVERY = timedelta(seconds=1)
STATUS_EVERY = timedelta(minutes=5)
SHORTEST_INTERVAL_S = 0.05
END_WITHIN_S = 1.0
WAVES = 4
"""Moments of an interval at which turns begin. A thousand buses share them: a timer, a wake-up and a commit for each
bus would cost more than its poll."""
CLOSE_WITHIN_S = 0.5

Record = Callable[[Sequence[Body]], Awaitable[None]]
Beat = Callable[[str], None]


class BusPoller(Protocol):
    """What the schedule needs of the poller of one bus."""

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]: ...

    def next_due_in(self, mono: float) -> float: ...

    def health(self) -> BusHealth: ...

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None:
        """Called between two turns: from now on these devices, in this rhythm."""

    async def close(self) -> None: ...


class Steadily:
    """A trigger at each `every`, by which what was missed counts once.

    APScheduler's own names every moment that has passed: a clock that is set from 1970 to today would end the agent.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        if previous is None or previous > now:
            return (previous or now) + self._every
        return previous + self._every * ((now - previous) // self._every + 1)


BaseTrigger.register(Steadily)


class Rounds:
    """Runs the turns of all buses, each on its own; `beat` is told the bus after each turn whose readings are kept.

    A bus whose turns fail does not beat: the watchdog then has the agent started anew.
    """

    def __init__(self, clock: Clock, pollers: Mapping[str, BusPoller], record: Record, beat: Beat) -> None:
        self._clock = clock
        self._pollers = dict(pollers)
        self._between_turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._record = record
        self._beat = beat
        self._running: set[asyncio.Task[Any]] = set()
        self._turning: set[str] = set()
        self._waves: defaultdict[int, list[str]] = defaultdict(list)
        self._failing: set[str] = set()
        self._first_turns = set(pollers)
        self._stopping = False
        self._housekeeping: Callable[[], Awaitable[None]] = _nothing_to_keep
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self.all_turned = asyncio.Event()

    def start(self, housekeeping: Callable[[], Awaitable[None]]) -> None:
        """`housekeeping` has been done once by the caller; its next time is an interval away."""
        self._housekeeping = housekeeping
        # It would warn at every turn that outlasts the interval, which is how a slow line fares; our jobs never raise.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        for bus in self._pollers:
            self._join(bus)
        self._scheduler.add_job(self.keep_house, Steadily(self._interval(STATUS_EVERY)), id="housekeeping")
        self._scheduler.start()

    def realign(self) -> None:
        """After the machine's clock was set: jobs that would wait for an hour that has moved away run now."""
        moments = {_job(wave): self._next_moment(wave) for wave in self._waves}
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=moments.get(job.id) or self._wall_now())

    async def swap(self, pollers: Mapping[str, BusPoller], handovers: Mapping[str, Callable[[], None]]) -> None:
        """From now on `pollers` have the turns, by bus; one that stays keeps its rhythm.

        Where it has something to take over, its handover is called between two of its turns. One that goes is closed
        after its turn, before any new one begins: that may want the same port.
        """
        going = {bus for bus, poller in self._pollers.items() if pollers.get(bus) is not poller}
        handing_over = (self._hand_over(bus, handover) for bus, handover in handovers.items())
        await asyncio.gather(self._replace(going, pollers), *handing_over)

    async def keep_house(self) -> None:
        """At each interval, and at once when there is news for head office. Never raises."""
        with self._tracked():
            try:
                await self._housekeeping()
            except Exception as error:  # noqa: BLE001 — the next time may succeed, and telemetry goes on meanwhile
                self._note_failure("housekeeping", error)
            else:
                self._failing.discard("housekeeping")

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

    async def close(self) -> None:
        """For the end, after `stop`."""
        await _close(self._pollers.values())

    def _join(self, bus: str) -> None:
        """The bus has its turns with the smallest wave."""
        wave = min(range(WAVES), key=lambda number: len(self._waves[number]))
        if not self._waves[wave]:
            self._scheduler.add_job(
                self._begin_turns,
                Steadily(self._interval(TURN_EVERY)),
                (wave,),
                id=_job(wave),
                next_run_time=self._next_moment(wave),
            )
        self._waves[wave].append(bus)

    def _next_moment(self, wave: int) -> datetime:
        """In the first half of an interval of the monotonic clock, whose whole numbers are when polls fall due: a turn
        that came now before and now after one, as on a busy machine, would skip a poll."""
        every = self._interval(TURN_EVERY).total_seconds()
        moment = (wave + 0.5) / WAVES * every / 2
        return self._wall_now() + timedelta(seconds=(moment - self._clock.steady()) % every)

    def _leave(self, bus: str) -> None:
        wave = next(number for number, buses in self._waves.items() if bus in buses)
        self._waves[wave].remove(bus)
        if not self._waves[wave]:
            self._scheduler.remove_job(_job(wave))

    async def _begin_turns(self, wave: int) -> None:
        """Each bus of the wave goes on by itself; one whose last turn is not over yet has none now."""
        for bus in self._waves[wave]:
            if bus not in self._turning and not self._stopping:
                self._turning.add(bus)
                task = asyncio.create_task(self._turn(bus))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _hand_over(self, bus: str, handover: Callable[[], None]) -> None:
        async with self._between_turns[bus]:
            try:
                handover()
            except Exception:  # what is new to the others must reach them
                log.exception("bus cannot take over what is new, restart the agent bus=%s", bus)

    async def _replace(self, going: Set[str], pollers: Mapping[str, BusPoller]) -> None:
        async with AsyncExitStack() as stack:
            for bus in going:
                await stack.enter_async_context(self._between_turns[bus])
            await _close([self._pollers[bus] for bus in going])
            for bus in going - pollers.keys():
                self._forget(bus)
            new = pollers.keys() - self._pollers.keys()
            self._pollers |= pollers
            for bus in new:
                self._join(bus)

    def _forget(self, bus: str) -> None:
        self._leave(bus)
        del self._pollers[bus], self._between_turns[bus]
        self._failing.discard(bus)
        self._note_turned(bus)

    async def _turn(self, bus: str) -> None:
        """A line that has more to do than it can is not idle until the next interval, and still beats."""
        try:
            while await self._turn_while_due(bus):
                await asyncio.sleep(0)
        finally:
            self._turning.discard(bus)

    async def _turn_while_due(self, bus: str) -> bool:
        """Whether something is overdue after as many turns as fit into an interval."""
        async with self._between_turns[bus]:
            poller = self._pollers.get(bus)
            if poller is None:
                return False
            try:
                overdue = await self._catch_up(poller)
            except Exception as error:  # noqa: BLE001 — one bus must not end its own loop, nor another's
                self._note_failure(bus, error)
                return False
            self._note_success(bus)
            return overdue

    async def _catch_up(self, poller: BusPoller) -> bool:
        """Turn upon turn while something is overdue: a turn ends early so that what it brought is kept at once."""
        until = self._clock.steady() + self._interval(TURN_EVERY).total_seconds()
        while True:
            found = await poller.turn(self._clock.now(), self._clock.mono())
            left_at = self._clock.mono()  # what falls due while a commit is waited for has its own turn
            await self._record(found)
            if self._stopping or poller.next_due_in(left_at) > 0:
                return False
            if self._clock.steady() > until:
                return True
            await asyncio.sleep(0)

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
        self._note_turned(bus)

    def _note_turned(self, bus: str) -> None:
        self._first_turns.discard(bus)
        if not self._first_turns:
            self.all_turned.set()

    def _interval(self, every: timedelta) -> timedelta:
        return timedelta(seconds=max(SHORTEST_INTERVAL_S, self._clock.wall_seconds(every)))

    def _wall_now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)


async def _nothing_to_keep() -> None: ...


def _job(wave: int) -> str:
    return f"wave {wave}"


async def _close(pollers: Collection[BusPoller]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await asyncio.gather(*(poller.close() for poller in pollers), return_exceptions=True)
