"""The tables of those who sign in."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from collector.store.columns import Instant
from collector.store.tables import metadata

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
