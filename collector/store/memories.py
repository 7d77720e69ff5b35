"""What the rules remember of each device between two batches: of the live segment of its store, and of its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, insert, literal, select, tuple_

from collector.store import store_memories
from collector.store.memory_tables import memory, segment_memory, statistics
from collector.store.unread import UnreadHistory, UnreadTracked
from rules.memory import DeviceMemory

KEYS_AT_ONCE = 10_000
"""SQLite takes 32,766 parameters."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeviceMemory)
_JSON_DECODER = msgspec.json.Decoder(DeviceMemory)
"""What stands there as text was written by a version that kept JSON."""
_OFTEN = tuple(each.name for each in fields(DeviceMemory) if each.name not in {"tracked", "history"})
"""Those two stand by themselves, since they are larger and change more rarely."""

# For the driver itself, as all that is written for each device of each batch.
_REMEMBER = """INSERT INTO memory (store, device, start, memory) VALUES (?, ?, ?, ?)
ON CONFLICT (store, device) DO UPDATE SET start = excluded.start, memory = excluded.memory"""
_REMEMBER_STATISTICS = """INSERT INTO statistics (store, device, tracked, history) VALUES (?, ?, ?, ?)
ON CONFLICT (store, device) DO UPDATE
SET tracked = coalesce(excluded.tracked, tracked), history = coalesce(excluded.history, history)"""
_REMEMBER_SEGMENT = """INSERT INTO segment_memory (store, stream, segment, device, start, memory, tracked, history)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (store, stream, segment, device) DO UPDATE
SET start = excluded.start, memory = excluded.memory,
tracked = coalesce(excluded.tracked, tracked), history = coalesce(excluded.history, history)"""

