"""Once per local day: over summer time in four countries and a clock that jumps."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_agent.core.calendar import due

MINUTES = timedelta(minutes=7)
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]
"""None, two with an hour, one with half an hour, and one whose midnight does not exist on a day in March."""


def days_done(at: time, zone: ZoneInfo, moments: list[datetime]) -> Counter[date]:
    done: Counter[date] = Counter()
    last: date | None = None
    for moment in moments:
        if (day := due(at, zone, moment, last)) is not None:
            last = day
            done[day] += 1
    return done


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", [time(0, 0), time(1, 30), time(2, 30), time(12, 0), time(23, 59)])
def test_each_local_day_of_a_year_is_done_once(zone: str, at: time) -> None:
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    moments = [begin + MINUTES * number for number in range(365 * 24 * 60 // 7)]
    done = days_done(at, ZoneInfo(zone), moments)
    assert set(done.values()) == {1}
    assert len(done) == (max(done) - min(done)).days + 1
    assert len(done) >= 365


@pytest.mark.parametrize("zone", ZONES)
def test_it_is_done_soon_after_its_hour(zone: str) -> None:
    local = ZoneInfo(zone)
    for day in range(1, 28):
        began = datetime(2026, 7, day, 3, 0, tzinfo=local)
        assert due(time(3, 0), local, began, date(2026, 7, day) - timedelta(days=1)) == date(2026, 7, day)
        assert due(time(3, 0), local, began - MINUTES, date(2026, 7, day) - timedelta(days=1)) is None


def at_noon(*days: int) -> list[datetime]:
    return [datetime(2026, 7, day, 12, tzinfo=UTC) for day in days]


def test_a_clock_that_is_set_back_a_day_does_nothing_twice() -> None:
    assert set(days_done(time(3), ZoneInfo("Asia/Shanghai"), at_noon(14, 15, 14, 15, 16)).values()) == {1}


def test_days_that_a_clock_leaps_over_are_one() -> None:
    done = days_done(time(3), ZoneInfo("Asia/Shanghai"), [datetime(1970, 1, 1, tzinfo=UTC), *at_noon(14, 14, 20, 20)])
    assert list(done.values()) == [1, 1, 1]


def test_a_clock_that_was_a_year_ahead_stops_nothing_for_a_year() -> None:
    ahead = datetime(2027, 7, 14, tzinfo=UTC)
    done = days_done(time(3), ZoneInfo("Asia/Shanghai"), [*at_noon(14), ahead, *at_noon(15, 16)])
    assert [date(2026, 7, day) in done for day in (14, 15, 16)] == [True, True, True]
