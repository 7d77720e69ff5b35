"""The two tables that readings stand in: polls as they came, and blocks that are sealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collector.telemetry.block import Poll, decode_poll
from collector.telemetry.steps import Level

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LENGTHS_MS = {Level.RAW: HOUR_MS, Level.MINUTE: HOUR_MS, Level.HOUR: DAY_MS}
"""What a block of each level holds; its window is the number of that length since 1970."""

# Handed to the driver as they are, with tuples: through SQLAlchemy's parameters a row costs three times as much.
_APPEND = "INSERT INTO poll (window, source, at, seq, readings, body) VALUES (?, ?, ?, ?, ?, ?)"
_POLLS = "SELECT id, at, seq, body FROM poll WHERE window = ? AND source = ? ORDER BY id LIMIT ?"
_FORGET = "DELETE FROM poll WHERE window = ? AND source = ? AND id <= ?"
# Window by window over the index, however many polls each has.
_LOGGED = """WITH RECURSIVE logged (window) AS (
  SELECT min(window) FROM poll WHERE window >= :since
  UNION ALL
  SELECT (SELECT min(window) FROM poll WHERE poll.window > logged.window) FROM logged WHERE logged.window <= :until
)
SELECT window FROM logged
WHERE window <= :until AND EXISTS (SELECT 1 FROM poll WHERE poll.window = logged.window AND source = :source)"""
_SEALED = "SELECT window FROM block WHERE level = ? AND source = ? AND window BETWEEN ? AND ?"
_BLOCK = "SELECT readings, body FROM block WHERE level = ? AND source = ? AND window = ?"
_BODIES = "SELECT body FROM block WHERE level = ? AND source = ? AND window BETWEEN ? AND ? ORDER BY window"
_ADD = "INSERT INTO block (level, source, window, sealed_at, readings, body) VALUES (?, ?, ?, ?, ?, ?)"
_CHANGE = """UPDATE block SET sealed_at = ?, readings = ?, body = ?
WHERE level = ? AND source = ? AND window = ? AND readings = ?"""

Row = tuple[int, int, int, int, int, bytes]
"""Window, source, instant, number, readings, body of a poll."""


class Overtaken(Exception):
    """Another program has sealed the same in the meantime: look again."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block as it stands: `readings` counts those in it."""

    readings: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block belongs."""

    level: Level
    source: int
    window: int


def append(connection: Connection, rows: Sequence[Row]) -> None:
    if rows:
        connection.exec_driver_sql(_APPEND, list(rows))


def polls(connection: Connection, source: int, window: int, most: int = -1) -> tuple[list[Poll], int]:
    """In the order of their arrival, and the id of the last (0: there is none)."""
    rows = connection.exec_driver_sql(_POLLS, (window, source, most)).all()
    return [decode_poll(at_ms, seq, body) for _, at_ms, seq, body in rows], rows[-1][0] if rows else 0


def forget(connection: Connection, source: int, window: int, last: int, count: int) -> None:
    """Takes the polls up to the id `last`, which are `count`, out of the log. Raises Overtaken."""
    if connection.exec_driver_sql(_FORGET, (window, source, last)).rowcount != count:
        raise Overtaken


def logged(connection: Connection, source: int, since: int, until: int) -> list[int]:
    """Windows (hours) that have polls of `source` in the log, oldest first."""
    places = {"since": since, "until": until, "source": source}
    return [window for (window,) in connection.exec_driver_sql(_LOGGED, places)]


def sealed(connection: Connection, level: Level, source: int, since: int, until: int) -> list[int]:
    """Windows that have a block, oldest first."""
    return [window for (window,) in connection.exec_driver_sql(_SEALED, (int(level), source, since, until))]


def find(connection: Connection, place: Place) -> Sealed | None:
    row = connection.exec_driver_sql(_BLOCK, (int(place.level), place.source, place.window)).one_or_none()
    return None if row is None else Sealed(*row)


def bodies(connection: Connection, level: Level, source: int, since: int, until: int) -> Iterator[bytes]:
    """Of all blocks between two windows, oldest first."""
    for (body,) in connection.exec_driver_sql(_BODIES, (int(level), source, since, until)):
        yield body


def put(connection: Connection, place: Place, before: Sealed | None, after: Sealed, now_ms: int) -> None:
    """Where `before` no longer stands there, raises Overtaken."""
    where = (int(place.level), place.source, place.window)
    if before is None:
        if find(connection, place):
            raise Overtaken
        connection.exec_driver_sql(_ADD, (*where, now_ms, after.readings, after.body))
        return
    changed = connection.exec_driver_sql(_CHANGE, (now_ms, after.readings, after.body, *where, before.readings))
    if changed.rowcount != 1:
        raise Overtaken
