"""The tables of head office. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from collector.domain.receipts import Range
from collector.store.columns import Instant, Json
from edge_agent.contract.text import Text
from rules.model import Diagnosis, Evidence

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

store = Table(
    "store",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Json(Text), nullable=False),
    Column("timezone", String, nullable=False),
    Column("inventory_stream", String),
    Column("inventory_seq", Integer),
    Column("last_seen_at", Instant),
)

device = Table(
    "device",
    metadata,
    Column("store", ForeignKey("store.id"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("device_class", String, nullable=False),
    Column("duty", String, nullable=False),
    Column("profile", String, nullable=False),
    Column("profile_version", Integer, nullable=False),
    Column("proven", Boolean, nullable=False),
    Column("name", Json(Text), nullable=False),
    Column("position", Integer, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("answers", Boolean, nullable=False),
    Column("last_at", Instant),
)

stream = Table(
    "stream",
    metadata,
    Column("store", ForeignKey("store.id"), primary_key=True),
    Column("stream", String, primary_key=True),
    Column("upto", Integer, nullable=False),
    Column("ranges", Json(tuple[Range, ...]), nullable=False),
)

gap = Table(
    "gap",
    metadata,
    Column("store", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("from_seq", Integer, nullable=False),
    Column("to_seq", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
)

unjudged = Table(
    "unjudged",
    metadata,
    Column("store", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("boot", String, nullable=False),
    Column("mono", Float, nullable=False),
    Column("reason", String, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("topic", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)

series = Table(
    "series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    Column("point", String, nullable=False),
    UniqueConstraint("store", "device", "point"),
)

# The widest table by far: no column type of ours, no foreign key to look up, nothing that a row can do without.
reading = Table(
    "reading",
    metadata,
    Column("series_id", Integer, primary_key=True),
    Column("at", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("value", Float),
    Column("word", String),
    Column("quality", Integer, nullable=False),
    sqlite_with_rowid=False,
)

memory = Table(
    "memory",
    metadata,
    Column("store", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("memory", String, nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    Column("fault", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("state", String, nullable=False),
    Column("title", Json(Text), nullable=False),
    Column("since", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("alarm_active", Boolean, nullable=False),
    Column("normal_since", Instant),
    Column("assignee", String),
    Column("key_point", String),
    Column("key_value", Json()),
    Column("key_limit", Float),
    Column("evidence", Json(Evidence), nullable=False),
    Column("diagnosis", Json(tuple[Diagnosis, ...]), nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
    sqlite_autoincrement=True,
)

OPEN = text("state NOT IN ('closed', 'cancelled', 'merged')")

Index("ux_ticket_open", ticket.c.store, ticket.c.device, ticket.c.fault, unique=True, sqlite_where=OPEN)

ticket_event = Table(
    "ticket_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket", ForeignKey("ticket.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", String),
    Column("target", String, nullable=False),
    Column("note", String),
    sqlite_autoincrement=True,
)

feed_event = Table(
    "feed_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket", ForeignKey("ticket.id"), nullable=False),
    Column("data", String, nullable=False),
    sqlite_autoincrement=True,
)

account = Table(
    "account",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("account", ForeignKey("account.name"), nullable=False),
    Column("ends_by", Instant, nullable=False),
)

login_link = Table(
    "login_link",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("account", ForeignKey("account.name"), nullable=False),
    Column("use_by", Instant, nullable=False),
    Column("used_at", Instant),
)
