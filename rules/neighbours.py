"""What rules may know of the store around a device: its neighbours' newest values, its clock and its sky."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from edge_agent.contract.readings import Coordinates, Device, Quality, Telemetry, Value
from rules.compile import Function
from rules.expression import Moment
from rules.memory import LastReading
from rules.pace import phase_of
from rules.sun import sun_is_up
from rules.terms import FITS, Answer, AtFeeder, InStore, LocalHour, PointValue, Siblings, SumOfFed, SunUp
from rules.window import STALE_AFTER

OUTDOOR: tuple[tuple[str, str, str], ...] = (
    ("env_sensor", "outdoor_climate", "temp"),
    ("ac_unit", "", "temp.outdoor"),
    ("condensing_unit", "", "temp.ambient"),
)
"""Class, duty (empty: any) and point of what tells the outdoor temperature, the best first."""
_NUMBER = FITS["number"]
LEAST = 2
"""So many siblings must be known for a median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A store as its inventory tells it: which time it keeps, where it is, and its devices by id."""

    id: str = ""
    timezone: str = "UTC"
    location: Coordinates | None = None
    devices: Mapping[str, Device] = field(default_factory=dict)
    phase: float = field(init=False, repr=False, compare=False)
    siblings: Mapping[tuple[str, str], tuple[str, ...]] = field(init=False, repr=False, compare=False)
    fed: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    classes: Mapping[str, tuple[Device, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        siblings: dict[tuple[str, str], tuple[str, ...]] = {}
        fed: dict[str, tuple[str, ...]] = {}
        classes: dict[str, tuple[Device, ...]] = {}
        for id_, device in sorted(self.devices.items()):
            kind = (device.device_class, device.duty)
            siblings[kind] = (*siblings.get(kind, ()), id_)
            classes[device.device_class] = (*classes.get(device.device_class, ()), device)
            if device.fed_by:
                fed[device.fed_by] = (*fed.get(device.fed_by, ()), id_)
        object.__setattr__(self, "phase", phase_of(self.id))
        object.__setattr__(self, "siblings", siblings)
        object.__setattr__(self, "fed", fed)
        object.__setattr__(self, "classes", classes)


class Said(NamedTuple):
    value: Value
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The newest good value of each point that a rule asks of other devices, by device and point."""

    said: dict[str, dict[str, Said]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The store that a device stands in, and what its devices said."""

    setting: Setting = field(default_factory=Setting)
    known: Neighbourhood = field(default_factory=Neighbourhood)


ALONE = Neighbours()


def note(known: Neighbourhood, asked: Iterable[str], telemetry: Telemetry) -> Neighbourhood:
    """With what a device says of the `asked` points; the very same object where it says nothing new of them.

    A value that is older than the known one is not taken, a bad reading takes the known one away. To be told only of
    telemetry that is judged: one from the future would stand in the way of all that follow.
    """
    if not asked or not telemetry.clock_trusted:
        return known
    at, before = telemetry.at, known.said.get(telemetry.device, {})
    said: dict[str, Said] | None = None
    for reading in telemetry.readings:
        point = reading.point
        if point not in asked or ((last := before.get(point)) is not None and last.at >= at):
            continue
        said = dict(before) if said is None else said
        if reading.value is None:
            said.pop(point, None)
        else:
            said[point] = Said(reading.value, at)
    return known if said is None else Neighbourhood(said={**known.said, telemetry.device: said})


def joined(earlier: Neighbourhood, later: Neighbourhood) -> Neighbourhood:
    """The newest of both."""
    said = {device: dict(points) for device, points in earlier.said.items()}
    for device, points in later.said.items():
        mine = said.setdefault(device, {})
        mine |= {point: one for point, one in points.items() if point not in mine or mine[point].at <= one.at}
    return Neighbourhood(said=said)


class View:
    """The store as one device sees it at one instant."""

    def __init__(self, neighbours: Neighbours, device: Device, at: datetime) -> None:
        self._setting, self._known = neighbours.setting, neighbours.known
        self._device = device
        self._at = at
        self._from, self._to = at - STALE_AFTER, at + STALE_AFTER

    def answer(self, asked: Siblings | AtFeeder | SumOfFed | InStore | LocalHour | SunUp) -> Answer:
        match asked:
            case Siblings(point=point):
                return self._median(point.name)
            case AtFeeder(point=point):
                return self._said(self._device.fed_by, point)
            case SumOfFed(point=point):
                return self._sum_of_fed(point)
            case InStore(device_class=device_class, point=point):
                return self._first(device_class, "", point)
            case LocalHour():
                return self._hour()
            case SunUp():
                place = self._setting.location
                return None if place is None else sun_is_up(place, self._at)

    def share(self, devices: str, flag: Function, params: Mapping[str, float]) -> float | None:
        """Of those devices for which `flag` is known; it must be known of half of them."""
        others = self._siblings() if devices == "siblings" else self._setting.fed.get(self._device.id, ())
        answers = [flag(self._moment_of(id_, params)) for id_ in others]
        known = [answer for answer in answers if answer is not None]
        enough = known and 2 * len(known) >= len(others)
        return sum(answer is True for answer in known) / len(known) if enough else None

    def outdoor(self) -> float | None:
        for device_class, duty, point in OUTDOOR:
            value = self._first(device_class, duty, PointValue(point, "number"))
            if isinstance(value, float | int):
                return value
        return None

    @property
    def phase(self) -> float:
        """Seconds that the store is ahead with what is looked at every few minutes."""
        return self._setting.phase

    def hour_of_week(self, seconds: float) -> int:
        """0 to 167 from Monday 0 h, by the store's clock; by UTC where its zone is not known."""
        local = datetime.fromtimestamp(seconds, zone(self._setting.timezone) or UTC)
        return local.weekday() * 24 + local.hour

    def _hour(self) -> float | None:
        known = zone(self._setting.timezone)
        if known is None or not self._setting.id:
            return None
        local = self._at.astimezone(known)
        return local.hour + local.minute / 60 + local.second / 3600

    def _median(self, point: str) -> float | None:
        values, nothing = list[float](), dict[str, Said]()
        for id_ in self._siblings():
            said = self._known.said.get(id_, nothing).get(point)
            if said is not None and self._stands(said) and type(said.value) in _NUMBER:
                values.append(said.value)  # type: ignore[arg-type]  # the line before has seen that it is a number
        return median(values) if len(values) >= LEAST else None

    def _sum_of_fed(self, point: PointValue) -> float | None:
        told = [self._said(id_, point) for id_ in self._setting.fed.get(self._device.id, ())]
        values = [value for value in told if isinstance(value, float | int)]
        return sum(values) if values else None

    def _siblings(self) -> list[str]:
        kind = (self._device.device_class, self._device.duty)
        return [id_ for id_ in self._setting.siblings.get(kind, ()) if id_ != self._device.id]

    def _first(self, device_class: str, duty: str, point: PointValue) -> Answer:
        """The newest of the first device of that class, by id, that tells it."""
        for device in self._setting.classes.get(device_class, ()):
            value = self._said(device.id, point) if not duty or device.duty == duty else None
            if value is not None:
                return value
        return None

    def _said(self, device: str, point: PointValue) -> Answer:
        said = self._known.said.get(device, {}).get(point.name)
        if said is None or not self._stands(said) or type(said.value) not in FITS[point.type]:
            return None
        return said.value

    def _stands(self, said: Said) -> bool:
        """Neither too old nor of a time that this device has not come to."""
        return self._from <= said.at <= self._to

    def _moment_of(self, device: str, params: Mapping[str, float]) -> Moment:
        points = {
            point: LastReading(said.value, Quality.GOOD, said.at, said.at, said.at)
            for point, said in self._known.said.get(device, {}).items()
            if self._stands(said)
        }
        return Moment(at=self._at, points=points, windows={}, params=params, silent=None)


@cache
def zone(name: str) -> ZoneInfo | None:
    """None where nobody knows a zone of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
