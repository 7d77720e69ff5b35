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
from collector.domain.segments import Segment
from collector.store.columns import Instant, Json
from edge_agent.contract.readings import Coordinates
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
    Column("location", Json(Coordinates)),
    Column("inventory_stream", String),
    Column("inventory_seq", Integer),
    Column("last_seen_at", Instant),
    Column("stamp", Integer),
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
    Column("bus", String, nullable=False, server_default=""),
    Column("fed_by", String, nullable=False, server_default=""),
    Column("product_class", String, nullable=False, server_default=""),
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
    Column("segments", Json(tuple[Segment, ...]), nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("heard_at", Instant),
    Column("present_from", Integer, nullable=False, server_default="0"),
    Column("withheld_since", Instant),
)

# Bodies of entries that came before those in front of them: judged, and gone from here, when the hole is filled.
ahead = Table(
    "ahead",
    metadata,
    Column("store", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
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
    Column("digest", String),
    Column("refused", Json(tuple[int, ...]), nullable=False),
    Column("times", Integer, nullable=False),
    sqlite_autoincrement=True,
)

Index("ix_quarantine_digest", quarantine.c.digest, unique=True)

# Only what is wrong: no row for a store whose line is sound.
store_line = Table(
    "store_line",
    metadata,
    Column("store", ForeignKey("store.id"), primary_key=True),
    Column("silent_since", Instant),
    Column("rivals_since", Instant),
)

# One row for each collector whose stores fell silent together; several may divide the stores among them.
office_line = Table(
    "office_line",
    metadata,
    Column("partitions", String, primary_key=True),
    Column("unheard_since", Instant, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    UniqueConstraint("store", "device"),
)

point = Table(
    "point",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
)

# The log of readings: polls as they came, until their hour is sealed. Appended to by every transaction.
poll = Table(
    "poll",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("window", Integer, nullable=False),
    Column("source", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_poll_window", poll.c.window, poll.c.source)

# The second index answers by itself how many readings there are, and which blocks are too old.
block = Table(
    "block",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("source", Integer, nullable=False),
    Column("window", Integer, nullable=False),
    Column("sealed_at", Integer, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("level", "source", "window"),
)
Index("ix_block_age", block.c.level, block.c.window, block.c.sealed_at, block.c.readings)

# Readings that a telemetry store elsewhere still has to be given, and what of them was lost because it stayed away.
pending = Table(
    "pending",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

undelivered = Table(
    "undelivered",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("from_at", Integer, nullable=False),
    Column("to_at", Integer, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("reason", String, nullable=False),
    sqlite_autoincrement=True,
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    Column("fault", String, nullable=False),
    Column("family", String, nullable=False, server_default=""),
    Column("severity", String, nullable=False),
    Column("state", String, nullable=False),
    Column("title", Json(Text), nullable=False),
    Column("since", Instant, nullable=False),
    Column("since_at_least", Boolean, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("alarm_active", Boolean, nullable=False),
    Column("normal_since", Instant),
    Column("assignee", String),
    Column("merged_into", Integer),
    Column("key_point", String),
    Column("key_value", Json()),
    Column("key_limit", Float),
    Column("evidence", Json(Evidence), nullable=False),
    Column("diagnosis", Json(tuple[Diagnosis, ...]), nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
    sqlite_autoincrement=True,
)

OPEN = text("state NOT IN ('closed', 'cancelled', 'merged')")

Index("ux_ticket_open", ticket.c.store, ticket.c.device, ticket.c.family, unique=True, sqlite_where=OPEN)

# What is written on a ticket: alarms of its own device and family, and those that follow from them.
ticket_alarm = Table(
    "ticket_alarm",
    metadata,
    Column("ticket", ForeignKey("ticket.id"), primary_key=True),
    Column("device", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("family", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("title", Json(Text), nullable=False),
    Column("since", Instant, nullable=False),
    Column("since_at_least", Boolean, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("evidence", Json(Evidence), nullable=False),
    Column("diagnosis", Json(tuple[Diagnosis, ...]), nullable=False),
)

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
    Column("since", Instant),
    sqlite_autoincrement=True,
)

episode = Table(
    "episode",
    metadata,
    Column("store", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("since", Instant, primary_key=True),
    Column("since_at_least", Boolean, nullable=False),
    Column("severity", String, nullable=False),
    Column("title", Json(Text), nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Column("past", Boolean, nullable=False),
    Column("ticket", ForeignKey("ticket.id")),
    Column("evidence", Json(Evidence), nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
)

feed_event = Table(
    "feed_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket", ForeignKey("ticket.id"), nullable=False),
    Column("data", String, nullable=False),
    sqlite_autoincrement=True,
)
