"""What holds alarms back, as it is stored: shelves, masks and maintenance of devices, and the modes of rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import sqlite

from collector.domain.suppression import Kind, Suppression
from collector.store.alarm_tables import rule_mode, suppression
from edge_agent.contract.clock import EPOCH
from edge_agent.contract.text import Text

Mode = Literal["live", "shadow"]
MODES: tuple[Mode, ...] = get_args(Mode)
MODE_NAMES: Mapping[Mode, Text] = {
    "live": Text(zh="正常启用", en="at work"),
    "shadow": Text(zh="影子模式", en="in shadow"),
}

_COLUMNS = tuple(field.name for field in fields(Suppression))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMode:
    """What somebody, or its budget, has said of a rule."""

    rule: str
    mode: Mode
    actor: str
    at: datetime
    reason: str


def begin(connection: Connection, fresh: Suppression) -> Suppression:
    """With the id that it was given."""
    values = {name: getattr(fresh, name) for name in _COLUMNS if name != "id"}
    row = connection.execute(insert(suppression).values(**values, settled=False).returning(suppression.c.id)).one()
    return replace(fresh, id=row.id)


def change(connection: Connection, before: Suppression, after: Suppression) -> bool:
    """Compare and set: False, and nothing written, where somebody has ended it meanwhile."""
    here = (suppression.c.id == before.id) & (suppression.c.ended_at.is_(None)) & ~suppression.c.settled
    values = {"ended_at": after.ended_at, "ended_by": after.ended_by, "reminded_at": after.reminded_at}
    return connection.execute(update(suppression).where(here).values(**values)).rowcount == 1


def settle(connection: Connection, ids: Collection[int]) -> None:
    connection.execute(update(suppression).where(suppression.c.id.in_(ids)).values(settled=True))


def with_id(connection: Connection, id_: int) -> Suppression | None:
    row = connection.execute(select(suppression).where(suppression.c.id == id_)).one_or_none()
    return None if row is None else _suppression(row)


_UNSETTLED = select(suppression).where(~suppression.c.settled).order_by(suppression.c.begins_at, suppression.c.id)
_MODES = select(rule_mode)
"""Built once: asked every few seconds."""


def unsettled(connection: Connection, store_id: str = "") -> tuple[Suppression, ...]:
    """All that stand, are still to come, or are just over; the oldest first."""
    query = _UNSETTLED.where(suppression.c.store == store_id) if store_id else _UNSETTLED
    return tuple(map(_suppression, connection.execute(query)))


def modes(connection: Connection) -> dict[str, RuleMode]:
    return {row.rule: RuleMode(**row._mapping) for row in connection.execute(_MODES)}  # noqa: SLF001 — SQLAlchemy's public name for it


def set_mode(connection: Connection, fresh: RuleMode) -> None:
    values = {"mode": fresh.mode, "actor": fresh.actor, "at": fresh.at, "reason": fresh.reason}
    statement = sqlite.insert(rule_mode).values(rule=fresh.rule, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["rule"], set_=values))


def in_shadow(connection: Connection, by_file: Collection[str] = ()) -> tuple[Suppression, ...]:
    """The rules that are judged and told to nobody; `by_file` are those whose file says so. A mode goes before it."""
    known = modes(connection)
    said = [one for one in known.values() if one.mode == "shadow"]
    return (
        *(_shadow(one.rule, one.reason, one.actor, one.at) for one in said),
        *(_shadow(rule, "shadow: true", "", EPOCH) for rule in by_file if rule not in known),
    )


def _shadow(rule: str, reason: str, actor: str, at: datetime) -> Suppression:
    return Suppression(kind=Kind.SHADOW, rule=rule, reason=reason, actor=actor, begins_at=at, until=None)


def _suppression(row: Row[Any]) -> Suppression:
    return replace(Suppression(**{name: getattr(row, name) for name in _COLUMNS}), kind=Kind(row.kind))
