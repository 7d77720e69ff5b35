"""The agent put together; the only file of it with a clock, threads of its own, and signals."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import logging
import os
import random
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.broker_link import Heard, Lost, PahoLink, TryLater
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.poller import pollers_of
from edge_agent.contract.clock import Clock, machine_clock
from edge_agent.contract.readings import AgentStatus
from edge_agent.daybook import Daybook
from edge_agent.journal import log_to_stderr
from edge_agent.outbox.queue import Outbox, StorageRefused
from edge_agent.outbox.recorder import Recorder
from edge_agent.publisher import Publisher
from edge_agent.reload import Reload
from edge_agent.schedule import BusPoller, Rounds
from edge_agent.settings import Broker, Site, inventory
from edge_agent.site.change import SiteChange
from edge_agent.timekeeper import Timekeeper
from edge_agent.watchdog import Heartbeats, Notifier

log = logging.getLogger(__name__)

BUS_BEATS_WITHIN_S = 300.0
PUBLISHER_BEATS_WITHIN_S = 60.0
LOOK_EVERY_S = 5.0
DRAIN_WITHIN_S = 3.0
DROP_WITHIN_S = 0.5
FLUSH_WITHIN_S = 0.5
CANCEL_AGAIN_S = 0.1

BuildPollers = Callable[[Site], Mapping[str, BusPoller]]


class AgentRunsAlready(RuntimeError):
    """Another agent uses this store's state; two of them would take each other's connection away for ever."""


def system_clock(argument: str | None = None) -> Clock:
    """The machine's clock, or what `--clock` says. Raises ClockArgumentInvalid."""
    return machine_clock(time.time, time.monotonic, argument)


def run(site: Site, clock: Clock, file: Path | None = None) -> int:
    """Watches the store until SIGTERM or SIGINT. Returns the exit status.

    `file` is what `site` was loaded from: when it, or a profile, changes, the change is taken over at once.
    """
    log_to_stderr()
    try:
        with sole_use(site.state), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_until_signal(site, clock, file))
    except (AgentRunsAlready, OSError) as error:
        log.critical("agent cannot start store=%s error=%s", site.id, error)
        return 1
    return 0


class Agent:
    """All parts of one store's agent, wired. `timekeeper` is of this run.

    With a `file` the site is watched for changes; `build` makes the pollers of a site, whose lines are not open yet.
    """

    def __init__(
        self,
        site: Site,
        clock: Clock,
        build: BuildPollers,
        timekeeper: Timekeeper,
        notifier: Notifier,
        *,
        file: Path | None = None,
    ) -> None:
        self._site = site
        self._clock = clock
        self._build = build
        self._pollers = pollers = build(site)
        self._timekeeper = timekeeper
        self._daybook = Daybook(site.state / "day.json")
        self._notifier = notifier
        self._beats = Heartbeats()
        news = asyncio.Event()
        every_s = clock.wall_seconds(site.outbox.commit_every)
        self._recorder = Recorder(Outbox(site.state / "outbox.sqlite"), wake=news.set, commit_every_s=every_s)
        self._rounds = Rounds(clock, pollers, self._recorder.record, self._beat)
        self._publisher = Publisher(
            site.id,
            self._recorder,
            self._new_link,
            news,
            steady=clock.steady,
            chance=random.random,
            beat=partial(self._beat, "publisher"),
            timekeeper=timekeeper,
            redial_within=lambda: self._site.broker.redial_within,
        )
        self._reload = (
            Reload(file, site, self._take_over, notifier, wall=clock.wall, steady=clock.steady) if file else None
        )

    def reload(self) -> None:
        """Looks at the site file and the profiles now."""
        if self._reload:
            self._reload.ask()

    async def live(self, stop: asyncio.Event) -> None:
        """Returns within 5 s after `stop` was set."""
        try:
            await self._work(stop)
        finally:
            await self._close()

    async def _work(self, stop: asyncio.Event) -> None:
        try:
            await self._keep_house()
        except StorageRefused:
            await self._keep_house()  # a file that was found ruined has been replaced meanwhile
        self._expect_beats()
        self._rounds.start(self._keep_house)
        self._notifier.ready()
        _spare_what_stays()
        async with _background(self._publisher.run()) as publishing, _background(self._look_after()):
            async with _background(self._announce()), _background(self._watch_files()):
                await stop.wait()
            log.info("stopping store=%s", self._site.id)
            self._notifier.stopping()
            await self._rounds.stop()
            await self._flush()
            self._publisher.finish()
            await asyncio.wait({publishing}, timeout=DRAIN_WITHIN_S if self._publisher.connected else DROP_WITHIN_S)

    async def _keep_house(self) -> None:
        """Tells head office who we are and how we fare; it is the first entry of every run."""
        health = await self._recorder.health()
        status = AgentStatus(
            at=self._clock.now(),
            boot=self._timekeeper.boot,
            agent_version=_version(),
            name=self._site.name,
            timezone=self._site.timezone,
            devices=inventory(self._site),
            buses=tuple(poller.health() for poller in self._pollers.values()),
            outbox=health,
            clock=self._timekeeper.health(),
            location=self._site.location,
        )
        await self._recorder.record([status])
        await self._note_day()
        up = sum(bus.up for bus in status.buses)
        refusal = f"; {self._reload.refusal}" if self._reload and self._reload.refusal else ""
        self._notifier.status(
            f"{up} of {len(status.buses)} buses up, {health.entries} entries not confirmed yet{refusal}"
        )

    async def _note_day(self) -> None:
        """A disk that refuses has its own words in the journal; the day is told when it accepts again."""
        if self._timekeeper.trusted():
            zone = ZoneInfo(self._site.timezone)
            with suppress(OSError):
                counters = await self._recorder.counters()
                await asyncio.to_thread(self._daybook.note, self._clock.now(), zone, counters)

    async def _flush(self) -> None:
        """So that the publisher can send it. A disk that hangs is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_WITHIN_S):
                await self._recorder.flush()

    async def _watch_files(self) -> None:
        if self._reload:
            await self._reload.run()

    async def _take_over(self, change: SiteChange) -> None:
        """All that can fail comes first. Head office hears of new devices before it hears their readings."""
        built = self._build(change.after)
        kept = {bus: poller for bus, poller in self._pollers.items() if bus in built and change.stays(bus)}
        site = change.after
        handovers = {
            bus: partial(poller.adopt, site.devices_on(bus), site.poll, site.report.at_least_every)
            for bus, poller in kept.items()
            if change.concerns(bus)
        }
        gone = self._pollers.keys() - built.keys()
        self._site, self._pollers = site, {**built, **kept}
        self._recorder.commit_every(self._clock.wall_seconds(site.outbox.commit_every))
        for bus in built.keys() - kept.keys():
            self._beats.expect(bus, BUS_BEATS_WITHIN_S, self._clock.steady())
        await self._rounds.keep_house()
        await self._rounds.swap(self._pollers, handovers)
        for bus in gone:
            self._beats.forget(bus)
        if change.broker:
            self._publisher.redial()

    async def _announce(self) -> None:
        await self._rounds.all_turned.wait()
        log.info("ready store=%s devices=%d buses=%d", self._site.id, len(self._site.devices), len(self._site.buses))

    async def _look_after(self) -> None:
        """Tells systemd that all loops live, and the schedule when the machine's clock was set."""
        patience = self._notifier.watchdog.total_seconds() / 3 if self._notifier.watchdog else LOOK_EVERY_S
        while True:
            if self._beats.all_alive(self._clock.steady()):
                self._notifier.alive()
            if self._timekeeper.was_set():
                self._rounds.realign()
            await asyncio.sleep(min(patience, LOOK_EVERY_S))

    def _expect_beats(self) -> None:
        now = self._clock.steady()
        self._beats.expect("publisher", PUBLISHER_BEATS_WITHIN_S, now)
        for bus in self._pollers:
            self._beats.expect(bus, BUS_BEATS_WITHIN_S, now)

    def _new_link(self, heard: Heard, lost: Lost) -> PahoLink:
        return _new_link(self._site.broker, f"sw-{self._site.id}", heard, lost)

    def _beat(self, loop: str) -> None:
        self._beats.beat(loop, self._clock.steady())

    async def _close(self) -> None:
        await self._rounds.close()
        await self._recorder.close()


