"""A collector without a broker: an inbox of lists, a clock that a test turns, and messages as a store sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, func, select

from collector.inbox import Message
from collector.ingest import Ingest
from collector.meters import Meters
from collector.record import Recorder
from collector.store import inventory
from collector.store.database import Database
from collector.store.tables import ticket
from collector.telemetry.sqlite import SqliteTelemetry, every_reading
from collector.watch import Watch
from edge_agent.contract.clock import Clock
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import (
    Ack,
    AgentStatus,
    Body,
    Device,
    OutboxHealth,
    Quality,
    Reading,
    Telemetry,
    Value,
)
from edge_agent.contract.text import Text
from edge_agent.contract.topics import batch_topic
from rules.book import RuleBook
from rules.load import load_rules

STORE = "shop-1"
STREAM = "outbox-a"
MORNING = datetime(2026, 7, 15, 2, tzinfo=UTC)
NOW = MORNING + timedelta(hours=2)
"""By head office: after everything that a test sends from that morning."""
BOOK = load_rules()
TOO_WARM = "refrigeration.air_temperature_high"

FREEZER = Device(
    id="freezer-1",
    device_class="refrigeration_case",
    duty="freezer",
    profile="danfoss_ekc204a1",
    profile_version=1,
    proven=False,
    name=Text(zh="冷冻柜 1", en="Freezer 1"),
)


@dataclass
class HandClock:
    """Seconds that only a test moves on."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds

    def clock(self) -> Clock:
        return Clock(wall=self, steady=self, epoch=NOW)


@dataclass
class ListInbox:
    """An Inbox that gives what lies in `waiting`, a number at a time, and keeps the answers."""

    waiting: list[Message] = field(default_factory=list)
    acks: list[tuple[str, Ack]] = field(default_factory=list)
    settled: list[Message] = field(default_factory=list)

    def take(self, most: int, _linger: float) -> list[Message]:
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return taken

    def answer(self, store: str, ack: Ack) -> None:
        self.acks.append((store, ack))

    def settle(self, message: Message) -> None:
        self.settled.append(message)


@dataclass
class Bench:
    """One ingest on a database file; a second one on the same file is another collector."""

    path: Path
    book: RuleBook = BOOK
    busy_timeout: float = 5.0
    watched: bool = False

    def __post_init__(self) -> None:
        self.hand = HandClock()
        self.clock = self.hand.clock()
        self.inbox = ListInbox()
        self.meters = Meters()
        self.woken = 0
        self.hears = True
        self._seq = 0
        self.database = Database(self.path, self.busy_timeout)
        self.database.migrate()
        self.start()

    def start(self) -> None:
        """A new process, as far as its memory goes."""
        self.telemetry = SqliteTelemetry(self.database)
        recorder = Recorder(self.book, self.telemetry)
        watch = Watch(self.database, self.clock, self.meters, lambda: self.hears, book=self.book)
        args = (self.inbox, self.database, recorder, self.clock, self.meters, self.wake)
        self.ingest = Ingest(*args, watch if self.watched else None)

    def wake(self) -> None:
        self.woken += 1

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def send(self, *entries: tuple[int, Body], store: str = STORE, stream: str = STREAM) -> None:
        """One message, and a turn of the ingest."""
        self.inbox.waiting.append(message(*entries, store=store, stream=stream))
        self.ingest.turn()

    def count_readings(self) -> int:
        return self.telemetry.count()

    def count_tickets(self) -> int:
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(ticket)).scalar_one()

    def stored_seqs(self) -> list[int]:
        with self.database.reading() as connection:
            return sorted(one.seq for one in every_reading(connection))


def listed(connection: Connection, store: str = STORE) -> list[str]:
    """The devices that the newest inventory lists."""
    return [one.device.id for state in inventory.states(connection) if state.label.id == store for one in state.devices]


def message(*entries: tuple[int, Body], store: str = STORE, stream: str = STREAM) -> Message:
    payload = encode_batch(stream, [(seq, encode_body(body)) for seq, body in entries])
    return raw_message(payload, batch_topic(store))


def raw_message(payload: bytes, topic: str) -> Message:
    return Message(topic=topic, payload=payload, mid=1, session=1, arrived=0.0)


def status(*devices: Device, at: datetime = MORNING) -> AgentStatus:
    return AgentStatus(
        at=at,
        boot="boot-1",
        agent_version="0.1.0",
        name=Text(zh="示范门店", en="Demo store"),
        timezone="Asia/Shanghai",
        devices=devices or (FREEZER,),
        buses=(),
        outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
    )


def poll(minute: float, value: Value | Quality, *, point: str = "temp.control", device: str = FREEZER.id) -> Telemetry:
    """One poll of the freezer, `minute` minutes into the morning."""
    bad = isinstance(value, Quality)
    seen = (
        Reading(point=point, value=None, quality=Quality(value)) if bad else Reading(point=point, value=value)  # type: ignore[arg-type]
    )
    at = MORNING + timedelta(minutes=minute)
    return Telemetry(device=device, at=at, boot="boot-1", mono=minute * 60, clock_trusted=True, readings=(seen,))


def warm_freezer(first_seq: int = 2) -> Sequence[tuple[int, Telemetry]]:
    """Forty minutes at -5 °C: the limit is -12 °C for thirty."""
    return [(first_seq + turn, poll(turn * 5, -5.0)) for turn in range(9)]
