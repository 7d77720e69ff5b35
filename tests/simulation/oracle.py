"""What the rules would say of a store that is never cut off: the truth to compare head office with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge_agent.contract.readings import Device, Telemetry
from rules.book import RuleBook, book_of
from rules.engine import judge
from rules.load import load_rules
from rules.memory import DeviceMemory
from rules.neighbours import Neighbours, Setting
from rules.window import STALE_AFTER

JUDGED = (
    "device.silent",
    "refrigeration.air_temperature_high",
    "refrigeration.probe_fault",
    "ac.cannot_hold_set_point",
)
"""One of each family, so that each alarm has a ticket of its own; none asks for statistics, of which a segment knows
nothing until it is joined to the one before (decision 0008): what they would say is no truth to compare with."""
_BY_ID = load_rules().by_id
BOOK = book_of([_BY_ID[rule] for rule in JUDGED])

Alarm = tuple[str, str]
"""Device and fault."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that is raised: since when its condition holds, and when what raised it was safe on the store's disk."""

    since: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """`cleared_at` by the time of the store, `heard_at` when what cleared it was safe."""

    alarm: Alarm
    since: datetime
    cleared_at: datetime
    heard_at: datetime


@dataclass(slots=True, kw_only=True)
class Oracle:
    """`true_from`: from then on head office has been told all that this was.

    `steady_since` tells of each device since when it has been heard without a pause.
    """

    store: str
    devices: dict[str, Device]
    true_time: Callable[[Telemetry], datetime]
    now: Callable[[], datetime]
    true_from: datetime
    muddled: bool = False
    book: RuleBook = BOOK
    standing: dict[Alarm, Standing] = field(default_factory=dict)
    past: list[Past] = field(default_factory=list)
    steady_since: dict[str, datetime] = field(default_factory=dict)
    _memories: dict[str, DeviceMemory] = field(default_factory=dict)

    def hear(self, telemetry: Telemetry) -> None:
        """At its true time, and with a clock that is right."""
        device = self.devices[telemetry.device]
        told = replace(telemetry, at=self.true_time(telemetry), clock_trusted=True)
        before = self._memories.get(device.id, DeviceMemory())
        if before.at is None or told.at - before.at > STALE_AFTER:
            self.steady_since[device.id] = told.at
        judged = judge(self.book, device, before, told, Neighbours(setting=Setting(id=self.store)))
        self._memories[device.id] = judged.memory
        for change in judged.changes:
            alarm = (device.id, change.rule)
            if change.kind == "raised":
                self.standing[alarm] = Standing(change.since, self.now())
            elif alarm in self.standing:
                since = self.standing.pop(alarm).since
                self.past.append(Past(alarm, since, change.at, self.now()))

    @property
    def calm(self) -> bool:
        """Nothing raised, and nothing pending."""
        return not any(memory.alarms for memory in self._memories.values())

    def begin_anew(self) -> None:
        """What came before is not compared any more."""
        self.muddled, self.true_from = False, self.now()
        self.past.clear()
