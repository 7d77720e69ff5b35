"""Streams are judged in segments; every alarm that was raised is an episode; tickets know "since at least"."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _grow_stream()
    op.add_column("memory", sa.Column("start", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("ticket", sa.Column("since_at_least", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("ticket_event", sa.Column("since", sa.Integer(), nullable=True))
    _create_segment_memory()
    _create_ahead()
    _create_episode()


def _grow_stream() -> None:
    """All that was received was judged: one segment reaches as far as the receipts do."""
    op.add_column("stream", sa.Column("segments", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("stream", sa.Column("ended", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("stream", sa.Column("heard_at", sa.Integer(), nullable=True))
    connection = op.get_bind()
    for store, stream, upto, ranges in connection.execute(sa.text("SELECT store, stream, upto, ranges FROM stream")):
        frontier = max([upto, *(last for _, last in json.loads(ranges))])
        connection.execute(
            sa.text("UPDATE stream SET segments = :segments WHERE store = :store AND stream = :stream"),
            {"segments": json.dumps([[1, frontier, 0, None]]), "store": store, "stream": stream},
        )


def _create_segment_memory() -> None:
    op.create_table(
        "segment_memory",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("memory", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "stream", "segment", "device", name="pk_segment_memory"),
    )


def _create_ahead() -> None:
    op.create_table(
        "ahead",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("store", "stream", "seq", name="pk_ahead"),
    )


def _create_episode() -> None:
    op.create_table(
        "episode",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("since_at_least", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.Integer(), nullable=False),
        sa.Column("cleared_at", sa.Integer(), nullable=True),
        sa.Column("past", sa.Boolean(), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"], name="fk_episode_store"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_episode_ticket"),
        sa.PrimaryKeyConstraint("store", "device", "rule", "since", name="pk_episode"),
    )
