"""A simulated chain: plays days of misfortune, and looks at every step whether every promise holds."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from sqlite3 import connect
from unittest.mock import patch

from collector.telemetry.base import Arrival
from edge_agent.outbox import ledger as accounts
from edge_agent.outbox import queue
from edge_agent.settings import inventory, load_site
from tests.simulation.audit import Shelf
from tests.simulation.disk import SimulatedDisk
from tests.simulation.gateway import BEGIN, Booted, Gateway, site_file, true_time
from tests.simulation.ledger import Broken, Ledger
from tests.simulation.loop import run
from tests.simulation.misfortune import COMMON, DAY_S, RARE, Misfortune
from tests.simulation.network import Network
from tests.simulation.office import HeadOffice
from tests.simulation.oracle import Oracle
from tests.simulation.watch import LOOK_EVERY_S, Watchman, dump

CALM_S = 2 * 3600.0
"""Before a day is closed nothing goes wrong for a while, so that all must be there."""
STORIES_A_DAY = 6
NESTED = 0.4
"""The share of stories that the next one does not wait for."""
RARE_A_DAY = 0.15
TECHNICIANS_COME_S = 6 * 3600.0
"""On average, whatever is going on."""
_GAPS = "SELECT rowid, reason, count FROM gap WHERE store = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to; the same for the same seed. `digest` is of every message, its time, and the database."""

    days: int
    committed: int
    kept: int
    dropped: int
    alarms: int
    crashes: int
    settled: int
    closed: int
    truths: int
    episodes: int
    stories: dict[str, int]
    digest: str


@dataclass(slots=True, kw_only=True)
class World:
    """`tick` is called when a day is over, with its number; for whoever measures."""

    seed: str
    network: Network
    office: HeadOffice
    tick: Callable[[int], None]
    gateways: dict[str, Gateway] = field(default_factory=dict)
    oracles: dict[str, Oracle] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    stories: Counter[str] = field(default_factory=Counter)
    settled: int = 0
    closed: int = 0
    _watchman: Watchman = field(init=False)
    _watching: asyncio.Task[None] | None = None
    _mending: asyncio.Task[None] | None = None
    _running: list[asyncio.Task[None]] = field(default_factory=list)
    _rare: asyncio.Task[None] | None = None
    _gaps: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._watchman = Watchman(self)

    def any_gateway(self, dice: Random) -> Gateway:
        return self.gateways[dice.choice(sorted(self.gateways))]

    def wall(self) -> float:
        return BEGIN.timestamp() + asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())

    def muddle(self, store: str) -> None:
        """From now on until all is quiet head office cannot know all that the oracle knows."""
        self.oracles[store].muddled = self.gateways[store].ledger.lenient = True

    async def power_off(self, dice: Random) -> str:
        """What an agent noted by a wrong clock, and could not send, nobody can set right once the machine is off."""
        gateway = self.any_gateway(dice)
        if gateway.ledger.orphan():
            self.oracles[gateway.site.id].muddled = True
        await gateway.lose_power()
        return gateway.site.id

    async def live(self, days: int) -> None:
        """Raises Broken."""
        self.office.start()
        for gateway in self.gateways.values():
            gateway.boot()
        self._watching = asyncio.ensure_future(self._watch())
        self._mending = asyncio.ensure_future(self._mend())
        for day in range(days):
            await self._day(day, last=day == days - 1)
            self.tick(day)

    def compared(self) -> tuple[int, int]:
        return self._watchman.truths, self._watchman.episodes

    async def _day(self, day: int, *, last: bool) -> None:
        dice = Random(f"{self.seed} day {day}")
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + DAY_S
        if self._rare is None and dice.random() < RARE_A_DAY:
            self._rare = self._begin(dice.choice(RARE), Random(f"{self.seed} rare {day}"))
        for number in range(STORIES_A_DAY):
            await self._until(ends_at - DAY_S + (DAY_S - CALM_S) * (number + dice.random()) / STORIES_A_DAY)
            told = self._begin(dice.choice(COMMON), Random(f"{self.seed} day {day} story {number}"))
            self._running.append(told)
            if dice.random() >= NESTED:
                await told
        for told in self._running:
            await told
        self._running.clear()
        if self._rare and (self._rare.done() or last):
            await self._rare
            self._rare = None
        await self._until(max(ends_at, loop.time() + CALM_S))
        self._look()
        if self._rare is None:
            self._settle()

    def _begin(self, story: Misfortune, dice: Random) -> asyncio.Task[None]:
        self.stories[story.__name__] += 1

        async def tell() -> None:
            await story(self, dice)

        return asyncio.ensure_future(tell())

    async def _until(self, second: float) -> None:
        loop = asyncio.get_running_loop()
        if second > loop.time():
            await asyncio.sleep(second - loop.time())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                self._watchman.look(loop.time())
            except Broken as broken:
                raise Broken(f"{self.now():%d %H:%M:%S} {broken}") from broken

    async def _mend(self) -> None:
        """Tickets of faults that are over are closed, so that the next fault must open one of its own."""
        dice = Random(f"{self.seed} technicians")
        while True:
            await asyncio.sleep(dice.expovariate(1 / TECHNICIANS_COME_S))
            self.closed += self.office.close_what_is_over()

    def _look(self) -> None:
        """What must hold at any moment."""
        for gateway in self.gateways.values():
            if failure := gateway.failure():
                raise Broken(f"the agent of {gateway.site.id} broke: {failure!r}") from failure
        if failure := self.office.failure():
            raise Broken(f"head office broke: {failure!r}") from failure
        for task in (self._watching, self._mending):
            if task and task.done():
                raise Broken(str(task.exception())) from task.exception()

    def _settle(self) -> None:
        """What must hold after a calm while: nothing missing, and head office sees what is."""
        calm = self.now() - timedelta(minutes=10)
        for store, gateway in self.gateways.items():
            untrusted, gateway.ledger.untrusted = gateway.ledger.untrusted, 0
            if untrusted:
                self.oracles[store].muddled = True
            if gateway.ledger.lenient:
                self.shelves[store].kept.clear()
            self.shelves[store].read_back(self.office, store)
            gateway.ledger.settle(calm, self._new_gaps(store))
            self._watchman.settle(store, calm)
            self.settled += not self.oracles[store].muddled

    def _new_gaps(self, store: str) -> Counter[str]:
        """Since the last time: entries by reason."""
        told: Counter[tuple[str, str]] = Counter()
        for _, reason, count in self.office.ask(_GAPS, store):
            told[store, reason] += count
        new = Counter({reason: count - self._gaps[store, reason] for (_, reason), count in told.items()})
        self._gaps |= told
        return new


