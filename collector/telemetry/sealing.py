"""Out of the log into blocks with their roll-ups, an hour of a device at a time; out of the blocks what is too old."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from collector.store.database import Database
from collector.telemetry import shelf
from collector.telemetry.block import open_block, polls_of, seal
from collector.telemetry.fold import Buckets, Hour, fold, hour_of
from collector.telemetry.shelf import DAY_MS, HOUR_MS, LENGTHS_MS, Overtaken, Place, Sealed
from collector.telemetry.steps import HOUR, WIDTHS, Keep, Level
from collector.telemetry.summary import open_summary, seal_summary
from edge_agent.contract.clock import MILLISECOND, to_ms

Hours = tuple[int, int]
"""A device's number and the window of an hour."""

log = logging.getLogger(__name__)

POLLS_AT_ONCE = 1_000
"""Of one slice: what it does beside the ingest takes some 50 ms, its write a few."""
POLLS_OF_ONE = 20_000
GRACE = timedelta(minutes=5)
"""How long after its end an hour is left open for what is on its way."""
LATE_KEPT = timedelta(days=7)
"""How long what came too late for its level is kept all the same, counted from its sealing."""
RETIRED_AT_ONCE = 500

_OVER = "SELECT window, source, count(*) FROM poll WHERE window <= ? GROUP BY window, source"
_AHEAD = "SELECT window, source, count(*) FROM poll WHERE window > ? GROUP BY window, source"
_NEWEST = "SELECT max(window) FROM block WHERE level = ? AND window <= ?"
_RETIRED = """DELETE FROM block WHERE id IN (
  SELECT id FROM block WHERE level = :level AND (
    (window < :old AND sealed_at < :late) OR (window > :future AND sealed_at < :kept)
  ) LIMIT :most
)"""


@dataclass(slots=True)
class _Change:
    """What becomes of one block."""

    before: Sealed | None
    after: Sealed


@dataclass(slots=True)
class _Slice:
    """What is to be written: polls that leave the log (source, window, last id, how many), blocks that change."""

    leaving: list[tuple[int, int, int, int]] = field(default_factory=list)
    changes: dict[Place, _Change] = field(default_factory=dict)


def seal_some(database: Database, now: datetime, unreadable: set[Hours], *, ahead: bool = False) -> bool:
    """Seals hours that are over; with `ahead` also such as a store's wrong clock put into the future.

    True where something was due. An hour that cannot be read goes to `unreadable`, and is not looked at again. All is
    read and worked out before the database is locked for writing. Raises TryLater.
    """
    work = _Slice()
    with database.reading() as connection:
        for source, window in _due(connection, now, unreadable, ahead=ahead):
            try:
                _fold_hour(connection, source, window, work)
            except (zlib.error, msgspec.MsgspecError, ValueError, EOFError):
                log.exception("readings cannot be sealed device=%d hour=%d", source, window)
                unreadable.add((source, window))
    if not work.leaving:
        return False
    try:
        with database.writing() as connection:
            _write(connection, work, to_ms(now))
    except Overtaken:
        return True
    return True


def retire_some(database: Database, now: datetime, keep: Keep) -> bool:
    """Drops a bounded number of blocks that are older than their level keeps. True where more may be. Raises TryLater.

    Age is counted from the newest reading where that is earlier than `now`: a clock of head office that is wrong by
    years must not empty the store.
    """
    dropped = 0
    with database.writing() as connection:
        for level in Level:
            length = LENGTHS_MS[level]
            latest = _newest(connection, level, to_ms(now) // length)
            reference = now if latest is None else min(now, now + MILLISECOND * ((latest + 1) * length - to_ms(now)))
            kept = to_ms(reference - keep[level])
            bounds = {
                "level": int(level),
                "old": kept // length,
                "late": to_ms(reference - LATE_KEPT),
                "future": to_ms(now + 2 * HOUR) // length,
                "kept": kept,
                "most": RETIRED_AT_ONCE,
            }
            dropped = max(dropped, connection.exec_driver_sql(_RETIRED, bounds).rowcount)
    return dropped >= RETIRED_AT_ONCE


def _newest(connection: Connection, level: Level, until: int) -> int | None:
    newest: int | None = connection.exec_driver_sql(_NEWEST, (int(level), until)).scalar()
    return newest


def _due(connection: Connection, now: datetime, unreadable: set[Hours], *, ahead: bool) -> list[Hours]:
    """Oldest first, as many as have about as many polls together as are sealed at once."""
    found: list[Hours] = []
    taken = 0
    for window, source, count in _logged(connection, now, ahead=ahead):
        if (source, window) not in unreadable:
            found.append((source, window))
            taken += count
            if taken >= POLLS_AT_ONCE:
                break
    return found


def _logged(connection: Connection, now: datetime, *, ahead: bool) -> Iterator[tuple[int, int, int]]:
    """Two queries, each in the order of the index: one would sort all that is logged for every piece of work."""
    over = (to_ms(now - GRACE) // HOUR_MS - 1,)
    yield from (tuple(row) for row in connection.exec_driver_sql(_OVER, over).yield_per(100))
    if ahead:
        future = (to_ms(now) // HOUR_MS + 1,)
        yield from (tuple(row) for row in connection.exec_driver_sql(_AHEAD, future).yield_per(100))


def _fold_hour(connection: Connection, source: int, window: int, work: _Slice) -> None:
    """Puts all of the hour into `work`, or nothing where it raises."""
    new, last = shelf.polls(connection, source, window, POLLS_OF_ONE)
    raw = Place(Level.RAW, source, window)
    before = shelf.find(connection, raw)
    old = polls_of(open_block(before.body)) if before else []
    hour = hour_of(old, new)
    readings = sum(len(poll.points) for poll in hour.merged)
    changes = {raw: _Change(before, Sealed(readings, seal(hour.merged, hour.tracks)))}
    for place in (Place(Level.MINUTE, source, window), Place(Level.HOUR, source, window * HOUR_MS // DAY_MS)):
        changes[place] = _fold_level(connection, place, window, hour, work)
    work.changes |= changes
    work.leaving.append((source, window, last, len(new)))


def _fold_level(connection: Connection, place: Place, window: int, hour: Hour, work: _Slice) -> _Change:
    """What becomes of the block at `place` by what is new in the hour `window`."""
    standing = work.changes.get(place)
    before = standing.before if standing else shelf.find(connection, place)
    newest = standing.after if standing else before
    width_ms = WIDTHS[place.level] // MILLISECOND
    others: Buckets = {}
    known: Buckets = {}
    for point, buckets in (open_summary(newest.body) if newest else {}).items():
        for bucket in buckets:
            side = known if bucket.at_ms // HOUR_MS == window else others
            side.setdefault(point, []).append(bucket)
    for point, buckets in fold(hour, known, width_ms).items():
        others[point] = sorted([*others.get(point, []), *buckets], key=lambda bucket: bucket.at_ms)
    readings = sum(bucket.count for buckets in others.values() for bucket in buckets)
    return _Change(before, Sealed(readings, seal_summary(width_ms, others)))


def _write(connection: Connection, work: _Slice, now_ms: int) -> None:
    for leaving in work.leaving:
        shelf.forget(connection, *leaving)
    for place, change in work.changes.items():
        shelf.put(connection, place, change.before, change.after, now_ms)
