"""The main job on one machine: a simulated store, a broker, and the shipped agent and collector as they ship."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from edge_agent.contract.clock import Clock, clock_argument, machine_clock
from edge_agent.contract.text import Text
from edge_agent.settings import Site, load_site
from simulators.counts import Counts, count
from simulators.demo_folder import SITE, WEB_PORT, DemoFolder, PortClaim, claim_port, prepare
from simulators.head_office import HeadOffice, NotAnswering, SeenTicket
from simulators.lines import Lines, gateway_buses, serial_paths
from simulators.live import LiveStore
from simulators.narrator import happenings
from simulators.places import places_of
from simulators.programs import BrokerProgram, Child, Program
from simulators.store import StoreState, start
from simulators.story import Story

USER = "demo"
_READY_WITHIN = 60.0  # s
_LOOKS_EVERY = 0.25  # s

Say = Callable[[datetime, Text], None]
"""Told what happens, and when in store time."""


class DemoFailed(RuntimeError):
    """A program of the demo ended by itself or did not come up; the message has the end of its log."""


class Demo:
    """Start it, `play` it, stop it. `broker`, `agent` and `collector` may be killed and started again meanwhile."""

    broker: Child
    agent: Child
    collector: Child

    def __init__(self, folder: Path, story: Story, say: Say, *, web_port: int = WEB_PORT) -> None:
        self.story = story
        self.clock = _clock(load_site(SITE), story)
        self.password = ""
        self.tickets: tuple[SeenTicket, ...] = ()
        self._say = say
        self._path = folder
        self._web_port = web_port
        self._lines = Lines()
        self._claim: PortClaim | None = None
        self._children: list[Child] = []

    async def start(self) -> None:
        """Returns when every device has been heard at head office. Raises DemoFailed, BrokerFailed, OSError."""
        site = load_site(SITE)
        self._store = _live_store(site, self.story, self.clock, self._tell)
        ports = await self._lines.open_gateways(self._store, gateway_buses(site))
        self._claim = claim_port(self._web_port)
        self.folder = prepare(self._path, ports, self._claim.port)
        site = load_site(self.folder.site)
        await self._lines.open_serial(self._store, serial_paths(site))
        self.office = HeadOffice(self.folder.address)
        self._make_children(self.folder)
        self.broker.start()
        self.collector.start()
        await self._until(self.office.is_ready)
        self._collector_says(
            "user", "add", USER, "--role", "technician", "--password-file", str(self.folder.user_password)
        )
        self.password = self.folder.user_password.read_text(encoding="utf-8")
        self.office.enter(USER, self.password)
        self.agent.start()
        await self._until(lambda: self._hears(site))
        self.ready_at = time.monotonic()

    def begin_story(self) -> None:
        self._store.begin_story(self.story.faults)

    def one_time_link(self) -> str:
        """A link that lets one person in once. Raises DemoFailed."""
        return self._collector_says("user", "link", USER, "--base-url", self.folder.address).splitlines()[-1]

    async def look(self) -> None:
        """Live on for a moment, and see what head office has. Raises DemoFailed when a program has ended."""
        await asyncio.sleep(_LOOKS_EVERY)
        self._store.catch_up()
        self._raise_if_ended()
        try:
            seen = await asyncio.to_thread(self._visit)
        except NotAnswering:
            return
        for ticket in seen[len(self.tickets) :]:
            self._say(self.clock.now(), _opened(ticket))
        self.tickets = seen

    def seconds(self) -> float:
        """Wall time since the demo was ready."""
        return time.monotonic() - self.ready_at

    async def drain(self) -> Counts:
        """Ends the agent, then the collector, in an orderly way, and counts. Raises DemoFailed."""
        await asyncio.to_thread(self.agent.stop)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(self.collector.stop)
        return count(self.folder.outbox, self.folder.database, self.folder.store)

    async def stop(self) -> None:
        """Leaves no process and no port behind; may be called at any time, also twice."""
        while self._children:
            await asyncio.to_thread(self._children.pop().stop)
        await self._lines.close()
        if self._claim:
            self._claim.close()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    def _make_children(self, folder: DemoFolder) -> None:
        clock = clock_argument(self.clock)
        self.broker = BrokerProgram(folder.path / "broker", folder.broker_port, folder.store, folder.password)
        self.collector = self._program("collector", ["collector", "run", str(folder.collector), "--clock", clock])
        self.agent = self._program("edge-agent", ["edge_agent", "run", str(folder.site), "--clock", clock])
        self._children = [self.broker, self.collector, self.agent]

    def _program(self, name: str, arguments: Sequence[str]) -> Program:
        return Program(name, arguments, self.folder.log(name))

    async def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while not await asyncio.to_thread(condition):
            self._raise_if_ended()
            if time.monotonic() > deadline:
                words = "\n".join(f"[{child.name}]\n{child.last_words()}" for child in self._children)
                raise DemoFailed(f"not ready within {_READY_WITHIN:.0f} s\n{words}")
            await asyncio.sleep(_LOOKS_EVERY)

    def _raise_if_ended(self) -> None:
        for child in self._children:
            if child.ended():
                raise DemoFailed(f"{child.name} ended by itself\n{child.last_words()}")

    def _hears(self, site: Site) -> bool:
        try:
            return self.office.heard_devices(site.id) >= {device.id for device in site.devices}
        except NotAnswering:
            return False

    def _visit(self) -> tuple[SeenTicket, ...]:
        try:
            return self.office.tickets()
        except NotAnswering:
            self.office.enter(USER, self.password)  # a session ends sooner where time runs faster
            return self.office.tickets()

    def _collector_says(self, *arguments: str) -> str:
        verb, *rest = arguments
        command = [sys.executable, "-m", "collector", verb, str(self.folder.collector), *rest]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30.0, check=False)
        if done.returncode:
            raise DemoFailed(f"collector {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def _tell(self, before: StoreState, after: StoreState) -> None:
        faults = (self._store.faults(before.at), self._store.faults(after.at))
        for happening in happenings(self._store.places, before, after, faults):
            self._say(happening.at, happening.text)


def _clock(site: Site, story: Story) -> Clock:
    """Today, at the hour at which the story starts, and from now on faster than the wall."""
    timezone = ZoneInfo(site.timezone)
    began = datetime.combine(datetime.now(timezone).date(), story.starts, timezone)
    argument = f"{began.astimezone(UTC).isoformat()}@{time.time()!r}x{story.factor!r}"
    return machine_clock(time.time, time.monotonic, argument)


def _live_store(site: Site, story: Story, clock: Clock, watch: Callable[[StoreState, StoreState], None]) -> LiveStore:
    places = places_of(site)
    state = start(places, clock.now(), ZoneInfo(site.timezone), story.defrosts)
    return LiveStore(places, state, clock, watch)


def _opened(ticket: SeenTicket) -> Text:
    name, title = ticket.device_name, ticket.title
    return Text(
        zh=f"工单 {ticket.number} 已生成:{name.zh},{title.zh}",
        en=f"ticket {ticket.number} opened: {name.en}, {title.en}",
    )
