"""How often what takes time is looked at: seconds, from the length of a statistic and the hold of a rule."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from rules.terms import Track

ASK_AGAIN, ASK_AT_LEAST = 120.0, 300.0
"""Seconds between two answers of a condition that changes slowly: at least, and at most, whatever its hold."""
_PACES = (ASK_AGAIN, ASK_AT_LEAST)
_PARTS_OF_HOLD, _SHORT_HOLD = 10, 4
BUCKETS = 16
"""Into how many parts of equal width the length of a statistic is divided at most."""
_FEWEST, _NARROW_S = 6, 150.0
"""Devices tell what moved every minute or two: shorter buckets would each hold one value and cost as much as long ones.
So the length of a short statistic is divided into fewer."""
_PARTS_OF_LAG = 20


def width_of(track: Track) -> float:
    """Of a bucket of a statistic, in whole seconds."""
    return float(-(-max(track.seconds / BUCKETS, min(_NARROW_S, track.seconds / _FEWEST)) // 1))


def buckets_of(track: Track) -> int:
    """Into how many the length of a statistic is divided, with the one that runs."""
    return int(-(-track.seconds // width_of(track)))


def step_of(track: Track) -> float:
    """Within that many seconds a number is looked at once, however often it changes; a flag always."""
    match track.kind:
        case "usual":
            return ASK_AT_LEAST
        case "timer":
            return ASK_AGAIN
        case "lag":
            return _within(track.seconds / _PARTS_OF_LAG)
        case _:
            return _within(width_of(track))


def pace_of(hold: float, steps: Iterable[float]) -> float:
    """Between two answers of a rule: no oftener than what it asks is looked at, unless a short hold needs it; never so
    seldom that a hold breaks."""
    needed = min(min(steps, default=ASK_AGAIN), hold / _SHORT_HOLD)
    return _within(max(hold / _PARTS_OF_HOLD, needed))


def _within(seconds: float) -> float:
    """One of few, so that what is due together is due at the same time."""
    return max((pace for pace in _PACES if pace <= seconds), default=ASK_AGAIN)


def after(now: float, pace: float, phase: float = 0.0) -> float:
    """When the clock enters the next of its steps of `pace` seconds: the same instants for whoever has that phase."""
    return ((now + phase) // pace + 1) * pace - phase


def phase_of(store: str) -> float:
    """How many seconds a store is ahead with its steps: else all of a chain would be at work in the same second."""
    return float(crc32(store.encode()) % int(ASK_AT_LEAST)) if store else 0.0
