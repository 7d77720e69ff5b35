"""What the rules remember of each device between two batches: of the live segment of its store, and of its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, literal, select, tuple_
from sqlalchemy.dialects import sqlite

from collector.store import store_memories
from collector.store.tables import memory, segment_memory
from rules.memory import DeviceMemory, History

KEYS_AT_ONCE = 10_000
"""SQLite takes 32,766 parameters."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeviceMemory)
_JSON_DECODER = msgspec.json.Decoder(DeviceMemory)
"""What stands there as text was written by a version that kept JSON."""


_HISTORY_DECODER = msgspec.msgpack.Decoder(History)
_NOTHING = History()
_NOTHING_WRITTEN = _ENCODER.encode(_NOTHING)
"""In the place of what stands in a column of its own, since it is written rarely."""


def _put(table: Table, *columns: str) -> Any:
    """These columns over what is there."""
    row = sqlite.insert(table)
    told = {name: row.excluded[name] for name in columns}
    return row.on_conflict_do_update(index_elements=list(table.primary_key), set_=told)


# Built once: with small batches the building of statements would cost more than what they do.
_REMEMBER_SEGMENT = _put(segment_memory, "start", "memory")
_REMEMBER_WHOLE_SEGMENT = _put(segment_memory, "start", "memory", "history")
_REMEMBER = """INSERT INTO memory (store, device, start, memory) VALUES (?, ?, ?, ?)
ON CONFLICT (store, device) DO UPDATE SET start = excluded.start, memory = excluded.memory"""
"""For the driver itself: a row for every device of every batch."""
_REMEMBER_WHOLE = """INSERT INTO memory (store, device, start, memory, history) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (store, device) DO UPDATE
SET start = excluded.start, memory = excluded.memory, history = excluded.history"""
_RECALL = select(memory).where(tuple_(memory.c.store, memory.c.device).in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """`start` is where the segment began in which the device was judged last. `stored` is the history of it that stands
    in the database, None where none does: it is written again only where the memory has another one."""

    start: int
    memory: DeviceMemory
    stored: History | None = field(default=None, compare=False, repr=False)

    @property
    def unwritten(self) -> bool:
        return self.memory.history is not self.stored

    def then(self, start: int, memory: DeviceMemory) -> Remembered:
        """After more was judged."""
        return Remembered(start=start, memory=memory, stored=self.stored)


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
    query = select(memory).where(memory.c.store == store_id)
    return {row.device: _remembered(row) for row in connection.execute(query)}


def remember(connection: Connection, memories: Mapping[Key, Remembered]) -> dict[Key, Remembered]:
    """Of live segments. Returns those whose history was written too, as they stand in the database from now on."""
    often = [(*key, known.start, _often(known)) for key, known in memories.items() if not known.unwritten]
    whole = [
        (*key, known.start, _often(known), _ENCODER.encode(known.memory.history))
        for key, known in memories.items()
        if known.unwritten
    ]
    if often:
        connection.exec_driver_sql(_REMEMBER, often)
    if whole:
        connection.exec_driver_sql(_REMEMBER_WHOLE, whole)
    return {key: replace(known, stored=known.memory.history) for key, known in memories.items() if known.unwritten}


def keep_as_history(connection: Connection, store_id: str, stream_id: str, segment: int) -> None:
    """What is live is also where the segment goes on that is history from now on."""
    told = (literal(stream_id), literal(segment), memory.c.start, memory.c.memory, memory.c.history)
    query = select(memory.c.store, memory.c.device, *told).where(memory.c.store == store_id)
    columns = ["store", "device", "stream", "segment", "start", "memory", "history"]
    connection.execute(insert(segment_memory).from_select(columns, query))


def part(connection: Connection, store_id: str, stream_id: str, parent: int, segment: int) -> None:
    """A segment of the history that begins with what is known at the end of `parent`."""
    known = recall_segment(connection, store_id, stream_id, parent)
    fresh = {device: replace(one, stored=None) for device, one in known.items()}
    remember_segment(connection, store_id, stream_id, segment, fresh)


def recall_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> dict[str, Remembered]:
    """By device."""
    query = select(segment_memory).where(_of(store_id, stream_id, segment))
    return {row.device: _remembered(row) for row in connection.execute(query)}


def remember_segment(
    connection: Connection, store_id: str, stream_id: str, segment: int, memories: Mapping[str, Remembered]
) -> None:
    """Each with its history, unless it was recalled from this very segment and has the same."""
    here = {"store": store_id, "stream": stream_id, "segment": segment}
    for statement, unwritten in ((_REMEMBER_SEGMENT, False), (_REMEMBER_WHOLE_SEGMENT, True)):
        rows = [
            {**here, "device": device, "start": known.start, "memory": _often(known), **_rarely(known)}
            for device, known in memories.items()
            if known.unwritten is unwritten
        ]
        if rows:
            connection.execute(statement, rows)


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


def _often(known: Remembered) -> bytes:
    memory, history = known.memory, known.memory.history
    return _ENCODER.encode(replace(memory, history=_NOTHING) if history.past or history.usual else memory)


def _rarely(known: Remembered) -> dict[str, Any]:
    return {"history": _ENCODER.encode(known.memory.history)} if known.unwritten else {}


def _remembered(row: Row[Any]) -> Remembered:
    try:
        decoder = _JSON_DECODER if isinstance(row.memory, str) else _DECODER
        known = decoder.decode(row.memory)
        if row.history is None:  # an earlier version wrote both into one
            return Remembered(start=row.start, memory=known)
        if row.history != _NOTHING_WRITTEN:
            object.__setattr__(known, "history", _HISTORY_DECODER.decode(row.history))  # ours alone as yet: no copy
        return Remembered(start=row.start, memory=known, stored=known.history)
    except msgspec.DecodeError:
        return Remembered(start=row.start, memory=DeviceMemory())
