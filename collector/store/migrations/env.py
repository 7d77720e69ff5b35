"""Alembic's way in: it runs within the transaction that the caller has begun."""

from __future__ import annotations

from alembic import context

from collector.store import account_tables, alarm_tables, memory_tables  # noqa: F401 — their tables are of the same metadata
from collector.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
