"""Time as both ends of the line understand it: UTC instants of a millisecond, and a clock that is an argument.

The programs get their clock from the command line. A factor other than 1 lets a drill or a bench run a store faster
than the wall; only `Clock` knows of it, and all who share its three numbers agree on the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970; `instant` is aware."""
    return (instant - EPOCH) // MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


class ClockArgumentInvalid(ValueError):
    """The text is not `INSTANT@SECONDSxFACTOR`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Maps the machine's clocks to store time.

    `wall` answers seconds since 1970 and `steady` seconds that never go back, as `time.time` and `time.monotonic` do.
    At `wall() == start` the time is `epoch`; from there it runs `factor` times as fast.
    """

    wall: Callable[[], float]
    steady: Callable[[], float]
    epoch: datetime = EPOCH
    start: float = 0.0
    factor: float = 1.0

    def now(self) -> datetime:
        """The instant in UTC, whole milliseconds."""
        seconds = (self.wall() - self.start) * self.factor
        return self.epoch + timedelta(milliseconds=int(seconds * 1000))

    def mono(self) -> float:
        """Seconds that only grow, at the pace of `now`."""
        return self.steady() * self.factor

    def wall_seconds(self, duration: timedelta) -> float:
        """How long a person at the machine waits until `duration` has passed."""
        return duration.total_seconds() / self.factor


def machine_clock(wall: Callable[[], float], steady: Callable[[], float], argument: str | None = None) -> Clock:
    """The machine's own clock, or the one that `argument` (`INSTANT@SECONDSxFACTOR`) describes.

    `2026-07-15T02:00:00Z@1795311575.25x60`: it was two o'clock when the wall clock said 1795311575.25, and a minute
    passes each second. Raises ClockArgumentInvalid.
    """
    if argument is None:
        return Clock(wall=wall, steady=steady)
    try:
        instant, rest = argument.split("@")
        start, factor = rest.split("x")
        epoch = datetime.fromisoformat(instant)
        clock = Clock(wall=wall, steady=steady, epoch=epoch.astimezone(UTC), start=float(start), factor=float(factor))
    except ValueError as error:
        raise ClockArgumentInvalid(f"not INSTANT@SECONDSxFACTOR: {argument!r}") from error
    if epoch.tzinfo is None or not math.isfinite(clock.start) or not 0 < clock.factor < math.inf:
        raise ClockArgumentInvalid(f"the instant needs a time zone and the factor must be above 0: {argument!r}")
    return clock


def clock_argument(clock: Clock) -> str:
    """What another program's `--clock` needs to share this clock."""
    return f"{clock.epoch.isoformat()}@{clock.start!r}x{clock.factor!r}"
