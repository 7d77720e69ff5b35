"""Which readings are worth sending: those that moved, changed their quality, or have not been sent for long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from edge_agent.contract.readings import Reading
from edge_agent.core.profile import Profile
from edge_agent.core.sheet import sheet_of

_ROUNDING = 1e-9
"""2.3 - 2.2 is a little less than 0.1 in floats, and is meant to be 0.1."""

Sent = tuple[Reading, float]
"""What head office was last told of a point, and when on the monotonic clock (seconds)."""

Memory = dict[str, Sent]
"""By point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`told` is what to add to the memory, once `readings` are safely kept."""

    readings: tuple[Reading, ...]
    told: Memory


def report(
    profile: Profile, memory: Mapping[str, Sent], readings: Iterable[Reading], mono: float, every: timedelta
) -> Report:
    """`every` is how long an unchanged reading may go unsent."""
    sent_by, bands = mono - every.total_seconds(), sheet_of(profile).dead_bands
    worth = []
    for reading in readings:
        last = memory.get(reading.point)
        if last is None or last[1] <= sent_by or (reading is not last[0] and _is_news(bands, last[0], reading)):
            worth.append(reading)
    return Report(readings=tuple(worth), told={reading.point: (reading, mono) for reading in worth})


def _is_news(dead_bands: Mapping[str, float], last: Reading, reading: Reading) -> bool:
    """A flag or word moves when it is another; a number when it is a dead band away from what was sent.

    One that is only derived has no dead band: whoever wants it calmer says so of its sources.
    """
    was, now = last.value, reading.value
    if isinstance(was, float) and isinstance(now, float):
        return was != now and abs(now - was) >= dead_bands.get(reading.point, 0.0) - _ROUNDING
    return was != now or last.quality is not reading.quality
