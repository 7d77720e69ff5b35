"""How finely a span of time is told: at which level it is looked up, and in steps of which length."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import dropwhile

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Level(IntEnum):
    """Written in rows for ever: numbers are added, never changed."""

    RAW = 0
    MINUTE = 1
    HOUR = 2


WIDTHS = {Level.MINUTE: MINUTE, Level.HOUR: HOUR}
STEPS = (
    *((Level.MINUTE, MINUTE * many) for many in (1, 2, 5, 10, 15, 30)),
    *((Level.HOUR, HOUR * many) for many in (1, 2, 3, 6, 12)),
    *((Level.HOUR, DAY * many) for many in (1, 2, 5, 10, 30, 100, 1_000, 10_000)),
)

DEFAULT_KEEP = {Level.RAW: DAY * 30, Level.MINUTE: DAY * 180, Level.HOUR: DAY * 1826}
"""For how long each level is kept: a month, half a year, five years."""

Keep = Mapping[Level, timedelta]


def choose_step(since: datetime, until: datetime, most: int, now: datetime, keep: Keep) -> tuple[Level, timedelta]:
    """The finest whose steps are no more than `most` and whose level is still kept at `since`.

    A level that `keep` does not name is kept for ever. A span need not begin at a step's edge, so it may touch one step
    more than it is long.
    """
    fits = dropwhile(lambda step: (until - since) // step[1] + 2 > most, STEPS)
    return next(
        (step for step in fits if step[0] is Level.HOUR or step[0] not in keep or since >= now - keep[step[0]]),
        STEPS[-1],
    )
