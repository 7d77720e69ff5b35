"""Customers, holidays, opening hours and what people do to machines."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest

from simulators.plants.chance import draw, salt_of, wave
from simulators.plants.habits import Doings, doings
from simulators.plants.holidays import HOLIDAYS, holiday
from simulators.plants.setting import Setting, SummerDay
from simulators.plants.surroundings import Surroundings

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(store: Setting, *when: int) -> Surroundings:
    local = datetime(*when, tzinfo=SHANGHAI)  # type: ignore[misc, arg-type]
    return store.around(local.astimezone(UTC), local, 25.0)


def customers(store: Setting, day: date) -> float:
    return sum(at(store, day.year, day.month, day.day, hour, 30).customers_per_hour for hour in range(24))


def week(seed: int, device: str, device_class: str, duty: str, days: int = 7) -> list[Doings]:
    """Minute by minute from a Monday in March."""
    monday = datetime(2026, 3, 2, tzinfo=SHANGHAI)
    return [doings(seed, device, device_class, duty, monday + timedelta(minutes=n)) for n in range(days * 1440)]


def test_a_store_has_about_nine_hundred_customers_a_day() -> None:
    """The mean of Japan's is about a thousand (Japan Franchise Association, 2015)."""
    days = [customers(Setting(seed=1), date(2026, 3, 2) + timedelta(days=n)) for n in range(28)]
    assert 750 < fmean(days) < 1000


def test_weekends_and_holidays_are_quieter_beside_offices() -> None:
    store = Setting(seed=1)
    friday, sunday, feast = (customers(store, date(2026, 3, day)) for day in (6, 8, 6))
    assert sunday < friday == feast
    assert customers(store, date(2026, 2, 17)) < 0.55 * friday


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_every_year_has_its_holidays(year: int) -> None:
    names = {one.name for one in HOLIDAYS if one.first.year == year}
    assert names >= {"new_year", "spring_festival", "qingming", "labour_day", "dragon_boat", "national_day"}


def test_the_spring_festival_of_2026_has_nine_days() -> None:
    days = [date(2026, 2, 10) + timedelta(days=n) for n in range(20)]
    feast = [day for day in days if (found := holiday(day)) and found.name == "spring_festival"]
    assert (feast[0], feast[-1], len(feast)) == (date(2026, 2, 15), date(2026, 2, 23), 9)
    assert holiday(date(2026, 3, 3)) is None


def test_a_store_that_shuts_is_dark_and_empty_at_night() -> None:
    store = Setting(seed=1, opens=7.0, closes=23.0)
    assert at(store, 2026, 3, 3, 6, 59).night
    assert at(store, 2026, 3, 3, 7, 1).open
    assert at(store, 2026, 3, 3, 23, 30).customers_per_hour == 0
    assert at(store, 2026, 2, 17, 21, 30).night, "at the Spring Festival it shuts early"
    assert at(Setting(seed=1), 2026, 2, 17, 3).open, "an all-night store never does"


def test_the_air_of_a_store_is_damp_in_summer_and_dry_in_winter() -> None:
    store = Setting(seed=1)
    july = fmean(at(store, 2026, 7, day, 15).humidity for day in range(1, 29))
    january = fmean(at(store, 2026, 1, day, 15).humidity for day in range(1, 29))
    assert 45 < july < 65
    assert january < 40


def test_the_mains_dip_a_few_times_a_year() -> None:
    store, begin = Setting(seed=1), datetime(2026, 1, 1, tzinfo=UTC)
    assert 1 <= sum(store.dips(begin + timedelta(minutes=n)) for n in range(525_600)) <= 9


def test_the_day_of_the_demo_is_always_the_same_hot_one() -> None:
    noon = datetime(2026, 7, 15, 13, tzinfo=SHANGHAI)
    around = SummerDay().around(noon, noon, 25.0)
    assert around.outdoor > 33
    assert around == SummerDay().around(noon, noon.replace(month=1), 25.0)
    assert not SummerDay().dips(noon)


def test_a_chilled_case_is_stocked_twice_a_day_with_some_fifteen_kilograms() -> None:
    minutes = week(3, "open-chiller-1", "refrigeration_case", "open_chiller")
    begun = sum(now.stocking > 0 and then.stocking == 0 for then, now in pairwise(minutes))
    assert begun == 14
    assert 60 < sum(one.stocking for one in minutes) < 350


def test_freezers_are_stocked_twice_a_week_in_the_forenoon() -> None:
    minutes = week(3, "freezer-1", "refrigeration_case", "freezer")
    busy = [n for n, one in enumerate(minutes) if one.stocking > 0]
    assert {n // 1440 for n in busy} == {1, 4}
    assert all(8 * 60 < n % 1440 < 11 * 60 for n in busy)


def test_every_case_is_cleaned_once_in_four_weeks() -> None:
    cleanings = []
    for number in range(12):
        minutes = week(3, f"freezer-{number}", "refrigeration_case", "freezer", days=28)
        off = [n for n, one in enumerate(minutes) if one.cleaning]
        assert all("cleaning_switched_off" in minutes[n].disturbances for n in off)
        cleanings.append(len({n // 1440 for n in off}))
    assert min(cleanings) >= 1
    assert fmean(cleanings) < 1.6, "and seldom serviced besides"


def test_staff_switch_fans_off_and_turn_set_points_now_and_then() -> None:
    minutes = week(3, "open-chiller-1", "refrigeration_case", "open_chiller", days=365)
    days = {
        name: {n // 1440 for n, one in enumerate(minutes) if name in one.disturbances}
        for name in (
            "fans_off_by_staff",
            "set_point_turned",
            "controller_restart",
        )
    }
    assert 15 < len(days["fans_off_by_staff"]) < 80
    assert 1 <= len(days["set_point_turned"]) <= 14
    assert 1 <= len(days["controller_restart"]) <= 14


def test_nobody_touches_a_meter_and_nothing_happens_without_a_seed() -> None:
    now = datetime(2026, 3, 3, 6, 20, tzinfo=SHANGHAI)
    assert doings(3, "meter-1", "energy_meter", "store_supply", now) == Doings()
    assert doings(None, "open-chiller-1", "refrigeration_case", "open_chiller", now) == Doings()


def test_chance_is_even_and_repeats() -> None:
    drawn = [draw(salt_of("a", 1), n) for n in range(20_000)]
    assert fmean(drawn) == pytest.approx(0.5, abs=0.01)
    assert fmean(abs(one - other) for one, other in pairwise(drawn)) == pytest.approx(1 / 3, abs=0.01)
    assert drawn[:5] == [draw(salt_of("a", 1), n) for n in range(5)]
    assert drawn[:5] != [draw(salt_of("a", 2), n) for n in range(5)]


def test_a_wave_has_no_steps() -> None:
    heights = [wave(7, n / 1000) for n in range(5000)]
    assert max(abs(one - other) for one, other in pairwise(heights)) < 0.002
    assert max(heights) > 0.6 > 0.4 > min(heights)