_SAME_DEVICE = (memory.c.store == statistics.c.store) & (memory.c.device == statistics.c.device)
_WITH_STATISTICS = memory.outerjoin(statistics, _SAME_DEVICE)
_LIVE = select(memory, statistics.c.tracked, statistics.c.history).select_from(_WITH_STATISTICS)
_RECALL = _LIVE.where(tuple_(memory.c.store, memory.c.device).in_(bindparam("keys", expanding=True)))
"""Built once: with small batches the building of statements would cost more than what they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """`start` is where the segment began in which the device was judged last. `stored` are the statistics of it that
    stand in the database, None where none do: they are written again only where the memory has others."""

    start: int
    memory: DeviceMemory
    stored: tuple[UnreadTracked | None, UnreadHistory | None] = field(default=(None, None), compare=False, repr=False)

    def then(self, start: int, memory: DeviceMemory) -> Remembered:
        """After more was judged. Where statistics turned out to be lost the next poll looks at everything, to begin
        them anew."""
        if any(getattr(part, "lost", False) for part in self.stored):
            memory = replace(memory, judged_by="")
        return Remembered(start=start, memory=memory, stored=self.stored)

    def written(self, tracked: bytes | None, history: bytes | None) -> Remembered:
        """As it stands in the database from now on, where what was not told anew (`rarely`) stood before."""
        told = (_unread(UnreadTracked, tracked, self.stored[0]), _unread(UnreadHistory, history, self.stored[1]))
        _put_unread(self.memory, *told)
        return Remembered(start=self.start, memory=self.memory, stored=told)

    def often(self) -> bytes:
        """What each poll changes."""
        return _ENCODER.encode({name: getattr(self.memory, name) for name in _OFTEN})

    def rarely(self) -> tuple[bytes | None, bytes | None]:
        """The statistics that are still to be written, each None where it is not."""
        (tracked, history), known = self.stored, self.memory
        return (
            None if known.tracked is tracked else _ENCODER.encode(known.tracked),
            None if known.history is history else _ENCODER.encode(known.history),
        )


Key = tuple[str, str]
"""Store and device."""


def recall(connection: Connection, keys: Iterable[Key]) -> dict[Key, Remembered]:
    """Of live segments; without those of which nothing is remembered.

    What a version wrote that remembered differently is nothing.
    """
    found: dict[Key, Remembered] = {}
    for some in _parts(keys):
        rows = connection.execute(_RECALL, {"keys": some})
        found |= {(row.store, row.device): _remembered(row) for row in rows}
    return found


def recall_store(connection: Connection, store_id: str) -> dict[str, Remembered]:
    """Of the live segment, by device."""
    rows = connection.execute(_LIVE.where(memory.c.store == store_id))
    return {row.device: _remembered(row) for row in rows}


def remember(connection: Connection, memories: Mapping[Key, Remembered]) -> dict[Key, Remembered]:
    """Of live segments. Returns them as they stand there now."""
    if memories:
        rows = [(*key, known.start, known.often()) for key, known in memories.items()]
        connection.exec_driver_sql(_REMEMBER, rows)
    larger = {key: known.rarely() for key, known in memories.items()}
    if rarely := [(*key, *parts) for key, parts in larger.items() if parts != (None, None)]:
        connection.exec_driver_sql(_REMEMBER_STATISTICS, rarely)
    return {key: known.written(*larger[key]) for key, known in memories.items()}


def keep_as_history(connection: Connection, store_id: str, stream_id: str, segment: int) -> None:
    """What is live is also where the segment goes on that is history from now on."""
    told = (literal(stream_id), literal(segment), memory.c.start, memory.c.memory)
    query = select(memory.c.store, memory.c.device, *told, statistics.c.tracked, statistics.c.history)
    columns = ["store", "device", "stream", "segment", "start", "memory", "tracked", "history"]
    live = query.select_from(_WITH_STATISTICS).where(memory.c.store == store_id)
    connection.execute(insert(segment_memory).from_select(columns, live))


def part(connection: Connection, store_id: str, stream_id: str, parent: int, segment: int) -> None:
    """A segment of the history that begins with what is known at the end of `parent`."""
    known = recall_segment(connection, store_id, stream_id, parent)
    fresh = {device: replace(one, stored=(None, None)) for device, one in known.items()}
    remember_segment(connection, store_id, stream_id, segment, fresh)


def recall_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> dict[str, Remembered]:
    """By device."""
    query = select(segment_memory).where(_of(store_id, stream_id, segment))
    return {row.device: _remembered(row) for row in connection.execute(query)}


def remember_segment(
    connection: Connection, store_id: str, stream_id: str, segment: int, memories: Mapping[str, Remembered]
) -> None:
    """Each with its statistics, unless it was recalled from this very segment and has the same."""
    here = (store_id, stream_id, segment)
    rows = [(*here, device, known.start, known.often(), *known.rarely()) for device, known in memories.items()]
    if rows:
        connection.exec_driver_sql(_REMEMBER_SEGMENT, rows)


def forget_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> None:
    """That of the store with it."""
    connection.execute(delete(segment_memory).where(_of(store_id, stream_id, segment)))
    store_memories.forget_segment(connection, store_id, stream_id, segment)


def forget_history(connection: Connection, store_id: str, stream_id: str) -> None:
    here = (segment_memory.c.store == store_id) & (segment_memory.c.stream == stream_id)
    connection.execute(delete(segment_memory).where(here))
    store_memories.forget_history(connection, store_id, stream_id)


def _of(store_id: str, stream_id: str, segment: int) -> Any:
    here = (segment_memory.c.store == store_id) & (segment_memory.c.stream == stream_id)
    return here & (segment_memory.c.segment == segment)


def _parts(keys: Iterable[Key]) -> Iterable[list[Key]]:
    wanted = sorted(set(keys))
    return (wanted[first : first + KEYS_AT_ONCE] for first in range(0, len(wanted), KEYS_AT_ONCE))


def _remembered(row: Row[Any]) -> Remembered:
    """Earlier versions wrote statistics into the memory itself: what has no column of its own stands there."""
    decoder = _JSON_DECODER if isinstance(row.memory, str) else _DECODER
    try:
        known = decoder.decode(row.memory)
    except msgspec.DecodeError:
        return Remembered(start=row.start, memory=DeviceMemory())
    tracked, history = _unread(UnreadTracked, row.tracked), _unread(UnreadHistory, row.history)
    _put_unread(known, tracked, history)
    return Remembered(start=row.start, memory=known, stored=(tracked, history))


_U = TypeVar("_U", UnreadTracked, UnreadHistory)


def _unread(kind: type[_U], stored: bytes | None, before: _U | None = None) -> _U | None:
    if stored is not None:
        return kind.of(stored)
    return None if before is None else before.unread()


def _put_unread(known: DeviceMemory, tracked: UnreadTracked | None, history: UnreadHistory | None) -> None:
    """Without a copy: it says the same as before."""
    for name, told in (("tracked", tracked), ("history", history)):
        if told is not None:
            object.__setattr__(known, name, told)
