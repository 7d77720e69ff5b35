"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_store()
    _create_device()
    _create_stream()
    _create_gap()
    _create_unjudged()
    _create_quarantine()
    _create_series()
    _create_reading()
    _create_memory()
    _create_ticket()
    _create_ticket_event()
    _create_feed_event()
    _create_account()
    _create_session()
    _create_login_link()


def _create_store() -> None:
    op.create_table(
        "store",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("inventory_stream", sa.String(), nullable=True),
        sa.Column("inventory_seq", sa.Integer(), nullable=True),
        sa.Column("last_seen_at", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_store"),
    )


def _create_device() -> None:
    op.create_table(
        "device",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("device_class", sa.String(), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("profile_version", sa.Integer(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("answers", sa.Boolean(), nullable=False),
        sa.Column("last_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["store"], ["store.id"], name="fk_device_store"),
        sa.PrimaryKeyConstraint("store", "id", name="pk_device"),
    )


def _create_stream() -> None:
    op.create_table(
        "stream",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("ranges", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["store"], ["store.id"], name="fk_stream_store"),
        sa.PrimaryKeyConstraint("store", "stream", name="pk_stream"),
    )


def _create_gap() -> None:
    op.create_table(
        "gap",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("from_seq", sa.Integer(), nullable=False),
        sa.Column("to_seq", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("store", "stream", "seq", name="pk_gap"),
    )


def _create_unjudged() -> None:
    op.create_table(
        "unjudged",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("mono", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("store", "stream", "seq", name="pk_unjudged"),
    )


def _create_quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sqlite_autoincrement=True,
    )


def _create_series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("point", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("store", "device", "point", name="uq_series_store_device_point"),
    )


def _create_reading() -> None:
    op.create_table(
        "reading",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("word", sa.String(), nullable=True),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "at", "seq", name="pk_reading"),
        sqlite_with_rowid=False,
    )


def _create_memory() -> None:
    op.create_table(
        "memory",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("memory", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"], name="fk_memory_store_device"),
        sa.PrimaryKeyConstraint("store", "device", name="pk_memory"),
    )


def _create_ticket() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.Integer(), nullable=False),
        sa.Column("alarm_active", sa.Boolean(), nullable=False),
        sa.Column("normal_since", sa.Integer(), nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("key_point", sa.String(), nullable=True),
        sa.Column("key_value", sa.Text(), nullable=True),
        sa.Column("key_limit", sa.Float(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("diagnosis", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"], name="fk_ticket_store_device"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ux_ticket_open",
        "ticket",
        ["store", "device", "fault"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('closed', 'cancelled', 'merged')"),
    )


def _create_ticket_event() -> None:
    op.create_table(
        "ticket_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_ticket_event_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ticket_event_ticket", "ticket_event", ["ticket"], unique=False)


def _create_feed_event() -> None:
    op.create_table(
        "feed_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.id"], name="fk_feed_event_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_feed_event"),
        sqlite_autoincrement=True,
    )


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_account"),
    )


def _create_session() -> None:
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("ends_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name="fk_session_account"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )


def _create_login_link() -> None:
    op.create_table(
        "login_link",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("use_by", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name="fk_login_link_account"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_login_link"),
    )
