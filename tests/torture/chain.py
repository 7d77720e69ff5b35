"""A chain of stores whose head office is away: what befell each of them meanwhile, as their outboxes have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from random import Random

from collector.record import Delivery, Recorder
from collector.store.database import Database
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.clock import Clock
from edge_agent.contract.codec import decode_batch, encode_batch
from edge_agent.contract.readings import AgentStatus, Body, BusHealth, Device, OutboxHealth, Reading, Telemetry
from edge_agent.contract.text import same
from edge_agent.outbox.queue import Outbox
from rules.load import load_rules

DEVICES = 6
POLL_EVERY, STATUS_EVERY = timedelta(minutes=1), timedelta(minutes=5)
"""Report on change lets a device of the reference store speak about once a minute (docs/performance.md)."""
OUTAGE = timedelta(hours=3)
COMMITTED_AT_ONCE = 500
OTHERS = ("temp.air_off", "temp.evaporator", "temp.product", "temp.air_on")
OTHERS_SHARE = 0.4
TOO_WARM = -5.0


class Fate(Enum):
    """What befell the first device of a store, as minutes before the return from which and until which it was warm."""

    SOUND = None
    WRONG_FOR_LONG = (120, 0)
    """The beginning is history: at first it is only known to be wrong since then at least."""
    WRONG_LATELY = (45, 0)
    OVER = (55, 20)
    """Over at the return, within what is sent first: nobody shall be told."""
    OVER_FOR_LONG = (170, 110)
    """Over before the live lane begins: nor of this."""


FATES = (Fate.WRONG_FOR_LONG, Fate.WRONG_LATELY, Fate.OVER, Fate.OVER_FOR_LONG, *6 * (Fate.SOUND,))
"""By turns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """`returns_at` is POSIX seconds: the backlog ends there. A store dials again within `redial_within_s`."""

    folder: str
    stores: int
    returns_at: float
    machine: str
    redial_within_s: float
    port: int
    username: str
    password: str

    @property
    def returns(self) -> datetime:
        return datetime.fromtimestamp(self.returns_at).astimezone()

    def argument(self) -> str:
        return json.dumps(asdict(self))


def chain_of(argument: str) -> Chain:
    return Chain(**json.loads(argument))


@dataclass(frozen=True, slots=True)
class Shop:
    """One store; all that it says follows from its number."""

    chain: Chain
    number: int

    @property
    def id(self) -> str:
        return f"shop-{self.number:04}"

    @property
    def fate(self) -> Fate:
        return FATES[self.number % len(FATES)]

    @property
    def wrong_since(self) -> datetime | None:
        return self.chain.returns - timedelta(minutes=self.fate.value[0]) if self.fate.value else None

    @property
    def is_wrong(self) -> bool:
        return self.fate in {Fate.WRONG_FOR_LONG, Fate.WRONG_LATELY}

    @property
    def is_over(self) -> bool:
        return self.fate in {Fate.OVER, Fate.OVER_FOR_LONG}

    @property
    def boot(self) -> str:
        return f"{self.chain.machine}.{self.number:08}"

    @property
    def outbox(self) -> Path:
        return Path(self.chain.folder) / self.id / "outbox.sqlite"

    def status(self, at: datetime) -> AgentStatus:
        bus = BusHealth(bus="line-a", up=True, turns=9, requests=90, no_answers=0, refusals=0, cycle_s=0.4)
        return AgentStatus(
            at=at,
            boot=self.boot,
            agent_version="0",
            name=same(self.id),
            timezone="Asia/Shanghai",
            devices=tuple(_freezer(number) for number in range(DEVICES)),
            buses=(bus,),
            outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
        )

    def round(self, at: datetime, mono: float, dice: Random) -> list[Body]:
        """A poll of each device, one second after the other, and now and then the status."""
        polls: list[Body] = [self._poll(number, at, mono, dice) for number in range(DEVICES)]
        minute = int(at.timestamp()) // 60
        return [*polls, self.status(at)] if minute % 5 == self.number % 5 else polls

    def _poll(self, number: int, at: datetime, mono: float, dice: Random) -> Telemetry:
        later = timedelta(seconds=number)
        air = self._air(number, at + later, dice)
        others = [name for name in OTHERS if dice.random() < OTHERS_SHARE]
        told = {"temp.control": air} | {name: round(air + dice.uniform(-2, 2), 1) for name in others}
        return Telemetry(
            device=f"freezer-{number}",
            at=at + later,
            boot=self.boot,
            mono=mono + number,
            clock_trusted=True,
            readings=tuple(Reading(point=point, value=value) for point, value in told.items()),
        )

    def _air(self, number: int, at: datetime, dice: Random) -> float:
        if number == 0 and self.fate.value:
            first, last = (self.chain.returns - timedelta(minutes=minutes) for minutes in self.fate.value)
            if first <= at and (at < last or self.is_wrong):
                return TOO_WARM
        return round(-20.0 - dice.randrange(7) / 10, 1)


def shops(chain: Chain) -> list[Shop]:
    return [Shop(chain, number) for number in range(chain.stores)]


def live_through(chain: Chain, office: Path, clock: Clock, dice: Random) -> dict[str, int]:
    """Head office knows all stores, and has not been heard for `OUTAGE`. Returns the last number of each outbox."""
    last = dict[str, int]()
    with closing(Database(office)) as database:
        database.migrate()
        recorder = Recorder(load_rules(), SqliteTelemetry(database))
        for shop in shops(chain):
            shop.outbox.parent.mkdir(parents=True)
            with closing(Outbox(shop.outbox)) as outbox:
                _meet(shop, outbox, database, recorder, clock, dice)
                for bodies in _backlog(shop, clock, dice):
                    last[shop.id] = outbox.append(bodies)
    return last


def _meet(shop: Shop, outbox: Outbox, database: Database, recorder: Recorder, clock: Clock, dice: Random) -> None:
    """The last that head office heard of the store."""
    at = shop.chain.returns - OUTAGE - POLL_EVERY
    outbox.append([shop.status(at), *shop.round(at, _mono(clock, at), dice)])
    batch = decode_batch(shop.id, encode_batch(outbox.stream, outbox.pending(0)))
    with database.writing() as connection:
        tally = recorder.record(connection, [Delivery(batch=batch)], at)
    for _, ack in tally.acks:
        outbox.confirm(ack)


def _backlog(shop: Shop, clock: Clock, dice: Random) -> Iterator[list[Body]]:
    bodies: list[Body] = []
    at = shop.chain.returns - OUTAGE + timedelta(seconds=shop.number % 60)
    while at < shop.chain.returns:
        bodies += shop.round(at, _mono(clock, at), dice)
        at += POLL_EVERY
        if len(bodies) >= COMMITTED_AT_ONCE:
            yield bodies
            bodies = []
    yield bodies


def _mono(clock: Clock, at: datetime) -> float:
    """What the monotonic clock said then."""
    return clock.mono() - (clock.now() - at).total_seconds()


def _freezer(number: int) -> Device:
    return Device(
        id=f"freezer-{number}",
        device_class="refrigeration_case",
        duty="freezer",
        profile="danfoss_ekc204a1",
        profile_version=1,
        proven=False,
        name=same(f"Freezer {number}"),
    )
