"""The tables of alarms as operators see them, of what holds them back, and of what they found."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from collector.store.columns import Instant, Json
from collector.store.tables import metadata
from edge_agent.contract.text import Text
from rules.model import Change

# One row from when an alarm is raised until it is normal again and nothing is left to be done about it.
alarm = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("title", Json(Text), nullable=False),
    Column("severity", String, nullable=False),
    Column("priority", String),
    Column("food", Boolean, nullable=False),
    Column("latching", Boolean, nullable=False),
    Column("standing", String, nullable=False),
    Column("since", Instant, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("noted_at", Instant, nullable=False),
    Column("told_at", Instant, index=True),
    Column("cleared_at", Instant),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", String),
    Column("change", Json(Change), nullable=False),
    Column("revision", Integer, nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
    UniqueConstraint("store", "device", "rule"),
    sqlite_autoincrement=True,
)

# The audit: what happened to alarms, and who did what to them, to devices and to rules. Never changed.
alarm_entry = Table(
    "alarm_entry",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("priority", String),
    Column("source", String),
    Column("target", String),
    Column("reason", String),
    Column("until", Instant),
    sqlite_autoincrement=True,
)
Index("ix_alarm_entry_about", alarm_entry.c.store, alarm_entry.c.device, alarm_entry.c.rule)

# `settled`: it is over, and what still stood then has been told.
suppression = Table(
    "suppression",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("store", String, nullable=False),
    Column("device", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("begins_at", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String),
    Column("reminded_at", Instant),
    Column("settled", Boolean, nullable=False),
    ForeignKeyConstraint(["store", "device"], ["device.store", "device.id"]),
    sqlite_autoincrement=True,
)
Index("ix_suppression_settled_store", suppression.c.settled, suppression.c.store)

# Only for rules of which somebody, or their budget, has said other than their file.
rule_mode = Table(
    "rule_mode",
    metadata,
    Column("rule", String, primary_key=True),
    Column("mode", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("reason", String, nullable=False),
)

closure = Table(
    "closure",
    metadata,
    Column("ticket", ForeignKey("ticket.id"), primary_key=True),
    Column("rule", String, nullable=False),
    Column("code", String, nullable=False),
    Column("food", Boolean, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", String),
)
Index("ix_closure_rule_at", closure.c.rule, closure.c.at)
