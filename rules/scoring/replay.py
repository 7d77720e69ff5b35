"""A store judged from its telemetry alone, in memory: the tickets that head office would have opened."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from edge_agent.contract.clock import EPOCH
from edge_agent.contract.readings import Device, Telemetry
from edge_agent.contract.text import same
from rules.alarm import ChangeKind
from rules.book import RuleBook
from rules.engine import Judgement, judge
from rules.folding import Folded, OpenCase, fold, review, review_by
from rules.kinship import Key, Kinship, Standing, Topology, kinship_of
from rules.memory import DeviceMemory
from rules.model import Cause, Change, Evidence
from rules.neighbours import Neighbourhood, Neighbours, Setting, note
from rules.scoring.data import StoreInventory
from rules.scoring.match import ScoredAlarm, ScoredTicket
from rules.shared import GATEWAY, OFFLINE, OTHERS, SharedMemory, diagnosis_of, oversee, sight_of

CLOSED_AFTER = timedelta(hours=1)
"""How long a fault must be over until its ticket is closed: nobody is there to close it, so that its recurrence within
the hour is the same ticket."""


OFFLINE_AFTER = timedelta(minutes=8)
"""As head office has it by default (`store_silent_after`)."""
_LATE = 3.5
"""Times its usual pause that a store which polls seldom may be silent: three polls in a row are lost."""
_PAUSES = 50
_OFFLINE_CAUSES = ("line_to_head_office_down", "store_power_cut")
_NOTHING_SEEN = Evidence(condition=same(""), held_for=OFFLINE_AFTER, values=(), params={}, excluded=())


class Replay:
    """One store. Hand it every poll in the order of its numbers; `tickets` and `alarms` have what came of them."""

    def __init__(self, book: RuleBook, kinship: Kinship, inventory: StoreInventory) -> None:
        self._book, self._kinship = book, kinship
        self.store = inventory.store
        self._devices = {device.id: device for device in inventory.devices}
        self._setting = Setting(
            id=inventory.store, timezone=inventory.timezone, location=inventory.location, devices=self._devices
        )
        self._topology = Topology(devices=self._devices)
        self._memories: dict[str, DeviceMemory] = {}
        self._known = Neighbourhood()
        self._cases: dict[Key, OpenCase] = {}
        self._closing: dict[Key, datetime] = {}
        self._causes: dict[tuple[str, str], tuple[str, ...]] = {}
        self._at = self._now = EPOCH
        self._heard_at: datetime | None = None
        self._pauses: deque[float] = deque(maxlen=_PAUSES)
        self._shared = SharedMemory()
        self._overseen = 0
        self._review_at: datetime | None = None
        self._raised: dict[tuple[str, str], ScoredAlarm] = {}
        self._cleared: list[ScoredAlarm] = []
        self._numbers: dict[Key, int] = {}
        self.tickets: list[ScoredTicket] = []
        self.unlisted: Counter[str] = Counter()
        self.out_of_order = 0
        self.changes = 0
        self.readings = 0
        self.first_at: datetime | None = None

    @property
    def last_at(self) -> datetime:
        return self._at

    @property
    def alarms(self) -> tuple[ScoredAlarm, ...]:
        """Those that go on last."""
        return (*self._cleared, *self._raised.values())

    def take(
        self, telemetry: Telemetry, arrived_at: datetime | None = None, judged: Judgement | None = None
    ) -> Judgement | None:
        """A poll of a device that the inventory does not list decides nothing. `arrived_at` is when head office had it,
        where that is known to be later than it was taken. `judged` is what is known to come of it already."""
        self._listen(arrived_at or telemetry.at)
        device = self._devices.get(telemetry.device)
        if device is None:
            self.unlisted[telemetry.device] += 1
            return None
        known = self._memories.get(device.id)
        if known is not None and known.at is not None and telemetry.at < known.at:
            self.out_of_order += 1
        self._pass_to(telemetry.at)
        self.readings += len(telemetry.readings)
        self._known = note(self._known, self._book.asked_of(device.device_class), telemetry)
        judgement = judged or self._judge(device, telemetry)
        self._memories[device.id] = judgement.memory
        for change in judgement.changes:
            self.note(change)
        self._oversee()
        return judgement

    def note(self, change: Change) -> None:
        """Also for what no rule of a device has found."""
        self.changes += 1
        self._write_down(change)
        self._carry_out(fold(self._cases.values(), change, self._kinship, self._topology, self._at))

    def _judge(self, device: Device, telemetry: Telemetry) -> Judgement:
        memory = self._memories.get(device.id) or DeviceMemory()
        return judge(self._book, device, memory, telemetry, Neighbours(setting=self._setting, known=self._known))

    def _write_down(self, change: Change) -> None:
        key = (change.device, change.rule)
        if change.kind == "cleared":
            if (over := self._raised.pop(key, None)) is not None:
                self._cleared.append(replace(over, ended_at=change.at))
            return
        self._causes[key] = causes = tuple(each.id for each in change.diagnosis)
        self._raised[key] = ScoredAlarm(
            store=self.store,
            device=change.device,
            rule=change.rule,
            family=change.rule,
            opened_at=change.at,
            causes=causes,
        )

    def _listen(self, at: datetime) -> None:
        """A store that was not heard for long is one alarm, raised while nobody heard it and cleared by this word."""
        before = self._heard_at
        if before is not None and at <= before:
            return
        self._heard_at = at
        if before is None:
            return
        self._pauses.append((at - before).total_seconds())
        if at - before < OFFLINE_AFTER:
            return
        late = max(OFFLINE_AFTER, timedelta(seconds=_LATE * median(self._pauses)))
        if at - before >= late:
            ends: tuple[tuple[ChangeKind, datetime], ...] = (("raised", before + late), ("cleared", at))
            for kind, told_at in ends:
                self._now = told_at
                self.note(_offline(kind, told_at, before, self._book.store_causes))

    def _oversee(self) -> None:
        """Once a minute of event time."""
        minute = int(self._at.timestamp()) // 60
        if minute == self._overseen:
            return
        self._overseen = minute
        sights = [
            sight_of(device, self._memories[name], self._at)
            for name, device in self._devices.items()
            if name in self._memories
        ]
        overview = oversee(sights, self._shared, self._at, self._book.store_causes)
        self._shared = overview.memory
        for change in overview.changes:
            self.note(change)

    def _pass_to(self, at: datetime) -> None:
        self.first_at = self.first_at or at
        if at <= self._at:
            return
        self._at = at
        self._now = max(self._now, at)
        if self._review_at is not None and at >= self._review_at:
            self._carry_out(review(self._cases.values(), self._kinship, self._topology, at))
        for key in [key for key, by in self._closing.items() if by <= at]:
            del self._closing[key]
            self._cases.pop(key, None)
            self._end(key)

    def _carry_out(self, folded: Folded) -> None:
        open_now = set(self._cases)
        self._cases = folded.cases
        for key in open_now - folded.cases.keys():
            self._end(key)
        for write in folded.writes:
            key = write.case.key
            if write.alarm is not None and key not in open_now:
                open_now.add(key)
                self._tell(key, write.alarm)
        # Also those that an alarm has left for another case: no write is about them.
        for key, case in self._cases.items():
            if case.active:
                self._closing.pop(key, None)
            else:
                self._closing.setdefault(key, self._at + CLOSED_AFTER)
        self._review_at = review_by(self._cases.values(), self._kinship, self._at)

    def _tell(self, key: Key, alarm: Standing) -> None:
        causes = self._causes.get((alarm.device, alarm.rule), ())
        self._numbers[key] = len(self.tickets)
        self.tickets.append(
            ScoredTicket(
                store=self.store,
                device=key.device,
                rule=alarm.rule,
                family=key.family,
                opened_at=self._now,
                causes=causes,
            )
        )

    def _end(self, key: Key) -> None:
        number = self._numbers.pop(key, None)
        if number is not None:
            self.tickets[number] = replace(self.tickets[number], ended_at=self._at)


def _offline(kind: ChangeKind, at: datetime, since: datetime, causes: Mapping[str, Cause]) -> Change:
    raised = kind == "raised"
    return Change(
        rule=OFFLINE,
        device=GATEWAY,
        kind=kind,
        at=at,
        since=since,
        severity="high",
        evidence=_NOTHING_SEEN,
        diagnosis=diagnosis_of(_OFFLINE_CAUSES, causes) if raised else (),
    )


def replay(book: RuleBook, inventory: StoreInventory, telemetry: Iterable[Telemetry]) -> Replay:
    """All of it at once."""
    one = Replay(book, kinship_of(book.rules, OTHERS), inventory)
    for poll in telemetry:
        one.take(poll)
    return one
