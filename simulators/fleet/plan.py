"""Which faults befall which machines of a store, and when: drawn by a seed, so that no two hide each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from simulators.faults import FaultKind
from simulators.layout import Machine
from simulators.supply import GATEWAY

APART = timedelta(hours=18)
"""Between the end of a fault and the next one that could be mistaken for it."""
APART_IN_SEASON = timedelta(days=3)
"""The same for machines that work only at times: what was mended must have worked before anybody sees that it is."""
BEFORE, AFTER = timedelta(hours=2), timedelta(hours=6)
"""Nothing else begins so shortly before a fault of the whole store, or after it."""
KNOWN_AFTER = timedelta(days=14)
"""So long a machine must have worked before anybody can say that it works worse."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a plan is laid on: `begin` and `end` of the time for faults; mean °C `outdoors` between two instants."""

    machines: Sequence[Machine]
    begin: datetime
    end: datetime
    outdoors: Callable[[datetime, datetime], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`left` are the kinds for which there was no room."""

    episodes: tuple[Episode, ...] = ()
    left: tuple[FaultKind, ...] = ()


def plan(ground: Ground, kinds: Iterable[FaultKind], seed: int, placed: Iterable[Episode] = ()) -> Plan:
    """One episode for each of `kinds` (which may name one several times) beside those that are `placed` already, as far
    as there is room: first those of the whole store, then those that wait for a season, then the long ones."""
    random = Random(seed)
    episodes, left = list(placed), list[FaultKind]()
    for kind in sorted(kinds, key=_hardest_first):
        episode = next(_free(ground, kind, random, episodes), None)
        if episode is None:
            left.append(kind)
        else:
            episodes.append(episode)
    return Plan(episodes=tuple(sorted(episodes, key=lambda episode: episode.onset_at)), left=tuple(left))


def _hardest_first(kind: FaultKind) -> tuple[bool, bool, float]:
    return kind.affects != "store", kind.idle_between is None, -kind.lasts[1].total_seconds()


def _free(ground: Ground, kind: FaultKind, random: Random, placed: Sequence[Episode]) -> Iterator[Episode]:
    fitting = candidates(ground.machines, kind)
    if not fitting:
        return
    for _ in range(_TRIES):
        lasts = kind.lasts[0] + random.random() * (kind.lasts[1] - kind.lasts[0])
        room = ground.end - ground.begin - lasts
        if room <= timedelta(0):
            continue
        over = kind.grows[0] + random.random() * (kind.grows[1] - kind.grows[0])
        onset = ground.begin + random.random() * room
        episode = Episode(
            device=random.choice(fitting),
            kind=kind,
            onset_at=onset,
            over=min(over, lasts),
            severity=random.uniform(*_LAMPS) if kind.name == "lamp_out" else random.uniform(0.75, 1.0),
            mended_at=onset + lasts,
        )
        if _shows(episode, ground) and not any(_clash(episode, other, ground.machines) for other in placed):
            yield episode


def _shows(episode: Episode, ground: Ground) -> bool:
    """Nothing is seen of a fault of a machine that stands still all the while, or that has not worked before."""
    if episode.kind.idle_between is None:
        return True
    spans = ((episode.onset_at - KNOWN_AFTER, episode.onset_at), (episode.observable_at, episode.mended_at))
    return all(episode.kind.shows_at(ground.outdoors(*span)) for span in spans)


def candidates(machines: Sequence[Machine], kind: FaultKind) -> list[str]:
    """The devices of a store that can have such a fault."""
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
    seasonal = one.kind.idle_between is not None and other.kind.idle_between is not None
    apart = APART_IN_SEASON if seasonal else APART
    if one.onset_at >= other.mended_at + apart or other.onset_at >= one.mended_at + apart:
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
