"""Which faults befall which machines of a store, and when: drawn by a seed, so that no two hide each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from simulators.faults import FaultKind
from simulators.layout import Machine
from simulators.supply import GATEWAY

APART = timedelta(hours=18)
"""Between the end of a fault and the next one that could be mistaken for it."""
BEFORE, AFTER = timedelta(hours=2), timedelta(hours=6)
"""Nothing else begins so shortly before a fault of the whole store, or after it."""
_TRIES = 400
_LAMPS = (0.25, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A fault that grows for `over` from `onset_at` to `severity` and is mended at `mended_at`."""

    device: str
    kind: FaultKind
    onset_at: datetime
    over: timedelta
    severity: float
    mended_at: datetime

    @property
    def observable_at(self) -> datetime:
        """When it is grave enough to show."""
        step = self.over / 200
        for count in range(201):
            if self.severity_at(self.onset_at + step * count) >= min(self.kind.observable_at, self.severity):
                return self.onset_at + step * count
        return self.onset_at + self.over

    def severity_at(self, at: datetime) -> float:
        """0 before and after."""
        if not self.onset_at <= at < self.mended_at:
            return 0.0
        return self.severity * self.kind.severity(at - self.onset_at, self.over)


def plan(
    machines: Sequence[Machine], kinds: Iterable[FaultKind], begin: datetime, end: datetime, seed: int
) -> tuple[Episode, ...]:
    """One episode for each of `kinds` (which may name one several times), as far as there is room: first those
    of the whole store, then the long ones."""
    random = Random(seed)
    placed: list[Episode] = []
    for kind in sorted(kinds, key=lambda kind: (kind.affects != "store", -kind.lasts[1].total_seconds())):
        episode = next(_free(machines, kind, begin, end, random, placed), None)
        if episode is not None:
            placed.append(episode)
    return tuple(sorted(placed, key=lambda episode: episode.onset_at))


def _free(
    machines: Sequence[Machine],
    kind: FaultKind,
    begin: datetime,
    end: datetime,
    random: Random,
    placed: Sequence[Episode],
) -> Iterator[Episode]:
    fitting = _fitting(machines, kind)
    if not fitting:
        return
    for _ in range(_TRIES):
        lasts = kind.lasts[0] + random.random() * (kind.lasts[1] - kind.lasts[0])
        room = end - begin - lasts
        if room <= timedelta(0):
            continue
        over = kind.grows[0] + random.random() * (kind.grows[1] - kind.grows[0])
        onset = begin + random.random() * room
        episode = Episode(
            device=random.choice(fitting),
            kind=kind,
            onset_at=onset,
            over=min(over, lasts),
            severity=random.uniform(*_LAMPS) if kind.name == "lamp_out" else random.uniform(0.75, 1.0),
            mended_at=onset + lasts,
        )
        if not any(_clash(episode, other, machines) for other in placed):
            yield episode


def _fitting(machines: Sequence[Machine], kind: FaultKind) -> list[str]:
    if kind.on == "store":
        return [GATEWAY]
    units = {machine.device for machine in machines if machine.device_class == "condensing_unit"}
    return [
        machine.device
        for machine in machines
        if kind.fits(machine.device_class, machine.duty, fed=machine.fed_by in units)
    ]


def _clash(one: Episode, other: Episode, machines: Sequence[Machine]) -> bool:
    for whole, part in ((one, other), (other, one)):
        if whole.kind.affects == "store":
            return whole.onset_at - BEFORE <= part.onset_at <= whole.mended_at + AFTER
    if one.onset_at >= other.mended_at + APART or other.onset_at >= one.mended_at + APART:
        return False
    return one.device == other.device or _related(one, other, machines) or _related(other, one, machines)


def _related(one: Episode, other: Episode, machines: Sequence[Machine]) -> bool:
    """Whether `one` reaches the device of `other`."""
    by_id = {machine.device: machine for machine in machines}
    here, there = by_id.get(one.device), by_id.get(other.device)
    if here is None or there is None:
        return False
    if one.kind.affects == "bus":
        return here.bus == there.bus
    return one.kind.affects == "fed" and one.device in _upstream(there, by_id)


def _upstream(machine: Machine, by_id: dict[str, Machine]) -> set[str]:
    found: set[str] = set()
    while machine.fed_by and machine.fed_by not in found and machine.fed_by in by_id:
        found.add(machine.fed_by)
        machine = by_id[machine.fed_by]
    return found
