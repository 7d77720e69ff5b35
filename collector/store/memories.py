"""What the rules remember of each device between two batches: of the live segment of its store, and of its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, bindparam, delete, insert, literal, select, tuple_
from sqlalchemy.dialects import sqlite

from collector.store.tables import memory, segment_memory
from rules.memory import DeviceMemory

KEYS_AT_ONCE = 10_000
"""SQLite takes 32,766 parameters."""

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeviceMemory)
_JSON_DECODER = msgspec.json.Decoder(DeviceMemory)
"""What stands there as text was written by a version that kept JSON."""


def _put(table: Table) -> Any:
    """Over what is there."""
    row = sqlite.insert(table)
    told = {"start": row.excluded.start, "memory": row.excluded.memory}
    return row.on_conflict_do_update(index_elements=list(table.primary_key), set_=told)


# Built once: with small batches the building of statements would cost more than what they do.
_REMEMBER_SEGMENT = _put(segment_memory)
_REMEMBER = """INSERT INTO memory (store, device, start, memory) VALUES (?, ?, ?, ?)
ON CONFLICT (store, device) DO UPDATE SET start = excluded.start, memory = excluded.memory"""
"""For the driver itself: a row for every device of every batch."""
_RECALL = select(memory).where(tuple_(memory.c.store, memory.c.device).in_(bindparam("keys", expanding=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """`start` is where the segment began in which the device was judged last."""

    start: int
    memory: DeviceMemory


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


def remember(connection: Connection, memories: Mapping[Key, Remembered]) -> None:
    """Of live segments."""
    if not memories:
        return
    rows = [(*key, known.start, _ENCODER.encode(known.memory)) for key, known in memories.items()]
    connection.exec_driver_sql(_REMEMBER, rows)


def keep_as_history(connection: Connection, store_id: str, stream_id: str, segment: int) -> None:
    """What is live is also where the segment goes on that is history from now on."""
    told = (literal(stream_id), literal(segment), memory.c.start, memory.c.memory)
    query = select(memory.c.store, memory.c.device, *told).where(memory.c.store == store_id)
    columns = ["store", "device", "stream", "segment", "start", "memory"]
    connection.execute(insert(segment_memory).from_select(columns, query))


def part(connection: Connection, store_id: str, stream_id: str, parent: int, segment: int) -> None:
    """A segment of the history that begins with what is known at the end of `parent`."""
    known = recall_segment(connection, store_id, stream_id, parent)
    remember_segment(connection, store_id, stream_id, segment, known)


def recall_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> dict[str, Remembered]:
    """By device."""
    query = select(segment_memory).where(_of(store_id, stream_id, segment))
    return {row.device: _remembered(row) for row in connection.execute(query)}


def remember_segment(
    connection: Connection, store_id: str, stream_id: str, segment: int, memories: Mapping[str, Remembered]
) -> None:
    if not memories:
        return
    here = {"store": store_id, "stream": stream_id, "segment": segment}
    rows = [{**here, "device": device, **_columns(known)} for device, known in memories.items()]
    connection.execute(_REMEMBER_SEGMENT, rows)


def forget_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> None:
    connection.execute(delete(segment_memory).where(_of(store_id, stream_id, segment)))


def forget_history(connection: Connection, store_id: str, stream_id: str) -> None:
    here = (segment_memory.c.store == store_id) & (segment_memory.c.stream == stream_id)
    connection.execute(delete(segment_memory).where(here))


def _of(store_id: str, stream_id: str, segment: int) -> Any:
    here = (segment_memory.c.store == store_id) & (segment_memory.c.stream == stream_id)
    return here & (segment_memory.c.segment == segment)


def _parts(keys: Iterable[Key]) -> Iterable[list[Key]]:
    wanted = sorted(set(keys))
    return (wanted[first : first + KEYS_AT_ONCE] for first in range(0, len(wanted), KEYS_AT_ONCE))


def _columns(known: Remembered) -> dict[str, Any]:
    return {"start": known.start, "memory": _ENCODER.encode(known.memory)}


def _remembered(row: Row[Any]) -> Remembered:
    try:
        decoder = _JSON_DECODER if isinstance(row.memory, str) else _DECODER
        return Remembered(start=row.start, memory=decoder.decode(row.memory))
    except msgspec.DecodeError:
        return Remembered(start=row.start, memory=DeviceMemory())
