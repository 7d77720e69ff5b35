"""One store's gateway: the shipped agent's parts, in a machine that is killed, loses power and has a bad clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from edge_agent import publisher as publishing
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.poller import Poller
from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import AgentStatus, Telemetry
from edge_agent.outbox.recorder import Recorder
from edge_agent.publisher import Publisher
from edge_agent.settings import Site, inventory
from edge_agent.timekeeper import Timekeeper
from tests.simulation.disk import SimulatedDisk, SimulatedOutbox
from tests.simulation.ledger import Ledger
from tests.simulation.network import Network, SimulatedLink
from tests.simulation.plant import Fortune, SimulatedBus, bus_of

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
TURN_EVERY_S = 293.0
"""No hold of a rule is a multiple of it: at its very end two clocks could rightly disagree."""
STATUS_EVERY_S = 900.0
publishing.BEAT_EVERY_S = 300.0
"""The watchdog's rhythm, which nobody watches here, would be what most of a simulated day is spent on."""
PPM = 1e-6
PROFILES = Path(__file__).parent / "profiles"


@dataclass(frozen=True, slots=True)
class Booted:
    """When (seconds) the machine of an agent's run began, and what its crystal gains in a second."""

    at: float
    drift: float

    def true_second(self, mono: float) -> float:
        return self.at + mono / (1 + self.drift)


