"""Readings stand in a log of polls and in sealed blocks; work for a telemetry store elsewhere has a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

HOUR_MS = 3_600_000
_ROWS = """SELECT source.id, reading.at, reading.seq, point.id, reading.value, reading.word, reading.quality
FROM reading JOIN series ON series.id = reading.series_id
JOIN source ON source.store = series.store AND source.device = series.device
JOIN point ON point.name = series.point
ORDER BY source.id, reading.at, reading.seq, point.id"""
_POLL = "INSERT INTO poll (source, at, seq, window, readings, body) VALUES (?, ?, ?, ?, ?, ?)"


def upgrade() -> None:
    _create_names()
    _create_poll()
    _create_block()
    _create_pending()
    _move_readings()
    op.drop_table("reading")
    op.drop_table("series")


def _create_names() -> None:
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("store", "device", name="uq_source_store_device"),
    )
    op.create_table(
        "point",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_point"),
        sa.UniqueConstraint("name", name="uq_point_name"),
    )


def _create_poll() -> None:
    op.create_table(
        "poll",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_poll"),
    )
    op.create_index("ix_poll_window", "poll", ["window", "source"])


def _create_block() -> None:
    op.create_table(
        "block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("sealed_at", sa.Integer(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_block"),
        sa.UniqueConstraint("level", "source", "window", name="uq_block_level_source_window"),
    )
    op.create_index("ix_block_age", "block", ["level", "window", "sealed_at", "readings"])


def _create_pending() -> None:
    op.create_table(
        "pending",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "undelivered",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.Integer(), nullable=False),
        sa.Column("to_at", sa.Integer(), nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_undelivered"),
        sqlite_autoincrement=True,
    )


def _move_readings() -> None:
    """Every reading that is there becomes part of a poll in the log; sealing goes on from there."""
    connection = op.get_bind()
    connection.exec_driver_sql("INSERT INTO source (store, device) SELECT DISTINCT store, device FROM series")
    connection.exec_driver_sql("INSERT INTO point (name) SELECT DISTINCT point FROM series")
    batch: list[tuple[object, ...]] = []
    for row in _polls(connection):
        batch.append(row)
        if len(batch) == 1_000:
            connection.exec_driver_sql(_POLL, batch)
            batch = []
    if batch:
        connection.exec_driver_sql(_POLL, batch)


def _polls(connection: sa.Connection) -> Iterator[tuple[object, ...]]:
    rows = connection.exec_driver_sql(_ROWS)
    for (source, at_ms, seq), members in groupby(rows, lambda row: tuple(row[:3])):
        readings = [tuple(row[3:]) for row in members]
        yield source, at_ms, seq, at_ms // HOUR_MS, len(readings), _body(readings)


def _body(readings: Sequence[tuple[int, float | None, str | None, int]]) -> bytes:
    """As collector/telemetry/block.py encoded the body of a poll when this revision was written."""
    codes = bytes(quality for _, _, _, quality in readings)
    values = [word if number is None else number for _, number, word, _ in readings]
    return msgspec.msgpack.encode(([point for point, *_ in readings], values, codes if any(codes) else b""))
