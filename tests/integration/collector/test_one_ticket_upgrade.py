"""Tickets of an earlier version, and what is written rarely of a device's memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
from alembic import command
from sqlalchemy import Connection, delete, select, update

from collector.store import cases, memories
from collector.store.database import Database, alembic_config
from collector.store.memory_tables import memory, statistics
from collector.store.unread import UnreadTracked
from rules.kinship import Key
from rules.memory import DeviceMemory, History, Tracked
from tests.integration.collector.bench import FREEZER, STORE, TOO_WARM, Bench, status, warm_freezer

KEY = (STORE, FREEZER.id)
_EVIDENCE = '{"condition":{"zh":"","en":""},"held_for":"PT1S","values":[],"params":{},"excluded":[]}'
_BEFORE = (
    "INSERT INTO store (id, name, timezone) VALUES ('shop-1', '{}', 'UTC')",
    """INSERT INTO device (store, id, device_class, duty, profile, profile_version, proven, name, position, listed,
    answers) VALUES ('shop-1', 'freezer-1', 'refrigeration_case', 'freezer', 'p', 1, 0, '{}', 0, 1, 1)""",
    f"""INSERT INTO ticket (store, device, fault, severity, state, title, since, since_at_least, opened_at, updated_at,
    alarm_active, evidence, diagnosis) VALUES ('shop-1', 'freezer-1', '{TOO_WARM}', 'critical', 'new',
    '{{"zh":"a","en":"b"}}', 5000, 0, 9000, 9000, 1, '{_EVIDENCE}', '[]')""",
    f"""INSERT INTO episode (store, device, rule, since, since_at_least, severity, title, raised_at, past, ticket,
    evidence) VALUES ('shop-1', 'freezer-1', '{TOO_WARM}', 5000, 0, 'critical', '{{}}', 8000, 0, 1, '{{}}')""",
)


def test_an_open_ticket_of_an_earlier_version_keeps_its_alarm(tmp_path: Path) -> None:
    database = Database(tmp_path / "old.sqlite")
    with database.writing() as connection:
        command.upgrade(alembic_config(connection), "0008")
        for statement in _BEFORE:
            connection.exec_driver_sql(statement)
    database.migrate()
    with database.reading() as connection:
        known = cases.open_tickets(connection, [STORE])[STORE]
    database.close()
    (alarm,) = known.alarms.values()
    assert alarm.ticket == known.tickets[0].id
    assert alarm.alarm.standing.key == Key(FREEZER.id, "cooling")
    assert alarm.alarm.standing.raised


def stored(connection: Connection) -> tuple[bytes | None, ...]:
    return tuple(connection.execute(select(statistics.c.tracked, statistics.c.history)).one())


def test_the_parts_of_a_memory_that_change_rarely_are_written_only_then(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        before = stored(connection)
        assert None not in before
        (known,) = memories.recall(connection, [KEY]).values()
        connection.execute(update(statistics).values(tracked=b"untouched", history=b"untouched"))
        memories.remember(connection, {KEY: known})
        assert stored(connection) == (b"untouched", b"untouched")
        again = replace(known.memory, history=History())
        written = memories.remember(connection, {KEY: known.then(1, again)})
        assert (written[KEY].memory, written[KEY].rarely()) == (again, (None, None))
        assert stored(connection)[0] == b"untouched"
        memories.remember(connection, {KEY: memories.Remembered(start=1, memory=known.memory)})
        assert stored(connection) == before


def test_statistics_that_nobody_can_read_are_begun_anew(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        connection.execute(update(statistics).values(tracked=b"rubbish", history=b"rubbish"))
        (known,) = memories.recall(connection, [KEY]).values()
        assert known.then(1, known.memory).memory.judged_by == known.memory.judged_by
        assert known.memory.points
        assert (known.memory.tracked, known.memory.history) == (Tracked(), History())
        assert known.then(1, known.memory).memory.judged_by == ""


def test_what_is_made_of_statistics_as_they_are_stored_is_like_any_other() -> None:
    unread = UnreadTracked.of(msgspec.msgpack.encode(Tracked(firsts={"t": (1.0, 2.0)})))
    copy = replace(unread, firsts={})
    assert (copy, unread) == (Tracked(), Tracked(firsts={"t": (1.0, 2.0)}))
    assert not hasattr(copy, "nothing")


def test_a_memory_that_an_earlier_version_wrote_in_one_piece_is_read(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        (known,) = memories.recall(connection, [KEY]).values()
        whole = memories._ENCODER.encode(known.memory)
        connection.execute(delete(statistics))
        connection.execute(update(memory).values(memory=whole))
        (again,) = memories.recall(connection, [KEY]).values()
        assert again == known
        memories.remember(connection, {KEY: again})
        assert memories.recall(connection, [KEY]) == {KEY: known}
        assert None not in stored(connection)


def test_the_history_that_stood_beside_a_memory_stays(tmp_path: Path) -> None:
    database = Database(tmp_path / "old.sqlite")
    told = msgspec.msgpack.encode(History(usual={"t": b"usual"}))
    with database.writing() as connection:
        command.upgrade(alembic_config(connection), "0008")
        for statement in _BEFORE:
            connection.exec_driver_sql(statement)
        command.upgrade(alembic_config(connection), "0009")
        row = (STORE, FREEZER.id, 1, msgspec.msgpack.encode(DeviceMemory(judged_by="an earlier plan")), told)
        connection.exec_driver_sql(
            "INSERT INTO memory (store, device, start, memory, history) VALUES (?, ?, ?, ?, ?)", row
        )
    database.migrate()
    with database.reading() as connection:
        (known,) = memories.recall(connection, [KEY]).values()
    database.close()
    assert (known.memory.judged_by, known.memory.history.usual) == ("an earlier plan", {"t": b"usual"})
