"""Which readings are worth sending: those that moved, changed their quality, or have not been sent for long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from edge_agent.contract.readings import Reading
from edge_agent.core.profile import Profile

_ROUNDING = 1e-9
"""2.3 - 2.2 is a little less than 0.1 in floats, and is meant to be 0.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What head office was last told of a point, and when on the monotonic clock (seconds)."""

    reading: Reading
    mono: float


Memory = Mapping[str, Sent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`memory` is what to give the next time, once `readings` are safely kept."""

    readings: tuple[Reading, ...]
    memory: Memory


def report(profile: Profile, memory: Memory, readings: Iterable[Reading], mono: float, every: timedelta) -> Report:
    """`every` is how long an unchanged reading may go unsent."""
    worth = tuple(reading for reading in readings if _is_news(profile, memory.get(reading.point), reading, mono, every))
    sent = {reading.point: Sent(reading=reading, mono=mono) for reading in worth}
    return Report(readings=worth, memory={**memory, **sent})


def _is_news(profile: Profile, last: Sent | None, reading: Reading, mono: float, every: timedelta) -> bool:
    if last is None or last.reading.quality != reading.quality:
        return True
    return mono - last.mono >= every.total_seconds() or _moved(profile, last.reading, reading)


def _moved(profile: Profile, last: Reading, reading: Reading) -> bool:
    """A flag or word moves when it is another; a number when it is a dead band away from what was sent."""
    was, now = last.value, reading.value
    if isinstance(was, float) and isinstance(now, float):
        band = profile.points[reading.point].dead_band
        return was != now and abs(now - was) >= band - _ROUNDING
    return was != now
