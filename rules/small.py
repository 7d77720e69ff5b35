"""The small things that are followed of a device: since when a flag stands, and a number that lags behind another."""

from __future__ import annotations

import math
from typing import NamedTuple

from rules.window import STALE_AFTER

_STALE_S = STALE_AFTER.total_seconds()
_MINUTE = 60.0


class Timer(NamedTuple):
    """The flag was `held` when it was known last, without a break since `since`; `lost_at`: unknown from then on.

    `ever`: it has been true. After a silence that no value bridges it counts anew, so that what it says is certain.
    """

    held: bool
    since: float
    lost_at: float | None = None
    ever: bool = False


class Lag(NamedTuple):
    """`level` was reached at `at`, behind a number that is `held` from then on (None: unknown); the number was known
    for `known` seconds since it began."""

    level: float
    held: float | None
    at: float
    known: float = 0.0


def timed(timer: Timer | None, flag: float | bool | None, now: float, known_until: float) -> Timer | None:
    """With the flag as it is at `now`; what it was before stood until `known_until`."""
    if timer is None:
        return None if flag is None else Timer(bool(flag), now, ever=bool(flag))
    held, since, lost_at, ever = timer
    if known_until < now and lost_at is None:
        lost_at = known_until
    if flag is None:
        return Timer(held, since, now if lost_at is None else lost_at, ever)
    if flag != held or (lost_at is not None and now - lost_at > _STALE_S):
        since = now
    return Timer(bool(flag), since, None, ever or bool(flag))


def minutes_since(timer: Timer | None, now: float) -> float | None:
    """How long it has certainly not been true; 0 while it is."""
    if timer is None or timer.lost_at is not None or not timer.ever:
        return None
    return 0.0 if timer.held else (now - timer.since) / _MINUTE


def minutes_lasting(timer: Timer | None, now: float) -> float | None:
    """How long it has certainly been true; 0 while it is not."""
    if timer is None or timer.lost_at is not None:
        return None
    return (now - timer.since) / _MINUTE if timer.held else 0.0


def lag_on(lag: Lag, until: float, tau: float) -> Lag:
    """It comes nearer to what is held, and stands still where nothing is."""
    seconds = until - lag.at
    if lag.held is None or seconds <= 0:
        return lag
    level = lag.held + (lag.level - lag.held) * math.exp(-seconds / tau)
    return Lag(level, lag.held, until, lag.known + seconds)


def lagging(lag: Lag | None, number: float | bool | None, now: float, known_until: float, tau: float) -> Lag | None:
    """With the number as it is at `now`. After a silence longer than `tau` it begins anew."""
    if lag is None:
        return None if number is None else Lag(float(number), float(number), now)
    lag = lag_on(lag, min(known_until, now), tau)
    if known_until < now:
        lag = lag._replace(held=None)
    if number is None:
        return lag._replace(held=None)
    if lag.held is None and now - lag.at > tau:
        return Lag(float(number), float(number), now)
    return Lag(lag.level, float(number), now, lag.known)


def lagged(lag: Lag | None, now: float, tau: float) -> float | None:
    """Unknown until the number was known for as long as it lags."""
    if lag is None or lag.held is None:
        return None
    lag = lag_on(lag, now, tau)
    return lag.level if lag.known >= tau else None


def joined_timers(earlier: Timer | None, later: Timer | None, began: tuple[float, float] | None) -> Timer | None:
    """`began`: when the later half knew the flag first, and what it was then."""
    if earlier is None or later is None or began is None:
        return later or earlier
    at, first = began
    later = later._replace(ever=later.ever or earlier.ever)
    unbroken = at - (at if earlier.lost_at is None else earlier.lost_at) <= _STALE_S and earlier.held == bool(first)
    return later._replace(since=earlier.since) if unbroken and later.since == at else later


def joined_lags(
    earlier: Lag | None, later: Lag | None, began: tuple[float, float] | None, known_until: float, tau: float
) -> Lag | None:
    """What the later half began with has faded as far as it knew the number since; so does what it should have been."""
    if earlier is not None and later is None:
        return lag_on(earlier, known_until, tau)._replace(held=None)
    if earlier is None or later is None or began is None:
        return later
    at, first = began
    before = lag_on(earlier, min(known_until, at), tau)
    if at - before.at > tau:
        return later
    level = later.level + (before.level - first) * math.exp(-later.known / tau)
    return later._replace(level=level, known=later.known + before.known)
