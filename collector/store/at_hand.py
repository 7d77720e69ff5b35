"""Stores as this collector left them, so that each transaction need not read again what the one before it wrote."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import randbits

from sqlalchemy import Connection, bindparam, select

from collector.domain.store_memory import StoreMemory
from collector.store import inventory
from collector.store.memories import Remembered
from collector.store.streams import Progress
from collector.store.tables import store
from edge_agent.contract.readings import Device
from rules.neighbours import Setting

DEVICES_AT_MOST = 10_000
"""About 50 KiB each, most of it windows of the last two hours. Of a larger chain the stores that found room are kept,
which saves more than taking turns."""
LEFT_AFTER = timedelta(minutes=30)
"""A store that was not heard for so long makes room for another."""

# Built once: with small batches the building of statements would cost more than what they do.
_STAMPS = select(store.c.id, store.c.stamp).where(store.c.id.in_(bindparam("stores", expanding=True)))
_STAMP = "UPDATE store SET stamp = ? WHERE id = ?"


@dataclass(slots=True, kw_only=True)
class Premises:
    """A store with all devices that it ever listed; `setting` has those that it lists now.

    What was read or written already of its live segment: the `memories` of devices and the store's own (`around`). How
    far the stream that is judged had come (`streams`) is for guesses only: what else becomes of it is not noted here.
    """

    devices: Mapping[str, Device]
    setting: Setting
    memories: dict[str, Remembered] = field(default_factory=dict)
    around: StoreMemory | None = None
    streams: dict[str, Progress] = field(default_factory=dict)


def new_stamp() -> int:
    """One that nobody else has."""
    return randbits(62)


@dataclass(slots=True)
class _Kept:
    premises: Premises
    stamp: int
    heard_at: datetime


class AtHand:
    """Used by one thread. Each transaction leaves a stamp of its own on its stores: where another stamp is found, or
    none, somebody else has written meanwhile, or this transaction came to nothing, and all is read anew."""

    def __init__(self, devices_at_most: int = DEVICES_AT_MOST, stamps: Callable[[], int] = new_stamp) -> None:
        self._most = devices_at_most
        self._new_stamp = stamps
        self._kept: dict[str, _Kept] = {}

    def glance(self, store: str) -> Premises | None:
        """Without asking whether it is still so."""
        kept = self._kept.get(store)
        return None if kept is None else kept.premises

    def check(self, connection: Connection, stores: Collection[str]) -> None:
        """Before the transaction writes anything of them."""
        known = [one for one in stores if one in self._kept]
        stamps = {row.id: row.stamp for row in connection.execute(_STAMPS, {"stores": known})} if known else {}
        for one in known:
            if self._kept[one].stamp != stamps.get(one):
                del self._kept[one]

    def enter(
        self, connection: Connection, stores: Collection[str], relisted: Collection[str], now: datetime
    ) -> dict[str, Premises]:
        """Of stores that were checked. Those of `relisted` have told of their devices since."""
        entered = {one: self._kept[one].premises for one in stores if one in self._kept and one not in relisted}
        for one, fresh in read_premises(connection, [name for name in stores if name not in entered]).items():
            known = self._kept.get(one)
            entered[one] = replace(known.premises, devices=fresh.devices, setting=fresh.setting) if known else fresh
        stamp = self._new_stamp()
        connection.exec_driver_sql(_STAMP, [(stamp, one) for one in stores])
        self._keep(entered, stamp, now)
        return entered

    def _keep(self, entered: Mapping[str, Premises], stamp: int, now: datetime) -> None:
        for one in entered:
            self._kept.pop(one, None)  # the one that was heard last stands last
        room = self._most - sum(_size(kept.premises) for kept in self._kept.values())
        for one, premises in entered.items():
            while room < _size(premises) and (left := self._left(now)):
                room += _size(self._kept.pop(left).premises)
            if room >= _size(premises):
                room -= _size(premises)
                self._kept[one] = _Kept(premises, stamp, now)

    def _left(self, now: datetime) -> str | None:
        """The store that was not heard for longest, where that is long."""
        name, kept = next(iter(self._kept.items()), (None, None))
        return name if kept is not None and now - kept.heard_at >= LEFT_AFTER else None


def _size(premises: Premises) -> int:
    """In devices; a store that has none takes room too."""
    return max(1, len(premises.devices))


def read_premises(connection: Connection, stores: Collection[str]) -> dict[str, Premises]:
    if not stores:
        return {}
    known = inventory.known_devices(connection, stores)
    settings = inventory.settings(connection, known)
    return {one: Premises(devices=devices, setting=settings[one]) for one, devices in known.items()}
