"""What tickets turned out to be, as it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import sqlite

from collector.domain.budget import Code
from collector.store.alarm_tables import closure


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What somebody found of a ticket; `food`: its fault was food-critical."""

    ticket: int
    rule: str
    code: Code
    food: bool
    actor: str
    at: datetime
    note: str | None


def of_ticket(connection: Connection, ticket_id: int) -> Closure | None:
    row = connection.execute(select(closure).where(closure.c.ticket == ticket_id)).one_or_none()
    return None if row is None else Closure(**row._mapping)  # noqa: SLF001 — SQLAlchemy's public name for it


def write(connection: Connection, fresh: Closure) -> None:
    """In the place of what was said of the ticket before."""
    values = {name: getattr(fresh, name) for name in ("rule", "code", "food", "actor", "at", "note")}
    statement = sqlite.insert(closure).values(ticket=fresh.ticket, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["ticket"], set_=values))


def of_rule(connection: Connection, rule: str, since: datetime) -> list[tuple[Code, bool]]:
    """Codes, each with whether its ticket was food-critical."""
    query = select(closure.c.code, closure.c.food).where(closure.c.rule == rule, closure.c.at >= since)
    return [(row.code, row.food) for row in connection.execute(query)]


def rules(connection: Connection, since: datetime) -> tuple[str, ...]:
    """Those of which something was said since then."""
    return tuple(connection.execute(select(closure.c.rule).where(closure.c.at >= since).distinct()).scalars())
