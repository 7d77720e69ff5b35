"""Head office in the simulation: the shipped ingest, record and rules on a real database file, killed at any commit."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Connection, event

from collector.inbox import Message
from collector.ingest import Ingest
from collector.meters import Meters
from collector.record import Recorder
from collector.store.database import Database, TryLater
from collector.telemetry.base import Arrival, Sample, Span
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import Ack
from tests.simulation.gateway import BEGIN
from tests.simulation.network import Network, answer
from tests.simulation.oracle import BOOK
from tests.simulation.technicians import close_what_is_over

INBOX_AT_MOST = 1_000
LINGER_S = 0.5
RETRY_S = 5.0
TIDY_EVERY_S = 3600.0
LOOK_EVERY_S = 120.0
"""At what no message brings about: the shipped ingest does it each 10 s."""


class Crash(BaseException):
    """The process is gone, here and now."""


class NotNow(BaseException):
    """The ingest would wait, which a thread can and the simulation's loop cannot."""


class _Stop(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 — an Event
        raise NotNow


class FragileDatabase(Database):
    """`crash_next` kills the process before the commit of the next write, or right after it."""

    crash_next: str = ""
    refusing: bool = False
    on_commit: Callable[[], None]
    on_rollback: Callable[[], None]

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        event.listen(self.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF").close())

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if self.refusing:
            raise TryLater("the disk is full")
        try:
            with super().writing() as connection:
                yield connection
                if self.crash_next == "before":
                    raise Crash
        except BaseException:
            self.on_rollback()
            raise
        self.on_commit()
        if self.crash_next == "after":
            raise Crash


class WitnessedTelemetry(SqliteTelemetry):
    """Remembers what a transaction was given, to be counted when it commits."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.given: list[Arrival] = []

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        self.given += arrivals
        return super().record(transaction, arrivals)


@dataclass(slots=True, kw_only=True)
class HeadOffice:
    """`kept` hears every telemetry that a commit made safe: store, stream, seq are the arrival's."""

    file: Path
    network: Network
    dice: Random
    stamps: Random = field(default_factory=lambda: Random(62))
    kept: Callable[[Arrival], None]
    inbox: deque[Message] = field(default_factory=deque)
    overflows: int = 0
    crashes: int = 0
    commits: int = 0
    held: int = 1
    database: FragileDatabase | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _taken: list[Message] = field(default_factory=list)
    _ingest: Ingest | None = None
    _telemetry: WitnessedTelemetry | None = None
    _clock: Clock | None = None
    _tidied_at: float = 0.0
    _outages: deque[float] = field(default_factory=lambda: deque(maxlen=5))
    _down_since: float = 0.0
    _witness: sqlite3.Connection | None = None
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Unless something else still keeps it down."""
        self.held -= 1
        if self.held:
            return
        self._outages.append(asyncio.get_running_loop().time() - self._down_since)
        self.commits += 1  # whoever remembers what the file said looks again
        self.database = FragileDatabase(self.file)
        self.database.on_commit = self.database.on_rollback = lambda: None
        self.database.migrate()
        telemetry = self._telemetry = WitnessedTelemetry(self.database)
        self.database.on_commit = lambda: self._count(telemetry)
        self.database.on_rollback = telemetry.given.clear
        now = asyncio.get_running_loop().time
        clock = self._clock = Clock(wall=lambda: BEGIN.timestamp() + now(), steady=now)
        recorder = Recorder(BOOK, telemetry, stamps=lambda: self.stamps.getrandbits(62))
        self._ingest = Ingest(self, self.database, recorder, clock, Meters(), lambda: None)
        self._ingest._stop = _Stop()
        self._witness = sqlite3.connect(self.file, isolation_level=None)
        self.network.attach(self.take_in)
        self._task = asyncio.ensure_future(self._work())

    async def kill(self) -> None:
        """What was in memory is gone. `start` undoes it."""
        self.held += 1
        self.network.detach()
        self.inbox.clear()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        self._down_since = asyncio.get_running_loop().time()
        self.close()

    def failure(self) -> BaseException | None:
        return self._task.exception() if self._task and self._task.done() and not self._task.cancelled() else None

    def keep_copy(self) -> None:
        """As a nightly backup would."""
        if self._witness:
            copy = self.file.with_name("copy.sqlite")
            copy.unlink(missing_ok=True)
            with closing(sqlite3.connect(copy)) as target:
                self._witness.backup(target)

    def restore_copy(self) -> None:
        for tail in ("-wal", "-shm"):
            self.file.with_name(self.file.name + tail).unlink(missing_ok=True)
        copy = self.file.with_name("copy.sqlite")
        if copy.exists():
            copy.replace(self.file)

    def longest_down(self) -> timedelta:
        """The longest that it was not there, of late."""
        return timedelta(seconds=max(self._outages, default=0.0))

    def take_in(self, message: Message) -> None:
        if len(self.inbox) >= INBOX_AT_MOST:
            self.overflows += 1  # the broker keeps it, unsettled
            return
        self.inbox.append(message)
        self._news.set()

    def take(self, most: int, linger: float) -> list[Message]:  # noqa: ARG002 — an Inbox
        self._taken = [self.inbox.popleft() for _ in range(min(most, len(self.inbox)))]
        return self._taken

    def answer(self, store: str, ack: Ack) -> None:
        answer(self.network, store, ack)

    def settle(self, message: Message) -> None:
        self.network.settle(message)

    @property
    def hears(self) -> bool:
        """Whether it takes in what comes, and stores it."""
        database = self.database
        return self.held == 0 and database is not None and not (database.refusing or database.crash_next)

    def ask(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """Of what is committed; nothing while it is down."""
        return self._witness.execute(query, params).fetchall() if self._witness else []

    def readings(self, store: str, device: str, point: str, span: Span) -> list[Sample]:
        """As a chart asks for them; nothing while it is down."""
        if self.held or self._telemetry is None:
            return []
        return self._telemetry.read(store, device, [point], span)[point]

    def close_what_is_over(self) -> int:
        """Technicians do, where they can."""
        if not self.hears or self.database is None or self._clock is None:
            return 0
        return close_what_is_over(self.database, self._clock)

    def close(self) -> None:
        """Its files; it is dead already."""
        if self.database:
            self.database.close()
        if self._witness:
            self._witness.close()
            self._witness = None

    async def _work(self) -> None:
        assert self._ingest
        while True:
            while self.inbox:
                try:
                    self._ingest.turn()
                except NotNow:
                    self.inbox.extendleft(reversed(self._taken))
                    await asyncio.sleep(RETRY_S)
                except Crash:
                    self._crash()
                    return
                await asyncio.sleep(0)
            try:
                self._ingest.turn()
                self._tidy()
            except Crash:
                self._crash()
                return
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._news.wait()
            await asyncio.sleep(LINGER_S)

    def _tidy(self) -> None:
        """Readings into blocks and roll-ups, as the shipped program does it beside the ingest."""
        now = asyncio.get_running_loop().time()
        if self._telemetry and self._clock and now - self._tidied_at >= TIDY_EVERY_S:
            self._tidied_at = now
            with suppress(TryLater):
                while self._telemetry.work(self._clock.now()):
                    pass

    def _crash(self) -> None:
        """Comes back after a while, with nothing but its database."""
        self.held += 1
        self.crashes += 1
        self.network.detach()
        self.inbox.clear()
        self._down_since = asyncio.get_running_loop().time()
        self.close()
        asyncio.get_running_loop().call_later(5 + 60 * self.dice.random(), self.start)

    def _count(self, telemetry: WitnessedTelemetry) -> None:
        self.commits += 1
        given, telemetry.given[:] = list(telemetry.given), []
        for arrival in given:
            self.kept(arrival)
