"""The tables of what the rules remember, of devices and of whole stores."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Integer, LargeBinary, String, Table

from collector.store.tables import metadata

# `memory` is MessagePack; text is JSON of an earlier version.
memory = Table(
    "memory",
    metadata,
    Column("store", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("memory", String, nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
)

# The parts of a memory that are larger and do not change with each poll, each as MessagePack: a row is written whole.
statistics = Table(
    "statistics",
    metadata,
    Column("store", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("tracked", LargeBinary),
    Column("history", LargeBinary),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
)

# Of the segments that are history; `segment` is where each begins.
segment_memory = Table(
    "segment_memory",
    metadata,
    Column("store", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("segment", Integer, primary_key=True),
    Column("device", String, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("memory", String, nullable=False),
    Column("tracked", LargeBinary),
    Column("history", LargeBinary),
)

# Of the live segment `stream` is empty and `segment` 0.
store_memory = Table(
    "store_memory",
    metadata,
    Column("store", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("segment", Integer, primary_key=True),
    Column("memory", LargeBinary, nullable=False),
)
