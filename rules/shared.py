"""What befalls a whole line or a whole store, which no rule of one device sees: a dead bus, a power cut.

These alarms lead the same life as those of rules, and what follows from them folds under them. That a store is not
heard at all is found by who waits for it (`collector/domain/silence.py`); here it is only told why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from edge_agent.contract.readings import Device, Quality
from edge_agent.contract.text import Text
from rules.alarm import Alarm, Step, Verdict, advance
from rules.kinship import Kin, Kinship
from rules.memory import DeviceMemory, is_silent
from rules.model import Above, Cause, Change, Diagnosis, Evidence, Severity
from rules.window import STALE_AFTER

GATEWAY = "_gateway"
BUS_DOWN, POWER_CUT, OFFLINE = "bus.down", "store.power_cut", "store.offline"
BUS_HOLD, CUT_HOLD, NORMAL_FOR = timedelta(minutes=4), timedelta(minutes=2), timedelta(minutes=3)
"""A bus is called down before its devices are called silent one by one; a dip of a minute is no power cut."""
LEAST_DEVICES, LEAST_BUSES = 4, 2
"""Where nothing sees the mains: so much must fall silent together to be called a power cut."""
_DEAD_VOLTS, _NO_LOAD_W = 100.0, 15.0
"""What a meter may still show of a dead phase, and of an open breaker."""
_LIVE_ON_MAINS = frozenset({"refrigeration_case", "condensing_unit", "ac_unit"})
_UNDER_OUTAGE = (Above(of="store", family="outage"),)

OTHERS: Kinship = {
    BUS_DOWN: Kin(family="bus", folds_under=(*_UNDER_OUTAGE, Above(of="feeder", family="circuit")), hold=BUS_HOLD),
    POWER_CUT: Kin(family="outage", hold=CUT_HOLD),
    OFFLINE: Kin(family="offline", folds_under=(*_UNDER_OUTAGE, Above(of="store", rule="ups.on_battery"))),
}
"""For `kinship_of`: what no rule of one device raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFault:
    """What a ticket needs to know of it, as a rule would say it. `causes` are ids of `causes/store.yaml`."""

    id: str
    title: Text
    severity: Severity
    causes: tuple[str, ...]
    key_value: None = None
    limit: None = None


FAULTS: Mapping[str, SharedFault] = {
    fault.id: fault
    for fault in (
        SharedFault(
            id=BUS_DOWN,
            title=Text(zh="总线中断", en="Bus down"),
            severity="high",
            causes=("bus_down", "bus_babbler"),
        ),
        SharedFault(
            id=POWER_CUT,
            title=Text(zh="门店停电", en="Store without power"),
            severity="critical",
            causes=("store_power_cut", "main_switch_tripped"),
        ),
    )
}


