"""Episodes as they are stored: one row for each beginning."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, literal, select, update
from sqlalchemy.dialects import sqlite

from collector.domain.episodes import Episode
from collector.store.tables import episode

_COLUMNS = tuple(field.name for field in fields(Episode))


def open_one(connection: Connection, store_id: str, device_id: str, fresh: Episode) -> None:
    """One that was only known from the history until now becomes that of its ticket."""
    statement = sqlite.insert(episode).values(store=store_id, device=device_id, **_values(fresh))
    if fresh.ticket is None:
        connection.execute(statement.on_conflict_do_nothing())
        return
    told = {"ticket": fresh.ticket, "past": False}
    connection.execute(statement.on_conflict_do_update(index_elements=list(episode.primary_key), set_=told))


def close(connection: Connection, store_id: str, device_id: str, rule: str, since: datetime, at: datetime) -> None:
    """Of two that say when it was over, the history and what was live, the earlier is right."""
    then = literal(at, episode.c.cleared_at.type)
    earlier = func.min(func.coalesce(episode.c.cleared_at, then), then)
    connection.execute(update(episode).where(_here(store_id, device_id, rule, since)).values(cleared_at=earlier))


def find(connection: Connection, store_id: str, device_id: str, rule: str, since: datetime) -> Episode | None:
    row = connection.execute(select(episode).where(_here(store_id, device_id, rule, since))).one_or_none()
    return None if row is None else _episode(row)


def is_told(connection: Connection, store_id: str, device_id: str, rule: str, since: datetime) -> bool:
    """Whether the one that began then has a ticket, of whatever state."""
    here = _here(store_id, device_id, rule, since) & episode.c.ticket.is_not(None)
    return connection.execute(select(episode.c.rule).where(here)).one_or_none() is not None


def last_end(connection: Connection, store_id: str, device_id: str, rule: str) -> Episode | None:
    """The episode of that alarm that ended last; None where nobody was told of any, or one goes on that was told."""
    of_alarm = (episode.c.store == store_id) & (episode.c.device == device_id) & (episode.c.rule == rule)
    counted = select(func.count().label("all"), func.count(episode.c.cleared_at).label("ended"))
    own = connection.execute(counted.where(of_alarm, episode.c.ticket.is_not(None))).one()
    if own.ended < max(own.all, 1):
        return None
    ended = select(episode).where(of_alarm, episode.c.cleared_at.is_not(None)).order_by(episode.c.cleared_at.desc())
    return _episode(connection.execute(ended.limit(1)).one())


def replace_one(connection: Connection, store_id: str, device_id: str, told: Episode, removed: datetime | None) -> None:
    """Writes `told` over what is there, and takes away the one that began at `removed`."""
    if removed is not None:
        connection.execute(delete(episode).where(_here(store_id, device_id, told.rule, removed)))
    statement = sqlite.insert(episode).values(store=store_id, device=device_id, **_values(told))
    changed = {name: statement.excluded[name] for name in _COLUMNS if name not in {"rule", "since"}}
    connection.execute(statement.on_conflict_do_update(index_elements=list(episode.primary_key), set_=changed))


def of_device(connection: Connection, store_id: str, device_id: str, limit: int) -> tuple[Episode, ...]:
    """The newest `limit`, the newest first."""
    here = (episode.c.store == store_id) & (episode.c.device == device_id)
    query = select(episode).where(here).order_by(episode.c.since.desc(), episode.c.rule).limit(limit)
    return tuple(_episode(row) for row in connection.execute(query))


def _here(store_id: str, device_id: str, rule: str, since: datetime) -> ColumnElement[bool]:
    same_device = (episode.c.store == store_id) & (episode.c.device == device_id)
    return same_device & (episode.c.rule == rule) & (episode.c.since == since)


def _values(one: Episode) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _COLUMNS}


def _episode(row: Row[Any]) -> Episode:
    return Episode(**{name: getattr(row, name) for name in _COLUMNS})
