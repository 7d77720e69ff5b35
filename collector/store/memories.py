"""What the rules remember of each device between two batches."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from collector.store.tables import memory
from rules.memory import DeviceMemory

_DECODER = msgspec.json.Decoder(DeviceMemory)


def recall(connection: Connection, store_id: str, device_id: str) -> DeviceMemory:
    """Empty where nothing is remembered, or what is was written by a version that remembered differently."""
    query = select(memory.c.memory).where(memory.c.store == store_id, memory.c.device == device_id)
    known = connection.execute(query).scalar_one_or_none()
    try:
        return DeviceMemory() if known is None else _DECODER.decode(known)
    except msgspec.ValidationError:
        return DeviceMemory()


def remember(connection: Connection, store_id: str, memories: dict[str, DeviceMemory]) -> None:
    """`memories` is by device."""
    if not memories:
        return
    statement = sqlite.insert(memory)
    statement = statement.on_conflict_do_update(
        index_elements=["store", "device"], set_={"memory": statement.excluded.memory}
    )
    rows = [
        {"store": store_id, "device": device_id, "memory": msgspec.json.encode(known).decode()}
        for device_id, known in memories.items()
    ]
    connection.execute(statement, rows)
