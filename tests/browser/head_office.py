"""Head office for a browser: the collector's own web and ingest, with stores that the test speaks for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from collector.api.build import build_app
from collector.api.feed_tail import FeedTail
from collector.api.office import Office, Readiness
from collector.app import PAGE, clock_from, wall_now
from collector.domain.accounts import Account, Cost, hash_password, hash_token
from collector.inbox import Message
from collector.ingest import Ingest
from collector.meters import Meters
from collector.record import Recorder
from collector.store import accounts, lines
from collector.store.database import Database
from collector.store.lines import Line
from collector.telemetry.sqlite import SqliteTelemetry
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
from rules.load import load_rules

STORE = "demo-001"
PASSWORD = "three-in-the-morning"
TECHNICIAN = Account(name="zhang", role="technician")
COLLEAGUE = Account(name="li", role="technician")
DISPATCHER = Account(name="wang", role="dispatcher")
CASES = {"freezer-1": Text(zh="冷冻柜 1", en="Freezer 1"), "freezer-2": Text(zh="冷冻柜 2", en="Freezer 2")}
EVERY = timedelta(minutes=1)


class Letterbox:
    """The inbox of one message."""

    def __init__(self, message: Message) -> None:
        self._messages = [message]
        self.acks: list[Ack] = []

    def take(self, _most: int, _linger: float) -> list[Message]:
        return [self._messages.pop()] if self._messages else []

    def answer(self, _store: str, ack: Ack) -> None:
        self.acks.append(ack)

    def settle(self, _message: Message) -> None:
        """There is no broker to tell."""


class HeadOffice:
    """`open` and `close` are the web server's; what stores say is taken in at any time."""

    def __init__(self, folder: Path) -> None:
        self._database = Database(folder / "collector.sqlite")
        self._database.migrate()
        self._clock = clock_from(None)
        self._meters = Meters()
        self._telemetry = SqliteTelemetry(self._database)
        self._book = load_rules()
        self._recorder = Recorder(self._book, self._telemetry)
        self._seq = 0
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._feed: FeedTail | None = None
        with self._database.writing() as connection:
            stored = hash_password(PASSWORD, b"salt", Cost(log_n=8))
            for account in (TECHNICIAN, COLLEAGUE, DISPATCHER):
                accounts.write_account(connection, account, stored, wall_now())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Serves the page; a second time on the same port."""
        listening = socket.create_server(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        self._feed = FeedTail(self._database, lambda: self._clock.now().isoformat().replace("+00:00", "Z"))
        config = uvicorn.Config(self._app(self._feed), log_config=None, ws="none", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, args=(self._server, listening))
        self._thread.start()

    def close(self) -> None:
        """Hangs up on every page."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = self._feed = None

    def dispose(self) -> None:
        self.close()
        self._database.close()

    def login_link(self) -> str:
        with self._database.writing() as connection:
            accounts.make_link(connection, TECHNICIAN.name, hash_token("once"), wall_now())
        return f"{self.address}/login/once"

    def let_colleague_accept(self, ticket: int) -> None:
        self.let_colleague(f"/tickets/{ticket}/moves", {"from": "new", "to": "accepted"})

    def let_colleague(self, path: str, asked: dict[str, str], name: str = COLLEAGUE.name) -> None:
        """Posts it, whatever anybody has on a screen."""
        with httpx.Client(base_url=f"{self.address}/api/v1") as client:
            client.post("/session", json={"name": name, "password": PASSWORD}).raise_for_status()
            client.post(path, json=asked).raise_for_status()

    def learn_of_store(self) -> None:
        self.hear([status(self._clock.now())])

    def warm(self, device: str) -> None:
        """An hour and a half of a freezer whose compressor gave up 40 minutes ago."""
        now = self._clock.now()
        self.hear(freezer(device, now - EVERY * ago, ago) for ago in range(90, -1, -1))

    def hear(self, bodies: Iterable[Body]) -> None:
        """As a message of the store, through the ingest."""
        entries = []
        for body in bodies:
            self._seq += 1
            entries.append((self._seq, encode_body(body)))
        acks = self._take_in(encode_batch("outbox-1", entries))
        assert acks[-1].upto == self._seq, "the message was not stored"

    def hear_nonsense(self, payload: bytes) -> None:
        """A message of the store that nobody can read."""
        self._take_in(payload)

    def miss(self, store: str) -> None:
        """As the watch does once a store is not heard for long enough, but for the ticket."""
        with self._database.writing() as connection:
            lines.write_line(connection, store, Line(silent_since=self._clock.now()))

    def _take_in(self, payload: bytes) -> Sequence[Ack]:
        inbox = Letterbox(
            Message(topic=batch_topic(STORE), payload=payload, mid=1, session=1, arrived=self._clock.steady())
        )
        wake = self._feed.wake if self._feed else _nobody_listens
        Ingest(inbox, self._database, self._recorder, self._clock, self._meters, wake).turn()
        return inbox.acks

    def _app(self, feed: FeedTail) -> ASGIApp:
        return build_app(
            Office(
                database=self._database,
                telemetry=self._telemetry,
                feed=feed,
                meters=self._meters,
                clock=self._clock,
                wall=wall_now,
                readiness=lambda: Readiness(database=True, broker=True, ingest=True),
                book=lambda: self._book,
                observe=_nobody_listens,
                page=PAGE,
            )
        )

    @staticmethod
    def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
        with listening:
            server.run([listening])


def _nobody_listens() -> None:
    """There is no web server just now, or nothing to observe."""


def status(at: datetime) -> AgentStatus:
    devices = tuple(
        Device(
            id=id_,
            device_class="refrigeration_case",
            duty="freezer",
            profile="danfoss_ekc204a1",
            profile_version=1,
            proven=False,
            name=name,
        )
        for id_, name in CASES.items()
    )
    return AgentStatus(
        at=at,
        boot="boot-1",
        agent_version="0.1.0",
        name=Text(zh="示范门店", en="Demo store"),
        timezone="Asia/Shanghai",
        devices=devices,
        buses=(),
        outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
    )


def freezer(device: str, at: datetime, minutes_ago: int) -> Telemetry:
    """One poll; colder than its limit until 40 minutes ago."""
    warmth = max(0, 40 - minutes_ago) * 0.05
    air = -20.0 if minutes_ago > 40 else round(-11.5 + warmth, 1)
    good: dict[str, Value] = {
        "temp.control": air,
        "temp.evaporator": round(air + 0.5, 1),
        "sp.effective": -20.0,
        "state.mode": "cooling",
        "out.compressor": True,
        "out.fan": True,
        "defrost.active": False,
        "alarm.any": False,
    }
    readings = [Reading(point=point, value=value) for point, value in good.items()]
    readings.append(Reading(point="temp.air_off", value=None, quality=Quality.PROBE_FAULT))
    return Telemetry(
        device=device, at=at, boot="boot-1", mono=at.timestamp(), clock_trusted=True, readings=tuple(readings)
    )
