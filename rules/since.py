"""How long what was known at one telemetry may have stood until the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Quality
from rules.memory import LastReading
from rules.signals import Signal
from rules.window import STALE_AFTER

_STALE_S = STALE_AFTER.total_seconds()


@dataclass(frozen=True, slots=True)
class Since:
    """What was known at the telemetry before: the points, and when that was."""

    points: Mapping[str, LastReading]
    at: float


def known_until(each: Signal, since: Since, now: float) -> float:
    """How long what was held may have stood: until the first of the points that it rests on was silent too long."""
    until = min(since.at + _STALE_S, now) if each.ticking else now
    for point in each.points:
        last = since.points.get(point)
        if last is not None and last.quality is Quality.GOOD:
            stale = last.at.timestamp() + _STALE_S
            if since.at <= stale < until:
                until = stale
    return until
