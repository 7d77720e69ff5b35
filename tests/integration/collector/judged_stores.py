"""A head office on a database file, told of one store in any order, and what an unbroken judgement would have found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import event, select

from collector.record import Delivery, Recorder
from collector.store import memories
from collector.store.database import Database
from collector.store.memory_tables import segment_memory, store_memory
from collector.store.tables import ahead, episode, feed_event, stream, ticket, ticket_alarm, ticket_event, unjudged
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.readings import Batch, Body, Entry, Quality, Reading, Telemetry
from rules.book import RuleBook, book_of
from rules.engine import judge
from rules.memory import DeviceMemory
from rules.neighbours import Neighbours, Setting
from tests.integration.collector.bench import BOOK as SHIPPED
from tests.integration.collector.bench import FREEZER, NOW, STORE, STREAM, TOO_WARM, poll, status

BOOK = book_of([SHIPPED.by_id[rule] for rule in (TOO_WARM, "device.silent")])
"""One rule of each family, so that each alarm has a ticket of its own; none asks for statistics, of which a segment
knows nothing until it is joined to the one before."""

Word = tuple[int, float | Quality, bool]
"""Minutes since the last poll, the air temperature, and whether it defrosts: each poll says all that rules ask for."""


class PowerCut(Exception):
    """Before the commit."""


@cache
def _empty() -> Path:
    """A database of this version, made once."""
    path = Path(mkdtemp()) / "empty.sqlite"
    database = Database(path)
    database.migrate()
    database.close()
    return path


def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF").close()


@dataclass
class Office:
    """What it must remember is in `path`; a new one on the same file is the office after a restart."""

    path: Path
    now: datetime = NOW + timedelta(days=1)
    outbox: dict[int, Body] = field(default_factory=dict)
    book: RuleBook = BOOK

    def __post_init__(self) -> None:
        if not self.path.exists():
            shutil.copy(_empty(), self.path)
        self.database = Database(self.path)
        event.listen(self.database.engine, "connect", _do_not_wait_for_the_disk)
        self.start()

    def start(self) -> None:
        self.recorder = Recorder(self.book, SqliteTelemetry(self.database))

    def hear(
        self,
        seqs: Iterable[int],
        live_from: int = 0,
        present_from: int = 0,
        *,
        stream: str = STREAM,
        dies: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """`meanwhile` is done when what the message will come to has been foreseen, and before it is written."""
        entries = tuple(Entry(seq=seq, body=self.outbox[seq]) for seq in seqs)
        batch = Batch(store=STORE, stream=stream, entries=entries, live_from=live_from, present_from=present_from)
        foresight = self.recorder.foresee([Delivery(batch=batch)], self.now)
        meanwhile()
        with suppress(PowerCut), self.database.writing() as connection:
            self.recorder.record(connection, [Delivery(batch=batch)], self.now, foresight)
            if dies:
                raise PowerCut
        if dies:
            self.start()

    def wait(self, time: timedelta) -> int:
        """Head office looks at what no message brings about; how many events of the feed that brought."""
        self.now += time
        return self.recorder.tell_withheld(self.database, self.now)

    def rows(self, table: Any) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All that judging has written; what waits is gone when nothing is missing."""
        tables = (
            ticket,
            ticket_alarm,
            store_memory,
            ticket_event,
            feed_event,
            episode,
            segment_memory,
            ahead,
            unjudged,
            stream,
        )
        with self.database.reading() as connection:
            known = memories.recall_store(connection, STORE)
        return {table.name: self.rows(table) for table in tables} | {"memory": [known]}

    def memory(self) -> DeviceMemory:
        with self.database.reading() as connection:
            return memories.recall_store(connection, STORE)[FREEZER.id].memory


def outbox_of(words: Sequence[Word]) -> dict[int, Body]:
    """The inventory and a poll for each word."""
    outbox: dict[int, Body] = {1: status()}
    minute = 0
    for gap, air, defrost in words:
        minute += gap
        told = poll(minute, air)
        second = Reading(point="defrost.active", value=defrost)
        if air is Quality.NO_ANSWER:
            second = Reading(point="defrost.active", value=None, quality=Quality.NO_ANSWER)
        outbox[len(outbox) + 1] = replace(told, readings=(*told.readings, second))
    return outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """`episodes` maps rule and beginning to the end, None where it goes on; `raised` maps rule to beginning."""

    episodes: dict[tuple[str, datetime], datetime | None]
    raised: dict[str, datetime]


def truth_of(outbox: dict[int, Body]) -> Truth:
    """Of a store that was never cut off."""
    memory, episodes = DeviceMemory(), dict[tuple[str, datetime], datetime | None]()
    for _, body in sorted(outbox.items()):
        if not isinstance(body, Telemetry):
            continue
        judgement = judge(BOOK, FREEZER, memory, body, Neighbours(setting=Setting(id=STORE)))
        memory = judgement.memory
        for change in judgement.changes:
            episodes[change.rule, change.since] = None if change.kind == "raised" else change.at
    raised = {rule: alarm.since for rule, alarm in memory.alarms.items() if alarm.raised}
    return Truth(episodes=episodes, raised=raised)
