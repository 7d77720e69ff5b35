"""A day of forty devices as a chain has it, and as many of such days as a hundred million readings need.

The day is taken in and sealed by the real path. The others are its blocks with their instants moved: as many rows and
bytes as if they had come, in a minute and not in ten.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from random import Random

import msgspec
from sqlalchemy import text

from collector.store.database import Database
from collector.telemetry import shelf
from collector.telemetry.base import Arrival
from collector.telemetry.block import COMPRESSION, Block
from collector.telemetry.columns import Run
from collector.telemetry.names import Names
from collector.telemetry.shelf import DAY_MS, LENGTHS_MS, Place, Sealed
from collector.telemetry.sqlite import SqliteTelemetry
from collector.telemetry.steps import DAY, WIDTHS, Level
from collector.telemetry.summary import BucketColumn, Summary
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Reading, Telemetry
from tests.bench.sample import BEGIN_AT

STORE = "bench"
DEVICES, POLLS, NUMBERS, FLAGS = 40, 2_880, 12, 8
POINTS = [*(f"temp.{number}" for number in range(NUMBERS)), *(f"flag.{number}" for number in range(FLAGS))]
OF_A_DAY = DEVICES * POLLS * len(POINTS)
DAYS = 7


@dataclass(frozen=True, slots=True)
class Moved:
    """A block of the day as another device's on another day."""

    place: Place
    sealed: Sealed


def arrivals(number: int, polls: int = POLLS) -> Iterator[Arrival]:
    """A device's day: temperatures that wander by tenths, flags that change now and then, polls hardly punctual."""
    dice = Random(number)
    tenths = [dice.randint(-250, 100) for _ in range(NUMBERS)]
    flags = [False] * FLAGS
    for poll in range(polls):
        tenths = [one + dice.choice((-2, -1, -1, 0, 0, 0, 1, 1, 2)) for one in tenths]
        flags = [one is not (dice.random() < 0.01) for one in flags]
        values = [*(one / 10 for one in tenths), *flags]
        at = BEGIN_AT + timedelta(seconds=30 * poll, milliseconds=dice.randint(0, 400))
        readings = tuple(Reading(point=point, value=value) for point, value in zip(POINTS, values, strict=True))
        mono = 30.0 * poll
        telemetry = Telemetry(device=device(number), at=at, boot="b", mono=mono, clock_trusted=True, readings=readings)
        yield Arrival(store=STORE, seq=1 + poll * DEVICES + dice.randint(0, DEVICES - 1), telemetry=telemetry)


def device(number: int) -> str:
    return f"case-{number}"


def fill(database: Database, upto: int) -> int:
    """Copies the sealed day of the forty until there are `upto` readings; how many there are then."""
    day = _blocks_by_source(database)
    wanted = -(-upto // (OF_A_DAY // DEVICES)) - DEVICES
    copies = list(zip(_targets(database, sorted(day), wanted), cycle(day.values()), strict=False))
    for index in range(0, len(copies), 20):
        with database.writing() as connection:
            for (source, ahead), blocks in copies[index : index + 20]:
                for place, sealed in blocks:
                    moved = _move(place, sealed, source, ahead)
                    shelf.put(connection, moved.place, None, moved.sealed, to_ms(BEGIN_AT + DAYS * DAY))
    return SqliteTelemetry(database).count()


def _targets(database: Database, sources: Sequence[int], wanted: int) -> list[tuple[int, int]]:
    """Devices and days (from the first on) that have nothing yet: the forty's other days, then devices of their own."""
    targets = [(source, ahead) for source in sources for ahead in range(1, DAYS)]
    names = Names()
    with database.writing() as connection:
        number = DEVICES
        while len(targets) < wanted:
            names.learn(connection, (STORE, device(number)), ())
            targets += [(names.sources[STORE, device(number)], ahead) for ahead in range(DAYS)]
            number += 1
    return targets[:wanted]


def _blocks_by_source(database: Database) -> dict[int, list[tuple[Place, Sealed]]]:
    day: dict[int, list[tuple[Place, Sealed]]] = {}
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT level, source, window, readings, body FROM block ORDER BY window, level")
        )
        for level, source, window, readings, body in rows:
            day.setdefault(source, []).append((Place(Level(level), source, window), Sealed(readings, body)))
    return day


def _move(place: Place, sealed: Sealed, source: int, days: int) -> Moved:
    length = LENGTHS_MS[place.level]
    content = zlib.decompress(sealed.body)
    moved = _move_raw(content, days) if place.level is Level.RAW else _move_summary(content, place.level, days)
    body = zlib.compress(msgspec.msgpack.encode(moved), COMPRESSION)
    window = place.window + days * DAY_MS // length
    return Moved(Place(place.level, source, window), Sealed(sealed.readings, body))


def _move_raw(content: bytes, days: int) -> Block:
    block = msgspec.msgpack.decode(content, type=Block)
    return msgspec.structs.replace(block, at_ms=_shift(block.at_ms, days * DAY_MS))


def _move_summary(content: bytes, level: Level, days: int) -> Summary:
    summary = msgspec.msgpack.decode(content, type=Summary)
    steps = days * (DAY // WIDTHS[level])
    columns = [msgspec.msgpack.decode(column, type=BucketColumn) for column in summary.columns]
    moved = [msgspec.structs.replace(column, numbers=_shift(column.numbers, steps)) for column in columns]
    return msgspec.structs.replace(summary, columns=tuple(msgspec.Raw(msgspec.msgpack.encode(one)) for one in moved))


def _shift(run: Run, by: int) -> Run:
    return msgspec.structs.replace(run, first=run.first + by)