@dataclass(slots=True, kw_only=True)
class Gateway:
    """`wrong_by` is what its wall clock was set wrong by (seconds); `drift` what its crystal gains in a second.

    `held` counts the misfortunes that keep it from running just now.
    """

    site: Site
    network: Network
    disk: SimulatedDisk
    ledger: Ledger
    seed: str
    dice: Random
    wrong_by: float = 0.0
    drift: float = 0.0
    held: int = 1
    boots: int = 0
    runs: int = 0
    booted_at: float = 0.0
    booted: dict[str, Booted] = field(default_factory=dict)
    buses: dict[str, SimulatedBus] = field(default_factory=dict)
    recorder: Recorder | None = None
    publisher: Publisher | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def running(self) -> bool:
        return bool(self._tasks)

    def start(self) -> None:
        """The agent begins, on the machine as it stands, unless something else still keeps it down."""
        self.held -= 1
        if self.held:
            return
        self.runs += 1
        boot = f"{self.site.id}-{self.boots}.{self.runs}"
        booted = self.booted[boot] = Booted(self.booted_at, self.drift)
        now = asyncio.get_running_loop().time

        def steady() -> float:
            return (now() - booted.at) * (1 + booted.drift)

        clock = Clock(wall=lambda: BEGIN.timestamp() + booted.at + steady() + self.wrong_by, steady=steady)
        timekeeper = Timekeeper(clock, boot)
        news = asyncio.Event()
        self.recorder = Recorder(SimulatedOutbox(self.disk, self.ledger), wake=news.set)
        self.publisher = Publisher(
            self.site.id,
            self.recorder,
            lambda heard, lost: SimulatedLink(self.network, self.site.id, heard, lost),
            news,
            steady=clock.steady,
            chance=self.dice.random,
            beat=lambda: None,
            timekeeper=timekeeper,
            redial_within=lambda: self.site.broker.redial_within,
        )
        announced = asyncio.Event()
        pollers = [self._poller(bus, timekeeper, clock) for bus in self.site.buses]
        work: list[Coroutine[Any, Any, None]] = [
            self.publisher.run(),
            self._poll(pollers, self.recorder, clock, announced),
            self._tell(self.recorder, clock, timekeeper, pollers, announced),
        ]
        self._tasks = [asyncio.ensure_future(one) for one in work]

    async def kill(self) -> None:
        """As kill -9: nobody cleans up; what the process had written is there. `start` undoes it."""
        await self._end(power=False)

    async def lose_power(self) -> None:
        """`boot` undoes it."""
        await self._end(power=True)

    async def _end(self, *, power: bool) -> None:
        self.held += 1
        tasks, self._tasks = self._tasks, []
        if self.recorder and self.recorder._gathering:
            tasks.append(self.recorder._gathering)
        if self.recorder and self.recorder._rescuing:
            tasks.append(self.recorder._rescuing)
        while tasks:  # Python 3.11 loses a cancellation that meets the end of a wait_for
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=0.001)
            tasks = [task for task in tasks if not task.done()]
        if link := self.network.links.get(self.site.id):
            await link.close()
        self.recorder = self.publisher = None
        self.boots += power
        self.disk.outlive(power=power)

    def boot(self, wrong_by: float = 0.0) -> None:
        """Power is back, and the clock says what it says."""
        self.booted_at = asyncio.get_running_loop().time()
        self.wrong_by = wrong_by
        self.drift = self.dice.choice((0.0, 0.0, 20.0, -200.0, 200.0)) * PPM
        self.start()

    def fortune(self, device: str) -> Fortune | None:
        """None where nobody has asked the device yet."""
        units = [unit for bus in self.buses.values() for unit in bus.units.values()]
        return next((unit.fortune for unit in units if unit.device.id == device), None)

    def failure(self) -> BaseException | None:
        """What ended a part of the agent that must never end."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                return task.exception() or RuntimeError("a part of the agent has ended")
        return None

    def _poller(self, bus: str, timekeeper: Timekeeper, clock: Clock) -> Poller:
        devices = self.site.devices_on(bus)
        if bus not in self.buses:
            self.buses[bus] = bus_of(devices, f"{self.seed} {bus}")
        return Poller(
            bus=bus,
            line=self.buses[bus],
            devices=devices,
            periods=self.site.poll,
            at_least_every=self.site.report.at_least_every,
            boot=timekeeper.boot,
            clock_trusted=timekeeper.trusted,
            clock=lambda: (clock.now(), clock.mono()),
            notebook=Notebook(),
        )

    async def _poll(self, pollers: list[Poller], recorder: Recorder, clock: Clock, announced: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        await announced.wait()
        while True:
            for bus in self.buses.values():
                bus.now = loop.time()
            found: list[Telemetry] = []
            for poller in pollers:
                found += await poller.turn(clock.now(), clock.mono())
            await recorder.record(found)
            await asyncio.sleep(TURN_EVERY_S - loop.time() % TURN_EVERY_S)

    async def _tell(
        self,
        recorder: Recorder,
        clock: Clock,
        timekeeper: Timekeeper,
        pollers: list[Poller],
        announced: asyncio.Event,
    ) -> None:
        """As the shipped agent: who it is comes before all that it reads."""
        while True:
            health = None
            with suppress(OSError):
                health = await recorder.health()
            if health:
                status = AgentStatus(
                    at=clock.now(),
                    boot=timekeeper.boot,
                    agent_version="simulated",
                    name=self.site.name,
                    timezone=self.site.timezone,
                    devices=inventory(self.site),
                    buses=tuple(poller.health() for poller in pollers),
                    outbox=health,
                    clock=timekeeper.health(),
                )
                await recorder.record([status])
            announced.set()
            await asyncio.sleep(STATUS_EVERY_S)


def true_time(booted: dict[str, Booted]) -> Callable[[Telemetry], datetime]:
    """When a telemetry was really taken, by the boot times of its machine."""

    def tell(telemetry: Telemetry) -> datetime:
        return BEGIN + timedelta(seconds=booted[telemetry.boot].true_second(telemetry.mono))

    return tell


def site_file(folder: Path, store: str) -> Path:
    file = folder / f"{store}.yaml"
    file.write_text(_SITE.format(store=store, profiles=PROFILES), encoding="utf-8")
    return file


_SITE = """\
store: {store}
name: {{zh: 仿真门店, en: Simulated store}}
timezone: Asia/Shanghai
state: ./{store}
profiles: {profiles}
broker: {{url: "mqtt://127.0.0.1:1883"}}
poll: {{fast: 4m, normal: 4m, slow: 15m}}
report: {{at_least_every: 5m}}
buses:
  line-a: {{type: rtu, port: ./line-a, baud: 9600, parity: E, stop_bits: 1}}
  line-b: {{type: rtu, port: ./line-b, baud: 9600, parity: N, stop_bits: 1}}
devices:
  - {{id: freezer-1, profile: sim_case, bus: line-a, unit: 1, duty: freezer, name: {{zh: 冷柜 1, en: Case 1}}}}
  - {{id: freezer-2, profile: sim_case, bus: line-a, unit: 2, duty: freezer, name: {{zh: 冷柜 2, en: Case 2}}}}
  - {{id: freezer-3, profile: sim_case, bus: line-a, unit: 3, duty: freezer, name: {{zh: 冷柜 3, en: Case 3}}}}
  - {{id: climate-1, profile: xy_md02, bus: line-b, unit: 9, duty: store_climate, name: {{zh: 温湿度, en: Climate}}}}
"""