_UNFED = replace(FAULTS[BUS_DOWN], causes=("circuit_tripped", *FAULTS[BUS_DOWN].causes))
"""All that is on the line hangs on one circuit, which carries nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is asked of one device here, None where it has not said. `loaded`: a circuit carries a load."""

    device: Device
    silent: bool | None
    mains: bool | None = None
    loaded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """An alarm that is not clear, the device that its ticket stands on, and the ids of the causes it was told with."""

    device: str
    alarm: Alarm
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedMemory:
    """Of one store: the alarms that run, by rule and bus. Lossless in JSON; empty at first."""

    alarms: dict[str, Shared] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`changes` are for folding, like those of rules."""

    memory: SharedMemory
    changes: tuple[Change, ...] = ()


def sight_of(device: Device, memory: DeviceMemory, at: datetime) -> Sight:
    """`mains` is told by an UPS, a contact, and the meter of the whole store; `loaded` by the meter of a circuit."""
    mains, loaded = _mains(device, memory, at), _loaded(device, memory, at)
    return Sight(device=device, silent=is_silent(memory), mains=mains, loaded=loaded)


def oversee(
    sights: Iterable[Sight],
    memory: SharedMemory,
    at: datetime,
    causes: Mapping[str, Cause],
    buses: Collection[str] = (),
) -> Overview:
    """What is found of a store's lines and its power at `at`, the newest event time that was judged of it.

    `causes` are those of `causes/store.yaml`, `buses` those that the inventory lists, whether or not anything on them
    was heard yet: none but these can be down. Asked again with nothing new it changes nothing.
    """
    every = sorted(sights, key=lambda sight: sight.device.id)
    by_bus: dict[str, list[Sight]] = {}
    for sight in every:
        if sight.device.bus:
            by_bus.setdefault(sight.device.bus, []).append(sight)
    work = _Work(memory, at, causes)
    cut = _cut(every, by_bus)
    work.judge(FAULTS[POWER_CUT], "", GATEWAY, cut, _cut_words(every), CUT_HOLD)
    unloaded = {sight.device.id for sight in every if sight.loaded is False}
    for bus, on_it in by_bus.items():
        fault = FAULTS[BUS_DOWN] if _feeder(on_it) not in unloaded else _UNFED
        work.judge(fault, bus, on_it[0].device.id, _down(on_it), _down_words(bus, on_it), BUS_HOLD)
    for bus in sorted(_buses_of(memory) - by_bus.keys() - set(buses)):
        work.judge(FAULTS[BUS_DOWN], bus, GATEWAY, False, _gone_words(bus), BUS_HOLD)
    return Overview(memory=SharedMemory(alarms=work.alarms), changes=tuple(work.changes))


def why_unheard(before: str, after: str) -> str:
    """The cause of a store's silence once it is heard again, by its `boot` before and after: an id of a cause.

    A gateway that ran on had lost its line; one that was started anew had lost its power.
    """
    return "line_to_head_office_down" if before.partition(".")[0] == after.partition(".")[0] else "store_power_cut"


class _Work:
    def __init__(self, memory: SharedMemory, at: datetime, causes: Mapping[str, Cause]) -> None:
        self._at, self._causes = at, causes
        self.alarms, self.changes = dict(memory.alarms), list[Change]()

    def judge(
        self, fault: SharedFault, bus: str, device: str, faulty: bool | None, condition: Text, hold: timedelta
    ) -> None:
        key = f"{fault.id}:{bus}" if bus else fault.id
        known = self.alarms.pop(key, None)
        device = device if known is None else known.device
        normal = None if faulty is None else not faulty
        verdict = Verdict(faulty=faulty, normal=normal, masked=False, inhibited=False)
        step = advance(None if known is None else known.alarm, verdict, self._at, hold, NORMAL_FOR)
        if step.alarm is not None:
            causes = known.causes if known is not None and known.alarm.raised else fault.causes
            self.alarms[key] = Shared(device=device, alarm=step.alarm, causes=causes)
        if step.change is not None:
            self.changes.append(self._change(fault, device, step, condition))

    def _change(self, fault: SharedFault, device: str, step: Step, condition: Text) -> Change:
        raised = step.change == "raised"
        held_for = step.until - step.since
        return Change(
            rule=fault.id,
            device=device,
            kind="raised" if raised else "cleared",
            at=self._at,
            since=step.since,
            severity=fault.severity,
            evidence=Evidence(condition=condition, held_for=held_for, values=(), params={}, excluded=()),
            diagnosis=diagnosis_of(fault.causes, self._causes) if raised else (),
        )


def diagnosis_of(ids: Iterable[str], causes: Mapping[str, Cause]) -> tuple[Diagnosis, ...]:
    """By weight alone: of a whole store there are no points to ask."""
    known = sorted((causes[id_] for id_ in ids if id_ in causes), key=lambda cause: -cause.weight)
    total = sum(cause.weight for cause in known) or 1.0
    return tuple(
        Diagnosis(
            id=cause.id,
            cause=cause.text,
            likelihood=round(cause.weight / total, 3),
            supports=(),
            contradicts=(),
            staff_checks=cause.staff_checks,
            checks=cause.checks,
            parts=cause.parts,
            tools=cause.tools,
            food_at_risk=cause.food_at_risk,
        )
        for cause in known
    )


def _down(on_bus: list[Sight]) -> bool | None:
    """One device that answers shows that the bus works; one alone that does not is a silent device, and no dead bus."""
    known = [sight.silent for sight in on_bus if sight.silent is not None]
    if not all(known):
        return False
    return True if len(known) > 1 else None


def _feeder(on_bus: list[Sight]) -> str:
    """What feeds all of them; "" where they hang on several, or nobody said."""
    feeders = {sight.device.fed_by for sight in on_bus}
    return feeders.pop() if len(feeders) == 1 else ""


def _loaded(device: Device, memory: DeviceMemory, at: datetime) -> bool | None:
    metered = device.device_class == "energy_meter" and device.duty != "store_supply"
    watts = _value(memory, "p.total", at) if metered else None
    return abs(watts) > _NO_LOAD_W if isinstance(watts, float | int) and not isinstance(watts, bool) else None


def _buses_of(memory: SharedMemory) -> set[str]:
    return {bus for _, _, bus in (key.partition(":") for key in memory.alarms) if bus}


def _cut(every: list[Sight], by_bus: Mapping[str, list[Sight]]) -> bool | None:
    """Whoever sees the mains decides; where they disagree, or nobody does, silence must be everywhere."""
    seen = {sight.mains for sight in every} - {None}
    if len(seen) == 1:
        return seen == {False} and not _only_a_ups(every)
    if seen:
        return False
    downs = [_down(on_it) for on_it in by_bus.values()]
    known = [sight for sight in every if sight.silent is not None]
    if len(known) < LEAST_DEVICES or len(downs) < LEAST_BUSES:
        return None
    return all(sight.silent for sight in known)


def _only_a_ups(every: list[Sight]) -> bool:
    """Its plug was pulled, or its fuse blew: machines that live on the mains answer."""
    witnesses = {sight.device.device_class for sight in every if sight.mains is not None}
    answer = any(sight.silent is False and sight.device.device_class in _LIVE_ON_MAINS for sight in every)
    return witnesses == {"ups"} and answer


def _mains(device: Device, memory: DeviceMemory, at: datetime) -> bool | None:
    if device.device_class == "ups":
        battery = _value(memory, "on_battery", at)
        return not battery if isinstance(battery, bool) else _flag(memory, "mains_ok", at)
    if device.device_class == "dry_contact":
        return _flag(memory, "in.mains", at)
    if device.device_class == "energy_meter" and device.duty == "store_supply":
        volts = [_value(memory, f"v.l{n}", at) for n in (1, 2, 3)]
        known = [volt for volt in volts if isinstance(volt, float | int)]
        return any(volt > _DEAD_VOLTS for volt in known) if known else None
    return None


def _flag(memory: DeviceMemory, point: str, at: datetime) -> bool | None:
    value = _value(memory, point, at)
    return value if isinstance(value, bool) else None


def _value(memory: DeviceMemory, point: str, at: datetime) -> float | bool | str | None:
    """What stands: no bad and no old report, and nothing of a device that does not answer any more."""
    last = memory.points.get(point)
    if last is None or last.quality is not Quality.GOOD or at - last.at > STALE_AFTER or is_silent(memory):
        return None
    return last.value


def _down_words(bus: str, on_bus: list[Sight]) -> Text:
    names = [sight.device.name for sight in on_bus if sight.silent]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    return Text(
        zh=f"总线 {bus} 上的 {len(names)} 台设备都没有应答：{zh}",
        en=f"None of the {len(names)} devices on bus {bus} answers: {en}",
    )


def _gone_words(bus: str) -> Text:
    return Text(zh=f"总线 {bus} 上已没有设备", en=f"No device is on bus {bus} any more")


def _cut_words(every: list[Sight]) -> Text:
    names = [sight.device.name for sight in every if sight.mains is False]
    if not names:
        silent = sum(sight.silent is True for sight in every)
        return Text(zh=f"所有总线上的 {silent} 台设备同时没有应答", en=f"All {silent} devices on all lines fell silent")
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    return Text(zh=f"市电中断（{zh}）", en=f"The mains is gone (seen by {en})")
