"""The account of each local day, in the journal: what the outbox took in, what it lost, what it wore of the disk."""

from __future__ import annotations

import logging
import os
from datetime import date, datetime, time, tzinfo
from pathlib import Path

import msgspec

from edge_agent.core.calendar import due
from edge_agent.outbox.ledger import OutboxCounters

log = logging.getLogger(__name__)

DAY_ENDS_AT = time(0, 0)
COMMITS_AT_MOST = 12_000
WRITTEN_AT_MOST = 200_000_000
"""What a flash card bears for years, as bytes a day."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What the outbox's totals were when the local day `began`."""

    began: date
    entries: int
    confirmed: int
    lost: int
    commits: int
    written: int


class Daybook:
    """Kept in a file, so that a restart neither misses a day nor tells one twice."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._page = _read(path)

    def note(self, now: datetime, zone: tzinfo, counters: OutboxCounters) -> None:
        """To be called every few minutes with a clock that can be right. Raises OSError; the day is then told later."""
        day = due(DAY_ENDS_AT, zone, now, self._page.began if self._page else None)
        if day is None:
            return
        page = _page(day, counters)
        _write(self._path, page)
        if self._page:
            _tell(self._page, page)
        self._page = page


def _page(day: date, counters: OutboxCounters) -> Page:
    return Page(
        began=day,
        entries=counters.entries_total,
        confirmed=counters.confirmed_total,
        lost=counters.dropped_total + counters.corrupt_total,
        commits=counters.commits_total,
        written=counters.written_total,
    )


def _tell(before: Page, after: Page) -> None:
    """Totals that are less than they were are those of a new file."""
    if after.entries < before.entries:
        before = Page(began=before.began, entries=0, confirmed=0, lost=0, commits=0, written=0)
    days = max(1, (after.began - before.began).days)
    commits, written = after.commits - before.commits, after.written - before.written
    worn = commits > COMMITS_AT_MOST * days or written > WRITTEN_AT_MOST * days
    log.log(
        logging.WARNING if worn else logging.INFO,
        "account since=%s entries=%d confirmed=%d lost=%d commits=%d written_mb=%.1f",
        before.began,
        after.entries - before.entries,
        after.confirmed - before.confirmed,
        after.lost - before.lost,
        commits,
        written / 1e6,
    )


def _read(path: Path) -> Page | None:
    """None where there is none, or it cannot be read: a new account begins."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Page)
    except (OSError, msgspec.DecodeError):
        return None


def _write(path: Path, page: Page) -> None:
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(page))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
