"""Parts of the reference store in which faults are told: few devices each, and long known when a story begins.

What is usual takes a fortnight to learn. That is done once for each part and session; each story goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from edge_agent.contract.readings import Coordinates
from rules.book import RuleBook
from rules.kinship import kinship_of
from rules.load import load_rules
from rules.scoring.data import StoreInventory
from rules.shared import OTHERS
from simulators.fleet.run import Telling
from simulators.plants.setting import Setting
from simulators.reference import ReferenceMachine, inventory, reference_store
from simulators.state import StoreState
from tests.stories.chronicle import Chronicle

ZONE = ZoneInfo("Asia/Shanghai")
KNOWN_AT = datetime(2026, 7, 15, 8, tzinfo=ZONE).astimezone(UTC)
"""Until then nothing was wrong: a Wednesday in summer."""
POLLED_BEFORE = timedelta(minutes=3)
"""Enough to learn from; of polls that are further apart a rule may miss a whole defrost."""
_SEED = 31_415
PLACE = Coordinates(latitude=31.23, longitude=121.47)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`known_for`: how long the rules have watched it when a story begins."""

    devices: Sequence[str]
    known_for: timedelta


def _part(days: int, *devices: str) -> Part:
    return Part(devices=devices, known_for=timedelta(days=days))


PARTS = {
    "shared_unit": _part(15, "unit-1", "open-chiller-1", "open-chiller-2", "open-chiller-3"),
    "freezers": _part(8, "meter-1", "circuit-cold-2", "freezer-1", "freezer-2", "freezer-3"),
    "air": _part(15, "ac-1", "ac-2", "ac-3"),
    "power": _part(15, "meter-1", "circuit-kitchen", "circuit-sockets", "climate-1", "climate-out"),
    "light": _part(15, "sign-1", "sales-light-1", "circuit-light", "screen-1"),
    "back_room": _part(
        2, "meter-1", "circuit-sockets", "ups-1", "screen-1", "screen-2", "price-tags-1", "contacts-1", "contacts-2"
    ),
}
"""The first that has a device which can have a fault is where a new story is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A part of the store at KNOWN_AT; `chronicle` is what the rules remember of it."""

    machines: tuple[ReferenceMachine, ...]
    state: StoreState
    chronicle: Chronicle


def machines_of(name: str) -> tuple[ReferenceMachine, ...]:
    return tuple(machine for machine in reference_store().machines if machine.device in PARTS[name].devices)


@cache
def _book() -> RuleBook:
    return load_rules()


@cache
def known(name: str) -> Known:
    """Lived through once; take `chronicle.apart()` to go on."""
    part, book, machines = PARTS[name], _book(), machines_of(name)
    here = replace(reference_store(), machines=machines)
    store = StoreInventory(store=name, timezone=str(ZONE), location=PLACE, devices=inventory(here))
    chronicle = Chronicle(book, kinship_of(book.rules, OTHERS), store)
    state = here.start(KNOWN_AT - part.known_for, ZONE, Setting(seed=_SEED))
    told = Telling(machines, state, POLLED_BEFORE)
    while told.state.at < KNOWN_AT:
        for heard in told.turn({}):
            chronicle.take(heard.telemetry, heard.arrives_at)
    return Known(machines=machines, state=told.state, chronicle=chronicle)
