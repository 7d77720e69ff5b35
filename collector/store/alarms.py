"""Alarms as operators see them, and the audit of all that was done with them, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, delete, insert, select, update

from collector.domain.alarms import ACTIVE, Alarm, Entry, Standing
from collector.domain.events import StoreLabel
from collector.domain.figures import RAISED, TOLD
from collector.store.alarm_tables import alarm, alarm_entry
from collector.store.tables import device, store
from edge_agent.contract.readings import Device

_COLUMNS = tuple(field.name for field in fields(Alarm))
_ENTRY = tuple(field.name for field in fields(Entry))
_URGENCY = case({"urgent": 0, "high": 1, "medium": 2, "low": 3}, value=alarm.c.priority, else_=4)
_COUNTED = sorted({*RAISED, *TOLD, "acknowledged", "shelved", "reset"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An alarm with the store and device that it is about, as they are called today."""

    alarm: Alarm
    store: StoreLabel
    device: Device


def find(connection: Connection, store_id: str, device_id: str, rule: str) -> Alarm | None:
    here = (alarm.c.store == store_id) & (alarm.c.device == device_id) & (alarm.c.rule == rule)
    row = connection.execute(select(alarm).where(here)).one_or_none()
    return None if row is None else _alarm(row)


def with_id(connection: Connection, alarm_id: int) -> Alarm | None:
    row = connection.execute(select(alarm).where(alarm.c.id == alarm_id)).one_or_none()
    return None if row is None else _alarm(row)


_UNTOLD = select(alarm).where(alarm.c.told_at.is_(None), alarm.c.standing.in_(ACTIVE)).order_by(alarm.c.id)
"""Built once: asked every few seconds."""


def write(connection: Connection, before: Alarm | None, after: Alarm) -> bool:
    """Compare and set: False, and nothing written, where it is not any more what it was. What is over is deleted."""
    values = {name: getattr(after, name) for name in _COLUMNS if name != "id"}
    if before is None:
        connection.execute(insert(alarm).values(**values))
        return True
    here = (alarm.c.id == before.id) & (alarm.c.revision == before.revision)
    statement = delete(alarm).where(here) if after.over else update(alarm).where(here).values(**values)
    return connection.execute(statement).rowcount == 1


def untold(connection: Connection) -> tuple[Alarm, ...]:
    """Those that stand and that nobody has been told of."""
    return tuple(map(_alarm, connection.execute(_UNTOLD)))


def active_of(connection: Connection, store_id: str, device_id: str) -> tuple[Alarm, ...]:
    here = (alarm.c.store == store_id) & (alarm.c.device == device_id) & alarm.c.standing.in_(ACTIVE)
    return tuple(map(_alarm, connection.execute(select(alarm).where(here).order_by(alarm.c.id))))


def duty_of(connection: Connection, store_id: str, device_id: str) -> str | None:
    here = (device.c.store == store_id) & (device.c.id == device_id)
    return connection.execute(select(device.c.duty).where(here)).scalar_one_or_none()


def active(connection: Connection, store_id: str = "") -> tuple[Alarm, ...]:
    query = select(alarm).where(alarm.c.standing.in_(ACTIVE)).order_by(alarm.c.id)
    return tuple(map(_alarm, connection.execute(_of_store(query, alarm.c.store, store_id))))


def most_urgent(connection: Connection, store_id: str, limit: int) -> tuple[Placed, ...]:
    """All that are not normal: what nobody has acknowledged first, then by priority, then the newest first."""
    seen = case({Standing.UNACKNOWLEDGED: 0, Standing.LATCHED_UNACKNOWLEDGED: 1}, value=alarm.c.standing, else_=2)
    query = _placed().order_by(seen, _URGENCY, alarm.c.noted_at.desc(), alarm.c.id.desc()).limit(limit)
    return tuple(map(_place, connection.execute(_of_store(query, alarm.c.store, store_id))))


def placed(connection: Connection, alarm_id: int) -> Placed | None:
    row = connection.execute(_placed().where(alarm.c.id == alarm_id)).one_or_none()
    return None if row is None else _place(row)


def note(connection: Connection, entries: Iterable[Entry]) -> None:
    """Into the audit."""
    for entry in entries:
        connection.execute(insert(alarm_entry).values(**asdict(entry)))


def audit(
    connection: Connection, *, store_id: str = "", device_id: str = "", rule: str = "", limit: int = 100
) -> tuple[Entry, ...]:
    """The newest first, of what is named."""
    query = select(alarm_entry).order_by(alarm_entry.c.id.desc()).limit(limit)
    for column, wanted in (
        (alarm_entry.c.store, store_id),
        (alarm_entry.c.device, device_id),
        (alarm_entry.c.rule, rule),
    ):
        query = _of_store(query, column, wanted)
    return tuple(map(_entry, connection.execute(query)))


def counted(connection: Connection, since: datetime, until: datetime, store_id: str = "") -> Iterator[Entry]:
    """What the figures are made of, in its order."""
    within = (alarm_entry.c.at >= since) & (alarm_entry.c.at < until) & alarm_entry.c.kind.in_(_COUNTED)
    query = select(alarm_entry).where(within).order_by(alarm_entry.c.at, alarm_entry.c.id)
    yield from map(_entry, connection.execute(_of_store(query, alarm_entry.c.store, store_id)))


def _of_store(query: Select[Any], column: Any, wanted: str) -> Select[Any]:
    return query.where(column == wanted) if wanted else query


def _placed() -> Select[Any]:
    about_device = [column.label(f"device_{column.name}") for column in device.c]
    about_store = [store.c.name.label("store_name"), store.c.timezone.label("store_timezone")]
    joined = alarm.join(device, (device.c.store == alarm.c.store) & (device.c.id == alarm.c.device))
    return select(*alarm.c, *about_store, *about_device).select_from(joined.join(store, store.c.id == alarm.c.store))


def _place(row: Row[Any]) -> Placed:
    device_ = Device(**{field.name: getattr(row, f"device_{field.name}") for field in fields(Device)})
    place = StoreLabel(id=row.store, name=row.store_name, timezone=row.store_timezone)
    return Placed(alarm=_alarm(row), store=place, device=device_)


def _alarm(row: Row[Any]) -> Alarm:
    known = Alarm(**{name: getattr(row, name) for name in _COLUMNS})
    return replace(known, standing=Standing(row.standing))


def _entry(row: Row[Any]) -> Entry:
    return Entry(**{name: getattr(row, name) for name in _ENTRY})
