"""Stores and what stands in them, as their agents told us."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, Row, bindparam, func, or_, select, update
from sqlalchemy.dialects import sqlite

from collector.domain.events import StoreLabel
from collector.store.tables import OPEN, device, store, ticket
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import AgentStatus, Device
from edge_agent.contract.text import same
from rules.neighbours import Setting

# Built once: with small batches the building of statements would cost more than what they do.
_STORE = sqlite.insert(store)
_NOTE_ARRIVAL = _STORE.on_conflict_do_update(index_elements=["id"], set_={"last_seen_at": _STORE.excluded.last_seen_at})
_NOTE_SIGHTING = """UPDATE device SET last_at = :at, answers = :answers
WHERE store = :store AND id = :device AND (last_at IS NULL OR last_at <= :at)"""
"""For the driver itself: one for every device of every batch."""
_DEVICES = select(device).where(device.c.store.in_(bindparam("stores", expanding=True)))
_LISTED = select(device.c.store, device.c.id).where(
    device.c.store.in_(bindparam("stores", expanding=True)), device.c.listed
)
_STORES = select(store).where(store.c.id.in_(bindparam("stores", expanding=True)))
_DEVICE = sqlite.insert(device)
_LIST = _DEVICE.on_conflict_do_update(
    index_elements=["store", "id"],
    set_={
        column.name: column for column in _DEVICE.excluded if column.name not in {"store", "id", "answers", "last_at"}
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """`last_at` is when it was last polled, whether it answered (`answers`) or not."""

    device: Device
    last_at: datetime | None
    answers: bool
    open_tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """`last_seen_at` is head office's time at the arrival of its last message."""

    label: StoreLabel
    last_seen_at: datetime | None
    devices: tuple[DeviceState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """That a device was polled `at` that time, and whether it answered."""

    store: str
    device: str
    at: datetime
    answers: bool


def note_arrivals(connection: Connection, store_ids: Iterable[str], at: datetime) -> None:
    """A store that nobody knew is written down by its id until its inventory comes."""
    rows = [{"id": one, "name": same(one), "timezone": "UTC", "last_seen_at": at} for one in store_ids]
    if rows:
        connection.execute(_NOTE_ARRIVAL, rows)


def replace_inventory(connection: Connection, store_id: str, stream_id: str, seq: int, status: AgentStatus) -> bool:
    """False where a later status of the same stream has been taken in already."""
    older = or_(
        store.c.inventory_stream.is_distinct_from(stream_id),
        store.c.inventory_seq.is_(None),
        store.c.inventory_seq < seq,
    )
    about = {
        "name": status.name,
        "timezone": _known_zone(status.timezone),
        "location": status.location,
        "inventory_stream": stream_id,
        "inventory_seq": seq,
        "stamp": None,  # whoever has the devices at hand must read them again
    }
    if connection.execute(update(store).where(store.c.id == store_id, older).values(**about)).rowcount == 0:
        return False
    connection.execute(update(device).where(device.c.store == store_id).values(listed=False))
    if status.devices:
        _list_devices(connection, store_id, status.devices)
    return True


def known_devices(connection: Connection, store_ids: Iterable[str]) -> dict[str, dict[str, Device]]:
    """All that each store ever listed: what it recorded of one that is gone may still come."""
    found: dict[str, dict[str, Device]] = {one: {} for one in store_ids}
    for row in connection.execute(_DEVICES, {"stores": sorted(found)}):
        found[row.store][row.id] = to_device(row)
    return found


def settings(connection: Connection, stores: Mapping[str, Mapping[str, Device]]) -> dict[str, Setting]:
    """Each store as its newest inventory tells it: what it does not list any more is nobody's neighbour. `stores` are
    given with all devices that each ever listed."""
    wanted = sorted(stores)
    listed: dict[str, dict[str, Device]] = {one: {} for one in wanted}
    for row in connection.execute(_LISTED, {"stores": wanted}):
        if row.id in stores[row.store]:
            listed[row.store][row.id] = stores[row.store][row.id]
    return {
        row.id: Setting(id=row.id, timezone=row.timezone, location=row.location, devices=listed[row.id])
        for row in connection.execute(_STORES, {"stores": wanted})
    }


def note_sightings(connection: Connection, sightings: Iterable[Sighting]) -> None:
    """Each takes effect unless a later one is known."""
    rows = [
        {"store": seen.store, "device": seen.device, "at": to_ms(seen.at), "answers": seen.answers}
        for seen in sightings
    ]
    if rows:
        connection.exec_driver_sql(_NOTE_SIGHTING, rows)


def label(connection: Connection, store_id: str) -> StoreLabel:
    row = connection.execute(select(store).where(store.c.id == store_id)).one()
    return StoreLabel(id=row.id, name=row.name, timezone=row.timezone)


def lists_any(connection: Connection, device_classes: Collection[str], duties: Collection[str]) -> bool:
    """Whether any store has a device of these classes and duties."""
    here = device.c.device_class.in_(device_classes) & device.c.duty.in_(duties) & device.c.listed
    return connection.execute(select(device.c.id).where(here).limit(1)).one_or_none() is not None


def device_class(connection: Connection, store_id: str, device_id: str) -> str | None:
    """Also of a device that the store no longer lists; None where there never was one."""
    query = select(device.c.device_class).where(device.c.store == store_id, device.c.id == device_id)
    return connection.execute(query).scalar_one_or_none()


def states(connection: Connection) -> tuple[StoreState, ...]:
    """Every store by its id, with the devices it lists in the order of its inventory."""
    count = func.count(ticket.c.id).label("open_tickets")
    open_here = (ticket.c.store == device.c.store) & (ticket.c.device == device.c.id) & OPEN
    query = (
        select(device, count)
        .select_from(device.outerjoin(ticket, open_here))
        .where(device.c.listed)
        .group_by(device.c.store, device.c.id)
        .order_by(device.c.store, device.c.position)
    )
    rows = connection.execute(query).all()
    listed = {name: tuple(map(_state, group)) for name, group in groupby(rows, key=lambda row: str(row.store))}
    return tuple(
        StoreState(
            label=StoreLabel(id=row.id, name=row.name, timezone=row.timezone),
            last_seen_at=row.last_seen_at,
            devices=listed.get(row.id, ()),
        )
        for row in connection.execute(select(store).order_by(store.c.id))
    )


def to_device(row: Row[Any]) -> Device:
    return Device(
        id=row.id,
        device_class=row.device_class,
        duty=row.duty,
        profile=row.profile,
        profile_version=row.profile_version,
        proven=row.proven,
        name=row.name,
        bus=row.bus,
        fed_by=row.fed_by,
        product_class=row.product_class,
    )


def _known_zone(name: str) -> str:
    """UTC in the place of one that is none: a browser that is told of it shows no page at all."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"


def _state(row: Row[Any]) -> DeviceState:
    return DeviceState(device=to_device(row), last_at=row.last_at, answers=row.answers, open_tickets=row.open_tickets)


def _list_devices(connection: Connection, store_id: str, listed: Iterable[Device]) -> None:
    rows = [
        {
            "store": store_id,
            "id": one.id,
            "device_class": one.device_class,
            "duty": one.duty,
            "profile": one.profile,
            "profile_version": one.profile_version,
            "proven": one.proven,
            "name": one.name,
            "bus": one.bus,
            "fed_by": one.fed_by,
            "product_class": one.product_class,
            "position": position,
            "listed": True,
            "answers": True,
        }
        for position, one in enumerate(listed)
    ]
    connection.execute(_LIST, rows)
