"""What is to be done once in each local day, whatever summer time and the machine's clock do."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)


def due(at: time, zone: tzinfo, now: datetime, last: date | None) -> date | None:
    """The local day whose turn it is; None where it was done. `last` is the day that this answered before.

    An hour that summer time leaves out is passed all the same, and one that comes twice counts once. A day that was
    missed is made up for until the next begins. Where the clock was days ahead when `last` was done, it counts no more.
    """
    local = now.astimezone(zone)
    day = local.date() if local.time() >= at else local.date() - DAY
    return day if last is None or day > last or day < last - DAY else None
