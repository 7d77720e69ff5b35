"""What is stored of stores, written as the files that `fault-rules score` and `fault-rules backtest` read."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import count
from pathlib import Path
from typing import IO

from collector.domain.line_faults import OFFICE
from collector.store import inventory
from collector.store.database import Database
from collector.stored import SAMPLES_AT_MOST, points_of, stored_polls
from collector.telemetry.base import Span, TelemetryStore
from edge_agent.contract.clock import MILLISECOND
from edge_agent.contract.readings import Telemetry
from edge_agent.contract.text import Text
from rules.neighbours import Setting
from rules.scoring.data import INVENTORY, TELEMETRY, StoreInventory, stored_inventory_line, telemetry_line
from rules.scoring.recording import recording

AT_ONCE = timedelta(hours=6)
"""As much of a store as is held in memory."""
_TOGETHER = 500
"""Polls in a line."""
_STREAM = "stored"


class UnknownStore(LookupError):
    """Name stores that have been heard, or none for all; `sentence` says which have not."""

    def __init__(self, names: Iterable[str]) -> None:
        listed = ", ".join(sorted(names))
        self.sentence = Text(zh=f"没有门店 {listed}", en=f"there is no store {listed}")
        super().__init__(self.sentence.en)


class NothingStored(LookupError):
    """Ask for a time, or for stores, of which something is stored; `sentence` says what was asked for."""

    def __init__(self, since: datetime, until: datetime) -> None:
        begin, end = since.isoformat(timespec="minutes"), until.isoformat(timespec="minutes")
        self.sentence = Text(
            zh=f"{begin} 至 {end} 没有存储的读数,未写入任何文件",
            en=f"nothing is stored from {begin} to {end}; no file was written",
        )
        super().__init__(self.sentence.en)


def export(
    database: Database,
    telemetry: TelemetryStore,
    folder: Path,
    stores: Collection[str],
    since: datetime,
    until: datetime,
) -> int:
    """Of these stores, or of all where none is named; how many readings there were.

    Raises UnknownStore, NothingStored, TryLater, OSError, and Faulty where the folder holds recorded data already.
    """
    settings = _settings(database, stores)
    readings = 0
    with recording(folder) as unfinished:
        with (
            gzip.open(unfinished / f"{TELEMETRY}.gz", "wb", compresslevel=3) as told,
            (unfinished / INVENTORY).open("wb") as listed,
        ):
            for setting in settings:
                listed.write(stored_inventory_line(_inventory(setting)))
                readings += _write(told, setting.id, _polls(telemetry, setting, since, until))
        if not readings:
            raise NothingStored(since, until)
    return readings


def _settings(database: Database, stores: Collection[str]) -> Sequence[Setting]:
    with database.reading() as connection:
        there = {one.label.id for one in inventory.states(connection)} - {OFFICE}
        if unknown := set(stores) - there:
            raise UnknownStore(unknown)
        known = inventory.known_devices(connection, stores or there)
        return list(inventory.settings(connection, known).values())


def _inventory(setting: Setting) -> StoreInventory:
    devices = tuple(setting.devices.values())
    return StoreInventory(store=setting.id, timezone=setting.timezone, location=setting.location, devices=devices)


def _polls(telemetry: TelemetryStore, setting: Setting, since: datetime, until: datetime) -> Iterator[Telemetry]:
    """Of all devices, in the order of their instants."""
    begin = since
    while begin < until:
        end = min(begin + AT_ONCE, until)
        span = Span(since=begin, until=end - MILLISECOND, most=SAMPLES_AT_MOST)
        each = [stored_polls(telemetry, setting.id, one, points_of(one), span) for one in setting.devices.values()]
        yield from merge(*each, key=lambda poll: poll.at)
        begin = end


def _write(file: IO[bytes] | gzip.GzipFile, store: str, polls: Iterator[Telemetry]) -> int:
    readings, numbers = 0, count(1, _TOGETHER)
    together: list[Telemetry] = []
    for poll in polls:
        readings += len(poll.readings)
        together.append(poll)
        if len(together) == _TOGETHER:
            file.write(telemetry_line(store, _STREAM, next(numbers), together))
            together = []
    if together:
        file.write(telemetry_line(store, _STREAM, next(numbers), together))
    return readings
