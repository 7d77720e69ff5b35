"""What head office would be told of a machine: its points as the controller says them, when they are worth a report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from edge_agent.contract.catalogue import meaning
from edge_agent.contract.readings import Quality, Reading, Value
from edge_agent.core.profile import Poll, Profile
from edge_agent.profiles.load import profile

AT_LEAST_EVERY = timedelta(minutes=10)
"""An unchanged reading is sent again after so long; half of what a value may stand for."""
SLOW = timedelta(minutes=15)
_STEPS = {
    "°C": 0.1,
    "K": 0.1,
    "V": 1.0,
    "A": 0.1,
    "W": 20.0,
    "lx": 200.0,
    "%RH": 1.0,
    "%": 1.0,
    "bar": 0.05,
    "kWh": 0.1,
}
"""Dead bands of points for which no map ships, by unit: what an installer would set."""


class Told(Protocol):
    """A machine whose readings are wanted; `profile` is "" where no map ships, then it tells what `says` lists."""

    @property
    def device_class(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def says(self) -> frozenset[str]: ...


class _Watched:
    """One point: what was told last, and when in seconds."""

    __slots__ = ("bad_when", "band", "digits", "every", "high", "low", "name", "next_s", "sent_s", "value")

    def __init__(self, name: str, digits: int, band: float, every: float) -> None:
        self.name, self.digits, self.band, self.every = name, digits, band, every
        self.low, self.high = float("-inf"), float("inf")
        self.bad_when: tuple[str, ...] = ()
        self.value: Value | None = None
        self.sent_s = self.next_s = float("-inf")


class Reporter:
    """Polls one machine every `period`, slow points each quarter of an hour, and reports on change."""

    def __init__(self, machine: Told, period: timedelta) -> None:
        self._period = period.total_seconds()
        known = profile(machine.profile) if machine.profile else None
        self._points = _of_profile(known, self._period) if known else _of_points(machine, self._period)
        self._silent = False

    def poll(self, said: Mapping[str, Value], now_s: float) -> list[Reading]:
        """`now_s` is the event time in seconds. What a probe's own flag takes away is told as a probe fault."""
        if self._silent:
            self._silent = False
            self._forget()
        fresh = now_s - AT_LEAST_EVERY.total_seconds()
        readings: list[Reading] = []
        for point in self._points:
            if now_s < point.next_s:
                continue
            point.next_s = now_s + point.every
            value = said.get(point.name)
            if value is None or (point.bad_when and any(said.get(flag) is True for flag in point.bad_when)):
                quality = Quality.REFUSED if value is None else Quality.PROBE_FAULT
                value = None
            elif type(value) is float:
                if not point.low <= value <= point.high:
                    value, quality = None, Quality.OUT_OF_RANGE
                else:
                    last = point.value
                    if type(last) is float and abs(value - last) < point.band and point.sent_s > fresh:
                        continue
                    value, quality = round(value, point.digits), Quality.GOOD
            else:
                quality = Quality.GOOD
            if value == point.value and point.sent_s > fresh:
                continue
            point.value, point.sent_s = value, now_s
            readings.append(Reading(point=point.name, value=value, quality=quality))
        return readings

    def no_answer(self, now_s: float) -> list[Reading]:
        """A poll in vain is told at once, and then as seldom as anything that stays."""
        if all(now_s < point.next_s for point in self._points):
            return []
        for point in self._points:
            point.next_s = max(point.next_s, now_s + self._period)
        fresh = now_s - AT_LEAST_EVERY.total_seconds()
        due = [point for point in self._points if not self._silent or point.sent_s <= fresh]
        self._silent = True
        for point in due:
            point.sent_s = now_s
        return [Reading(point=point.name, value=None, quality=Quality.NO_ANSWER) for point in due]

    def _forget(self) -> None:
        for point in self._points:
            point.value, point.sent_s, point.next_s = None, float("-inf"), float("-inf")


def _of_profile(known: Profile, period: float) -> list[_Watched]:
    points = []
    for name, point in known.points.items():
        if point.poll is Poll.ONCE:
            continue
        every = SLOW.total_seconds() if point.poll is Poll.SLOW else period
        watched = _Watched(name, _digits(point.scale), max(point.dead_band, 1e-9), every)
        watched.bad_when = point.bad_when
        if point.low is not None and point.high is not None:
            watched.low, watched.high = point.low, point.high
        points.append(watched)
    return points + [_Watched(name, 1, 1e-9, period) for name in known.derived]


def _of_points(machine: Told, period: float) -> list[_Watched]:
    return [_watched(machine.device_class, name, period) for name in sorted(machine.says)]


def _watched(device_class: str, name: str, period: float) -> _Watched:
    known = meaning(device_class, name)
    return _Watched(name, known.digits, _STEPS.get(known.unit, 1e-9), period)


def _digits(scale: float) -> int:
    """Decimals that a register of that scale can tell."""
    return next((digits for digits in range(4) if abs(scale * 10**digits - round(scale * 10**digits)) < 1e-9), 3)
