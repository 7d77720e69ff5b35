"""Tickets of an earlier version, and what is written rarely of a device's memory."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlalchemy import Connection, select, update

from collector.store import cases, memories
from collector.store.database import Database, alembic_config
from collector.store.tables import memory
from rules.kinship import Key
from tests.integration.collector.bench import FREEZER, STORE, TOO_WARM, Bench, status, warm_freezer

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


def stored(connection: Connection) -> bytes | None:
    history: bytes | None = connection.execute(select(memory.c.history)).scalar_one()
    return history


def test_the_part_of_a_memory_that_changes_rarely_is_written_only_then(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        before = stored(connection)
        (known,) = memories.recall(connection, [(STORE, FREEZER.id)]).values()
        connection.execute(update(memory).values(history=b"untouched"))
        memories.remember(connection, {(STORE, FREEZER.id): known})
        assert stored(connection) == b"untouched"
        memories.remember(connection, {(STORE, FREEZER.id): memories.Remembered(start=1, memory=known.memory)})
        assert stored(connection) == before


def test_a_memory_that_an_earlier_version_wrote_in_one_piece_is_read(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        (known,) = memories.recall(connection, [(STORE, FREEZER.id)]).values()
        whole = memories._ENCODER.encode(known.memory)
        connection.execute(update(memory).values(history=None, memory=whole))
        (again,) = memories.recall(connection, [(STORE, FREEZER.id)]).values()
        assert again == known
        assert again.unwritten
