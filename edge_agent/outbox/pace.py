"""When the next commit is due: seldom, because each wears the flash, and at once for the little that cannot wait."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.contract.readings import AgentStatus, Body, Telemetry, Value

LEAST_S = 0.1
"""Seconds between any two commits: what a hundred buses bring meanwhile shares one."""

BURST = 50.0
"""Commits ahead of time that may follow upon each other, as in the first minutes of an agent."""

SPACING = 0.9
"""The share of an interval in which one commit is earned: urgent ones get what the regular ones leave. With one commit
in 10 s, there are never more than 9,600 in a day, and the burst."""


@dataclass(slots=True, kw_only=True)
class Pace:
    """Seconds of any clock that only grows. `every_s` lies between regular commits."""

    every_s: float
    last_at: float = float("-inf")
    _credit: float = BURST

    def due_at(self, *, urgent: bool) -> float:
        """When what waits is to be committed."""
        if urgent and self._credit >= 1:
            return self.last_at + LEAST_S
        return self.last_at + max(LEAST_S, self.every_s)

    def note_commit(self, now: float) -> None:
        earned = (now - self.last_at) / max(LEAST_S, self.every_s * SPACING)
        self._credit = min(BURST, self._credit + earned) - 1
        self.last_at = now


class Urgency:
    """Knows what cannot wait for the next regular commit: who the store is, and an alarm contact that switched."""

    def __init__(self) -> None:
        self._alarms: dict[tuple[str, str], Value] = {}
        self._store: tuple[object, ...] = ()

    def is_urgent(self, body: Body) -> bool:
        match body:
            case Telemetry():
                return self._alarm_switched(body)
            case AgentStatus():
                before, self._store = self._store, (body.boot, body.devices, body.name, body.timezone)
                return before != self._store
            case _:
                return False

    def _alarm_switched(self, telemetry: Telemetry) -> bool:
        switched = False
        for reading in telemetry.readings:
            if isinstance(reading.value, bool) and reading.point.startswith(("alarm.", "out.alarm")):
                key = (telemetry.device, reading.point)
                switched = switched or self._alarms.get(key, False) != reading.value
                self._alarms[key] = reading.value
        return switched
