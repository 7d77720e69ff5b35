"""Four devices whose registers follow a fortune by seed; good enough to raise every kind of alarm, and cheap."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers.base import NoAnswer
from edge_agent.settings import SiteDevice
from simulators.registers import words_of

HEALTHY_FOR = timedelta(hours=30)
SICK_FOR = timedelta(hours=3)
STEP_S = 300.0

FAULTS = {
    "warm": "refrigeration.air_temperature_high",
    "silent": "device.silent",
    "probe": "refrigeration.probe_fault",
}
"""The alarm that a freezer's state alone comes to."""

Words = dict[tuple[Table, int], int]


@dataclass(slots=True)
class Fortune:
    """What one device goes through: well, warm, or silent, each for a while, since and until when."""

    dice: Random
    state: str = "well"
    since: float = 0.0
    until: float = 0.0

    def at(self, now: float) -> str:
        while now >= self.until:
            well = self.state != "well"
            self.state = "well" if well else self.dice.choice(("warm", "warm", "silent", "probe"))
            mean = HEALTHY_FOR if well else SICK_FOR
            self.since = self.until
            self.until += self.dice.expovariate(1 / mean.total_seconds())
        return self.state


@dataclass(slots=True)
class SimulatedDevice:
    device: SiteDevice
    fortune: Fortune
    dice: Random
    words: Words = field(default_factory=dict)
    moved_at: float = -STEP_S

    def live(self, now: float) -> None:
        state = self.fortune.at(now)
        if now - self.moved_at < STEP_S:
            return
        self.moved_at = now
        for name, point in self.device.profile.points.items():
            value = _value(name, state, self.dice)
            if value is not None:
                raw = sorted(point.sentinels)[0] if state == "probe" and point.sentinels else None
                told = (raw,) if raw is not None else words_of(point, value)
                for offset, word in enumerate(told):
                    self.words[point.address.table, point.address.number + offset] = word


@dataclass(slots=True)
class SimulatedBus:
    """A Line that takes no time; `now` is the true time in seconds."""

    units: dict[int, SimulatedDevice]
    now: float = 0.0

    async def read(self, unit: int, request: ReadRequest, *_timing: timedelta) -> tuple[int, ...]:
        asked = self.units[unit]
        asked.live(self.now)
        if asked.fortune.state == "silent":
            raise NoAnswer(f"unit {unit}")
        words = asked.words
        return tuple(words.get((request.table, request.start + offset), 0) for offset in range(request.count))

    async def close(self) -> None:
        pass


def bus_of(devices: tuple[SiteDevice, ...], seed: str) -> SimulatedBus:
    return SimulatedBus(
        {
            device.unit: SimulatedDevice(
                device, Fortune(Random(f"{seed} {device.id} fortune")), Random(f"{seed} {device.id} values")
            )
            for device in devices
        }
    )


def _value(name: str, state: str, dice: Random) -> float | None:
    """Temperatures of a freezer move; what else the map has stays as it is."""
    if name == "temp.control":
        return round((-4.0 if state == "warm" else -20.0) + dice.uniform(-0.6, 0.6), 1)
    if name in {"temp.ambient", "temp.room"}:
        return round(24.0 + dice.uniform(-1, 1), 1)
    return None
