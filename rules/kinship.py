"""What an alarm follows from: of which device and rule, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from edge_agent.contract.readings import Device
from rules.model import Above, Change, Relation, Rule, Severity

FOLD_WITHIN = timedelta(minutes=15)
"""What follows from a fault is not noticed, nor does it begin, earlier than so long before the fault is."""

_WORST: tuple[Severity, ...] = ("critical", "high", "low")
_WIDEST: tuple[Relation, ...] = ("store", "bus", "feeder", "fed", "device")


class Key(NamedTuple):
    """Of a device and a family there is at most one open case."""

    device: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """What folding has to know of a rule; `hold` is how long its condition lasts before it raises, `recovers_within`
    how long what it watches takes to be well again once its cause is mended."""

    family: str
    folds_under: tuple[Above, ...] = ()
    hold: timedelta = timedelta()
    recovers_within: timedelta = timedelta()


Kinship = Mapping[str, Kin]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alarm on a case, raised until `cleared_at`; `since` is when its condition began."""

    device: str
    rule: str
    family: str
    severity: Severity
    since: datetime
    raised_at: datetime
    cleared_at: datetime | None = None

    @classmethod
    def of(cls, change: Change, kinship: Kinship) -> Standing:
        kin = kinship.get(change.rule)
        return cls(
            device=change.device,
            rule=change.rule,
            family=change.rule if kin is None else kin.family,
            severity=change.severity,
            since=change.since,
            raised_at=change.at,
        )

    @property
    def key(self) -> Key:
        return Key(self.device, self.family)

    @property
    def raised(self) -> bool:
        return self.cleared_at is None

    @property
    def last_at(self) -> datetime:
        return self.cleared_at or self.raised_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """The devices of one store by id. One that it does not list stands for the store itself."""

    devices: Mapping[str, Device] = field(default_factory=dict)

    def related(self, child: str, relation: Relation, parent: str) -> bool:
        """Whether `parent` is that to `child`; a feeder is also what feeds the feeder, `fed` the reverse."""
        if relation == "store":
            return True
        if relation == "device":
            return child == parent
        if relation == "feeder":
            return parent in self._feeders(child)
        if relation == "fed":
            return child in self._feeders(parent)
        one, other = self.devices.get(child), self.devices.get(parent)
        return one is not None and other is not None and one.bus == other.bus != ""

    def _feeders(self, child: str) -> list[str]:
        """Each once, however a site file may have tied them."""
        found: list[str] = []
        device = self.devices.get(child)
        while device is not None and device.fed_by and device.fed_by not in found:
            found.append(device.fed_by)
            device = self.devices.get(device.fed_by)
        return found


def kinship_of(rules: Iterable[Rule], others: Kinship) -> Kinship:
    """That of all rules in force; `others` are the alarms that no rule of one device raises."""
    own = {
        rule.id: Kin(
            family=rule.family, folds_under=rule.folds_under, hold=rule.hold, recovers_within=rule.recovers_within
        )
        for rule in rules
    }
    return {**others, **own}


def worst(severities: Iterable[Severity]) -> Severity:
    """`low` where there are none."""
    return min(severities, key=_WORST.index, default="low")


def over_at(parent: Standing, child: Standing, kinship: Kinship) -> datetime | None:
    """When `child` has outlived `parent`: by its own hold or the time to recover, whichever is longer, and by
    `FOLD_WITHIN` at least. None while it is raised."""
    if parent.cleared_at is None:
        return None
    kin = kinship.get(child.rule)
    return parent.cleared_at + (FOLD_WITHIN if kin is None else max(FOLD_WITHIN, kin.hold, kin.recovers_within))


@dataclass(slots=True, kw_only=True)
class Targets:
    """On whose case each family of each device belongs at the instant `at`.

    `raised` are the alarms that are up; `homes` says on which case each alarm is, those too that have cleared.
    """

    raised: Iterable[Standing]
    homes: Mapping[Standing, Key]
    kinship: Kinship
    topology: Topology
    at: datetime
    _up: dict[Key, list[Standing]] = field(init=False)
    _every: list[Standing] = field(init=False)

    def __post_init__(self) -> None:
        self._up = {}
        for alarm in self.raised:
            self._up.setdefault(alarm.key, []).append(alarm)
        cleared = [alarm for alarm in self.homes if not alarm.raised]
        self._every = sorted([*self.raised, *cleared], key=lambda each: (each.since, each.device, each.rule))

    def of(self, key: Key) -> Key:
        """The case at the end of what follows from what. Where alarms follow from each other in a ring, the first."""
        path = [key]
        while (parent := self._parent(path[-1])) is not None:
            if not parent.raised:
                return self.homes[parent]
            if parent.key in path:
                return min(path[path.index(parent.key) :])
            path.append(parent.key)
        return path[-1]

    def _parent(self, key: Key) -> Standing | None:
        """What all alarms of the family follow from: the widest, then the oldest. None where one stands alone."""
        above = [list(self._above(alarm)) for alarm in self._up.get(key, ())]
        if not above or not all(above):
            return None
        found = (pair for pairs in above for pair in pairs)
        return min(found, key=lambda pair: (_WIDEST.index(pair[0]), pair[1].since, pair[1].device, pair[1].rule))[1]

    def _above(self, child: Standing) -> Iterator[tuple[Relation, Standing]]:
        kin = self.kinship.get(child.rule)
        for above in kin.folds_under if kin else ():
            for parent in self._every:
                if self._takes_in(above, parent, child):
                    yield above.of, parent

    def _takes_in(self, above: Above, parent: Standing, child: Standing) -> bool:
        if parent.key == child.key or not _meant(above, parent) or not self._shelters(parent, child):
            return False
        return self.topology.related(child.device, above.of, parent.device)

    def _shelters(self, parent: Standing, child: Standing) -> bool:
        noticed = child.raised_at >= parent.raised_at - FOLD_WITHIN
        begun = child.since >= parent.since - FOLD_WITHIN
        over = over_at(parent, child, self.kinship)
        return (noticed or begun) and (over is None or self.at < over)


def _meant(above: Above, parent: Standing) -> bool:
    return above.rule == parent.rule if above.rule else above.family == parent.family
