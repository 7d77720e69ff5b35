"""What is remembered of each store beside its devices: of its live segment, and of those that are history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, select
from sqlalchemy.dialects import sqlite

from collector.domain.store_memory import StoreMemory
from collector.store.memory_tables import store_memory

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(StoreMemory)
_ROW = sqlite.insert(store_memory)
_PUT = _ROW.on_conflict_do_update(index_elements=list(store_memory.primary_key), set_={"memory": _ROW.excluded.memory})
_LIVE = select(store_memory.c.store, store_memory.c.memory).where(
    store_memory.c.store.in_(bindparam("stores", expanding=True)), store_memory.c.stream == ""
)


def recall(connection: Connection, stores: Iterable[str]) -> dict[str, StoreMemory]:
    """Of live segments; an empty one where nothing is remembered, or a version wrote it that remembered differently."""
    found = {store: StoreMemory() for store in stores}
    for row in connection.execute(_LIVE, {"stores": sorted(found)}):
        found[row.store] = _decode(row.memory)
    return found


def remember(connection: Connection, memories: Mapping[str, StoreMemory]) -> None:
    """Of live segments."""
    _put(connection, [(store, "", 0, known) for store, known in memories.items()])


def recall_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> StoreMemory:
    row = connection.execute(select(store_memory.c.memory).where(_of(store_id, stream_id, segment))).one_or_none()
    return StoreMemory() if row is None else _decode(row.memory)


def remember_segment(connection: Connection, store_id: str, stream_id: str, segment: int, known: StoreMemory) -> None:
    _put(connection, [(store_id, stream_id, segment, known)])


def forget_segment(connection: Connection, store_id: str, stream_id: str, segment: int) -> None:
    connection.execute(delete(store_memory).where(_of(store_id, stream_id, segment)))


def forget_history(connection: Connection, store_id: str, stream_id: str) -> None:
    here = (store_memory.c.store == store_id) & (store_memory.c.stream == stream_id)
    connection.execute(delete(store_memory).where(here))


def _put(connection: Connection, told: list[tuple[str, str, int, StoreMemory]]) -> None:
    rows: list[dict[str, Any]] = [
        {"store": store, "stream": stream, "segment": segment, "memory": _ENCODER.encode(known)}
        for store, stream, segment, known in told
    ]
    if rows:
        connection.execute(_PUT, rows)


def _of(store_id: str, stream_id: str, segment: int) -> ColumnElement[bool]:
    here = (store_memory.c.store == store_id) & (store_memory.c.stream == stream_id)
    return here & (store_memory.c.segment == segment)


def _decode(memory: bytes) -> StoreMemory:
    try:
        return _DECODER.decode(memory)
    except msgspec.DecodeError:
        return StoreMemory()
