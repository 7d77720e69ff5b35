"""The database file: its schema, its safety, and readings in it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from collector.__main__ import main
from collector.store import bounds
from collector.store.account_tables import account
from collector.store.database import Database, TryLater
from collector.store.tables import device, metadata, unjudged
from collector.telemetry.base import Arrival, Span
from collector.telemetry.block import QUALITY_CODES
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.readings import Quality, Value
from tests.integration.collector.bench import MORNING, STORE, Bench, poll

ALWAYS = Span(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC), most=10)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "c.sqlite", busy_timeout=0.01)) as database:
        database.migrate()
        yield database


def test_the_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_it_survives_a_power_cut_as_far_as_sqlite_can(database: Database) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with database.writing() as connection:
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas} == pragmas


def test_a_file_that_cannot_be_read_any_more_is_tried_later(tmp_path: Path) -> None:
    """As long as its connections are open: SQLite tells it when the transaction begins."""
    path = tmp_path / "c.sqlite"
    with closing(Database(path)) as database:
        database.migrate()
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        path.write_bytes(b"rubbish " * 4096)
        with pytest.raises(TryLater), database.writing():
            pass
        assert database.refused


def test_two_programs_may_bring_one_file_to_this_version(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    program = f"from pathlib import Path; from collector.store.database import Database; Database(Path({str(path)!r}))"
    programs = [subprocess.Popen([sys.executable, "-c", f"{program}.migrate()"]) for _ in range(3)]
    assert [one.wait(60) for one in programs] == [0, 0, 0]
    with closing(Database(path)) as database, database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as connection:
        connection.execute("CREATE TABLE ticket_event (id INTEGER)")
    with closing(Database(tmp_path / "c.sqlite")) as database:
        with pytest.raises(TryLater, match="already exists"):
            database.migrate()
        with database.reading() as read:
            names = read.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
    assert names == ["ticket_event"]


def test_a_write_is_undone_as_a_whole(database: Database) -> None:
    row = {"name": "li", "role": "technician", "password_hash": "x", "created_at": MORNING}
    with suppress(ZeroDivisionError), database.writing() as connection:
        connection.execute(insert(account).values(row))
        raise ZeroDivisionError
    with database.reading() as connection:
        assert connection.execute(account.select()).all() == []


def test_it_says_to_try_later_while_another_writes(database: Database, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "c.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TryLater, match="locked"), database.writing():
            pass
        with database.reading() as connection:
            assert connection.execute(account.select()).all() == []


def test_it_says_to_try_later_when_the_disk_is_full(database: Database) -> None:
    row = {"name": "li", "role": "r", "password_hash": "x" * 1_000_000, "created_at": MORNING}
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(TryLater, match="full"), database.writing() as connection:
        connection.execute(insert(account).values(row))
    with database.reading() as connection:
        assert connection.execute(account.select()).all() == []


def test_it_remembers_a_refused_write_until_one_succeeds(database: Database) -> None:
    refused = [database.refused]
    with database.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(TryLater), database.writing() as connection:
        connection.execute(insert(account).values(name="li", role="r", password_hash="x" * 10**6, created_at=MORNING))
    refused.append(database.refused)
    with database.reading() as connection:
        connection.execute(account.select())
    refused.append(database.refused)
    database.try_write()
    assert [*refused, database.refused] == [False, True, True, False]


def test_it_takes_what_it_may_not_hold_for_our_mistake(database: Database) -> None:
    values = dict.fromkeys((column.name for column in device.c), 1) | {"store": "nowhere", "name": None}
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(device).values({**values, "last_at": None}))


def test_every_quality_has_a_number_of_its_own() -> None:
    assert set(QUALITY_CODES) == set(Quality)
    assert sorted(QUALITY_CODES.values()) == list(range(len(Quality)))
    assert QUALITY_CODES[Quality.GOOD] == 0


def test_it_gives_back_every_kind_of_value(bench: Bench) -> None:
    values: dict[str, Value | Quality] = {
        "number": -20.5,
        "flag": True,
        "word": "cooling",
        **{str(bad): bad for bad in Quality if bad != "good"},
    }
    arrivals = [
        Arrival(store=STORE, seq=seq, telemetry=poll(0, value, point=point))
        for seq, (point, value) in enumerate(values.items(), 1)
    ]
    with bench.database.writing() as connection:
        assert bench.telemetry.record(connection, arrivals) == len(values)
    read = bench.telemetry.read(STORE, "freezer-1", [*values, "unknown"], ALWAYS)
    assert read.pop("unknown") == []
    assert {point: (one.value, one.quality) for point, (one,) in read.items()} == {
        point: (None, value) if isinstance(value, Quality) else (value, Quality.GOOD) for point, value in values.items()
    }


def test_it_keeps_what_two_outboxes_said_at_the_same_instant(bench: Bench) -> None:
    """The same row again is no new row; another entry of the same instant is."""
    arrival = Arrival(store=STORE, seq=1, telemetry=poll(0, 1.0))
    other = Arrival(store=STORE, seq=2, telemetry=poll(0, 2.0))
    with bench.database.writing() as connection:
        assert bench.telemetry.record(connection, [arrival, arrival, other]) == 2
    assert bench.telemetry.count() == 2


def test_it_remembers_no_more_series_than_it_may(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.telemetry.names.REMEMBERED", 2)
    telemetry = SqliteTelemetry(bench.database)
    for seq in range(1, 20):
        with bench.database.writing() as connection:
            telemetry.record(
                connection, [Arrival(store=STORE, seq=seq, telemetry=poll(seq, 1.0, device=f"d-{seq % 6}"))]
            )
    assert len(telemetry._names.sources) <= 4
    assert telemetry.count() == 19


def test_a_file_of_a_later_version_is_left_alone_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.yaml").write_text("database: c.sqlite\nbroker: {url: 'mqtt://127.0.0.1'}\n")
    with closing(Database(tmp_path / "c.sqlite")) as database:
        database.migrate()
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert main(["migrate", str(tmp_path / "c.yaml")]) == 1
    assert "9999" in capsys.readouterr().err


def test_forty_readers_hold_little_of_the_file_in_memory(database: Database) -> None:
    with database.writing() as writer, database.reading() as reader:
        kib = [-one.exec_driver_sql("PRAGMA cache_size").scalar_one() for one in (writer, reader)]
    assert 2 * kib[0] + 40 * kib[1] <= 512 * 1024


def test_what_a_burst_made_of_the_log_is_given_back(database: Database) -> None:
    with database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_size_limit").scalar_one() == 64 * 2**20


def test_tables_that_only_grow_keep_what_is_newest(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "DROPPED_AT_ONCE", 3)
    for seq in range(1, 12):
        bench.send((seq, poll(seq, -20.0)))
    pieces = 0
    with bench.database.writing() as connection:
        while bounds.drop_beyond(connection, {"unjudged": 4}):
            pieces += 1
        left = connection.execute(select(unjudged.c.seq).order_by(unjudged.c.seq)).scalars().all()
    assert (left, pieces) == ([8, 9, 10, 11], 2)
    with bench.database.writing() as connection:
        assert not bounds.drop_beyond(connection)