def build(seed: str, folder: Path, stores: int, tick: Callable[[int], None] = lambda _: None) -> World:
    network = Network(Random(f"{seed} network"))
    ledgers: dict[str, Ledger] = {}

    def keep(arrival: Arrival) -> None:
        ledgers[arrival.store].keep(arrival.telemetry)
        world.shelves[arrival.store].keep(arrival.telemetry)

    office = HeadOffice(file=folder / "collector.sqlite", network=network, dice=Random(f"{seed} office"), kept=keep)
    world = World(seed=seed, network=network, office=office, tick=tick)
    for number in range(1, stores + 1):
        site = load_site(site_file(folder, f"sim-{number:03d}"))
        booted: dict[str, Booted] = {}
        told = true_time(booted)
        devices = {device.id: device for device in inventory(site)}
        oracle = Oracle(store=site.id, devices=devices, true_time=told, now=world.now, true_from=BEGIN)
        ledger = ledgers[site.id] = Ledger(store=site.id, true_time=told, on_commit=oracle.hear, now=world.now)
        world.gateways[site.id] = Gateway(
            site=site,
            network=network,
            disk=SimulatedDisk(folder / site.id, Random(f"{seed} {site.id} disk")),
            ledger=ledger,
            seed=f"{seed} {site.id}",
            dice=Random(f"{seed} {site.id} agent"),
            booted=booted,
        )
        world.oracles[site.id] = oracle
        world.shelves[site.id] = Shelf()
    return world


def simulate(seed: str, days: int, stores: int = 1, tick: Callable[[int], None] = lambda _: None) -> Outcome:
    """Raises Broken, or whatever a program of ours raised."""
    memory = Path("/dev/shm")  # where there is one, syncs cost nothing
    names = Random(f"{seed} streams")

    def name_stream() -> str:
        return f"{names.getrandbits(128):032x}"

    with (
        tempfile.TemporaryDirectory(dir=memory if memory.exists() else None) as folder,
        patch.object(accounts, "new_stream", name_stream),
        patch.object(queue, "new_stream", name_stream),
    ):
        world = build(seed, Path(folder), stores, tick)
        try:
            run(lambda: world.live(days))
        finally:
            world.office.close()
            for gateway in world.gateways.values():
                if gateway.disk.outbox:
                    gateway.disk.outbox.close()
        return _outcome(world, days)


def _outcome(world: World, days: int) -> Outcome:
    with closing(connect(world.office.file)) as file:
        world.network.transcript.update(dump(file).encode())
    ledgers = [gateway.ledger for gateway in world.gateways.values()]
    truths, episodes = world.compared()
    return Outcome(
        days=days,
        committed=sum(ledger.committed for ledger in ledgers),
        kept=sum(ledger.kept for ledger in ledgers),
        dropped=sum(ledger.dropped for ledger in ledgers),
        alarms=sum(len(oracle.past) + len(oracle.standing) for oracle in world.oracles.values()),
        crashes=world.office.crashes,
        settled=world.settled,
        closed=world.closed,
        truths=truths,
        episodes=episodes,
        stories=dict(sorted(world.stories.items())),
        digest=world.network.transcript.hexdigest(),
    )
