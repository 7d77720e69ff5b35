"""What protects a compressor from itself: a trip, a pause, another try, and after too many a lock until it is reset."""

from __future__ import annotations

from typing import NamedTuple

PAUSE = 300.0  # s until the next try
TRIPS = 3  # within an hour of each other: then it locks
_FORGETS_AFTER = 3600.0  # s


class Protection(NamedTuple):
    """`pause` and `calm` in s: how long it still waits, how long ago the last trip was."""

    trips: int
    pause: float
    calm: float
    locked: bool


AT_EASE = Protection(0, 0.0, _FORGETS_AFTER, False)


def allows(protection: Protection) -> bool:
    return not protection.locked and protection.pause <= 0.0


def trip(protection: Protection) -> Protection:
    trips = protection.trips + 1 if protection.calm < _FORGETS_AFTER else 1
    return Protection(trips, PAUSE, 0.0, trips >= TRIPS)


def wait(protection: Protection, seconds: float) -> Protection:
    """The protection `seconds` later, if nothing tripped."""
    if protection is AT_EASE:
        return AT_EASE
    trips, pause, calm, locked = protection
    if not locked and calm >= _FORGETS_AFTER:
        return AT_EASE
    return Protection(trips, max(0.0, pause - seconds), calm + seconds, locked)
