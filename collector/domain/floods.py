"""Too many alarms for anybody to answer: one that comes and goes, and floods of a store or of head office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

CHATTER_MOST = 3
CHATTER_WITHIN = timedelta(hours=1)
"""More raises of one alarm in that time are chatter. The standard counts three a minute: our rules hold for longer."""

FLOOD_MOST = 10
FLOOD_ENDS_BELOW = 5
FLOOD_WITHIN = timedelta(minutes=10)
"""A flood begins with more alarms in that time than one person can answer, and ends when fewer come than half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chatter:
    """The newest raises of one alarm, the oldest first; `chattered` counts how often there were too many."""

    times: tuple[datetime, ...] = ()
    chattered: int = 0

    def raised(self, at: datetime) -> Chatter:
        times = (*self.times, at)[-CHATTER_MOST - 1 :]
        return Chatter(times=times, chattered=self.chattered + _full(times, CHATTER_MOST + 1, at, CHATTER_WITHIN))

    def chatters(self, at: datetime) -> bool:
        return _full(self.times, CHATTER_MOST + 1, at, CHATTER_WITHIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """`times` are those of the newest alarms, the oldest first. In flood since `since`; `lasted` is of those before."""

    times: tuple[datetime, ...] = ()
    since: datetime | None = None
    lasted: timedelta = timedelta()
    floods: int = 0

    def raised(self, at: datetime) -> Flood:
        """An alarm is told; `at` is not before the last one."""
        now = self.by(at)
        times = (*now.times, at)[-FLOOD_MOST - 1 :]
        begins = now.since is None and _full(times, FLOOD_MOST + 1, at, FLOOD_WITHIN)
        return Flood(times=times, since=at if begins else now.since, lasted=now.lasted, floods=now.floods + int(begins))

    def by(self, at: datetime) -> Flood:
        """What time alone has changed: a flood ends at the instant at which too few alarms are left in the window."""
        if self.since is None or _full(self.times, FLOOD_ENDS_BELOW, at, FLOOD_WITHIN):
            return self
        ended = self.times[-FLOOD_ENDS_BELOW] + FLOOD_WITHIN
        return Flood(times=self.times, lasted=self.lasted + (ended - self.since), floods=self.floods)

    def lasted_by(self, at: datetime) -> timedelta:
        """Of all floods, that of now included."""
        now = self.by(at)
        return now.lasted if now.since is None else now.lasted + (at - now.since)


def _full(times: tuple[datetime, ...], number: int, at: datetime, within: timedelta) -> bool:
    """Whether the newest `number` are all of the time before `at`."""
    return len(times) >= number and times[-number] > at - within