@contextmanager
def sole_use(state: Path) -> Iterator[None]:
    """Holds the store's state folder, which it makes. Raises AgentRunsAlready."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "agent.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AgentRunsAlready(f"another agent uses {state}") from error
        yield


def boot_name() -> str:
    """Names this run of the program within this run of the machine."""
    try:
        machine = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        machine = str(uuid.uuid4())
    return f"{machine}.{uuid.uuid4().hex[:8]}"


async def _until_signal(site: Site, clock: Clock, file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_or_leave, stop)
    timekeeper = Timekeeper(clock, boot_name())
    agent = Agent(site, clock, _builder(site.state, clock, timekeeper), timekeeper, Notifier(os.environ), file=file)
    loop.add_signal_handler(signal.SIGHUP, agent.reload)
    await agent.live(stop)


def _builder(state: Path, clock: Clock, timekeeper: Timekeeper) -> BuildPollers:
    """What devices have taught is kept in one notebook, whatever becomes of the site."""
    notebook = Notebook(state / "learned.json")

    def stamp() -> tuple[datetime, float]:
        return clock.now(), clock.mono()

    return lambda site: pollers_of(site, timekeeper.boot, notebook, timekeeper.trusted, stamp)


def _stop_or_leave(stop: asyncio.Event) -> None:
    if stop.is_set():
        os._exit(1)  # somebody insists; what is in the outbox is on disk
    stop.set()


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """A task that ends with the block."""
    task = asyncio.create_task(work)
    task.add_done_callback(_report_end)
    try:
        yield task
    finally:
        while not task.done():  # Python 3.11 loses a cancellation that meets the end of a wait_for
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)


def _report_end(task: asyncio.Task[None]) -> None:
    """A task that broke takes its signs of life along: systemd will act, and the journal must know why."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a part of the agent broke", exc_info=error)


def _new_link(broker: Broker, client_id: str, heard: Heard, lost: Lost) -> PahoLink:
    try:
        password = broker.password_file.read_text(encoding="utf-8").strip() if broker.password_file else None
    except OSError as error:
        raise TryLater(f"the broker's password cannot be read: {error}") from error
    return PahoLink(broker, client_id, password, heard=heard, lost=lost)


def _spare_what_stays() -> None:
    """What was built at the start lives as long as the agent; the collector going through it again and again costs a
    tenth of the CPU with a thousand devices."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 — faster where it is to be had, and not to be had everywhere
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _version() -> str:
    try:
        return version("storewarden")
    except PackageNotFoundError:
        return "unpackaged"
