"""What taking a batch in costs beside the bare inserts of its readings, and how fast a day replays."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from collector.record import Delivery, Recorder
from collector.store.database import Database
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Batch, Entry, Telemetry
from rules.engine import DeviceMemory, judge
from rules.load import load_rules
from tests.bench.peer import bare_sqlite
from tests.bench.row import ROUNDS, Row, ratio
from tests.bench.sample import BEGIN_AT, device, status, telemetry

POLLS, DEVICES = 100, 10
DAY_OF_POLLS = 2880
BOOK = load_rules()


def ingest() -> Row:
    polls = [(number, poll) for poll in range(POLLS) for number in range(DEVICES)]
    entries = tuple(Entry(seq=seq, body=telemetry(*poll)) for seq, poll in enumerate(polls, start=2))
    first = Entry(seq=1, body=status(DEVICES))
    batches = [Batch(store="bench", stream="s", entries=(first,))]
    batches += [Batch(store="bench", stream="s", entries=entries[at : at + 100]) for at in range(0, len(entries), 100)]
    with tempfile.TemporaryDirectory() as folder:
        databases = [_database(Path(folder) / f"{number}.sqlite") for number in range(ROUNDS)]
        return ratio(
            f"ingest: {len(entries) * 20} readings kept, judged, receipted",
            8.0,
            "bare SQLite executemany of the readings",
            lambda: _record(databases.pop(), batches),
            lambda: _insert(batches),
        )


def _database(path: Path) -> Database:
    database = Database(path)
    database.migrate()
    return database


def _record(database: Database, batches: list[Batch]) -> None:
    recorder = Recorder(BOOK, SqliteTelemetry(database))
    for batch in batches:
        with database.writing() as connection:
            recorder.record(connection, [Delivery(batch=batch)], BEGIN_AT)
    database.close()


def _insert(batches: list[Batch]) -> None:
    with bare_sqlite() as db:
        db.execute("CREATE TABLE reading (series INT, at INT, seq INT, value REAL, PRIMARY KEY (series, at, seq))")
        for batch in batches[1:]:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO reading VALUES (?, ?, ?, ?)", _rows(batch))
            db.execute("COMMIT")


def _rows(batch: Batch) -> list[tuple[int, int, int, float]]:
    rows = []
    for entry in batch.entries:
        poll = entry.body
        assert isinstance(poll, Telemetry)
        base = int(poll.device.rsplit("-", 1)[1]) * 20
        at = to_ms(poll.at)
        rows += [(base + index, at, entry.seq, float(one.value or 0.0)) for index, one in enumerate(poll.readings)]
    return rows


def day_replay() -> Row:
    """The bar is the design's: a day in a store replays in under a second, here for one device of full length."""
    day = [telemetry(0, poll) for poll in range(DAY_OF_POLLS)]
    case = device(0)

    def replay() -> None:
        memory = DeviceMemory()
        for poll in day:
            memory = judge(BOOK, case, memory, poll).memory

    return ratio(
        "rules: a device's day of 2,880 polls judged",
        1.0,
        "one second of the same loop's clock",
        replay,
        _one_second,
    )


def _one_second() -> None:
    threading.Event().wait(1.0)


BENCHES: tuple[Callable[[], Row], ...] = (ingest, day_replay)
