"""A store whose alarms tests can raise and clear in one line, and the cases that they fold into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge_agent.contract.readings import Device
from edge_agent.contract.text import same
from rules.alarm import ChangeKind
from rules.folding import OpenCase, Write, fold, review
from rules.kinship import Key, Kin, Kinship, Standing, Topology
from rules.model import Above, Change, Evidence, Severity

T0 = datetime(2026, 7, 15, 2, tzinfo=UTC)
HOLD = timedelta(minutes=30)


def device(id_: str, bus: str = "a", fed_by: str = "") -> Device:
    kind = "refrigeration_case"
    return Device(
        id=id_,
        device_class=kind,
        duty="",
        profile="",
        profile_version=1,
        proven=True,
        name=same(id_),
        bus=bus,
        fed_by=fed_by,
    )


TOPOLOGY = Topology(
    devices={
        each.id: each
        for each in (
            device("case-1", fed_by="unit"),
            device("case-2", fed_by="unit"),
            device("case-3", bus="b"),
            device("unit", fed_by="circuit"),
            device("circuit", bus="b"),
        )
    }
)
OUTAGE = Above(of="store", family="outage")
CIRCUIT = Above(of="feeder", family="circuit")
FEEDER = Above(of="feeder", family="cooling")
KINSHIP: Kinship = {
    "warm": Kin(family="cooling", folds_under=(OUTAGE, CIRCUIT, FEEDER), hold=HOLD),
    "iced": Kin(family="cooling", folds_under=(OUTAGE, CIRCUIT, FEEDER), hold=HOLD),
    "thawed": Kin(
        family="cooling", folds_under=(OUTAGE, CIRCUIT, FEEDER), hold=HOLD, recovers_within=timedelta(minutes=90)
    ),
    "alone": Kin(family="cooling", hold=HOLD),
    "stopped": Kin(family="cooling", folds_under=(OUTAGE, CIRCUIT), hold=timedelta(minutes=10)),
    "tripped": Kin(family="circuit", folds_under=(OUTAGE,)),
    "silent": Kin(family="line", folds_under=(OUTAGE, Above(of="bus", rule="bus.down")), hold=timedelta(minutes=10)),
    "uneven": Kin(family="balance", folds_under=(Above(of="fed", family="cooling"),)),
    "bus.down": Kin(family="bus", folds_under=(OUTAGE,)),
    "store.power_cut": Kin(family="outage"),
}


def change(
    minute: float, device: str, rule: str, kind: ChangeKind = "raised", began: float = 0, severity: Severity = "high"
) -> Change:
    """`began`: so many minutes before."""
    at = T0 + timedelta(minutes=minute)
    nothing = Evidence(condition=same(""), held_for=timedelta(), values=(), params={}, excluded=())
    since = at - timedelta(minutes=began)
    return Change(
        rule=rule, device=device, kind=kind, at=at, since=since, severity=severity, evidence=nothing, diagnosis=()
    )


@dataclass(slots=True)
class Desk:
    """Keeps the open cases, as head office would."""

    cases: dict[Key, OpenCase] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    at: datetime = T0

    def take(self, *changes: Change) -> Desk:
        for each in changes:
            self.at = max(self.at, each.at)
            self.cases, writes = fold(self.cases.values(), each, KINSHIP, TOPOLOGY, self.at)
            self.writes += writes
        return self

    def look(self, minute: float) -> Desk:
        self.at = max(self.at, T0 + timedelta(minutes=minute))
        self.cases, writes = review(self.cases.values(), KINSHIP, TOPOLOGY, self.at)
        self.writes += writes
        return self

    def told(self) -> list[str]:
        """The writes, as `fold case-1/warm into unit/cooling`."""
        return [_told(write) for write in self.writes]

    def raised(self) -> dict[str, set[str]]:
        """The alarms that are up, by case."""
        found = {f"{case.device}/{case.family}": up(case.alarms) for case in self.cases.values()}
        return {key: alarms for key, alarms in found.items() if alarms}


def up(alarms: Iterable[Standing]) -> set[str]:
    return {f"{alarm.device}/{alarm.rule}" for alarm in alarms if alarm.raised}


def _told(write: Write) -> str:
    place = f"{write.case.device}/{write.case.family}"
    who = f"{write.alarm.device}/{write.alarm.rule}" if write.alarm else "/".join(write.other or ())
    return f"{write.kind} {who}" if write.kind in {"open", "split"} else f"{write.kind} {who} on {place}"
