"""The weather of a year, held against the climate's normals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from statistics import fmean

import pytest

from simulators.plants.weather import CLIMATES, Outside, is_storm, relative_humidity, weather

NEW_YEAR = datetime(2025, 12, 31, 16, tzinfo=UTC)  # midnight in China
SEEDS = (1, 2, 3, 4)


@lru_cache
def year(city: str, seed: int) -> list[list[Outside]]:
    """Days of hours."""
    hours = [NEW_YEAR + timedelta(hours=n) for n in range(365 * 24)]
    all_of_it = [weather(CLIMATES[city], seed, hour) for hour in hours]
    return [all_of_it[24 * day : 24 * day + 24] for day in range(365)]


def of_month(city: str, seed: int, month: int) -> list[list[Outside]]:
    first = (datetime(2026, month, 1, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC)).days
    return year(city, seed)[first : first + 28]


@pytest.mark.parametrize("city", CLIMATES)
@pytest.mark.parametrize("month", [1, 4, 7, 10])
def test_highs_and_lows_of_a_month_are_near_the_normals(city: str, month: int) -> None:
    days = [day for seed in SEEDS for day in of_month(city, seed, month)]
    high = fmean(max(hour.temperature for hour in day) for day in days)
    low = fmean(min(hour.temperature for hour in day) for day in days)
    assert high == pytest.approx(CLIMATES[city].highs[month - 1], abs=2.5)
    assert low == pytest.approx(CLIMATES[city].lows[month - 1], abs=2.5)


@pytest.mark.parametrize("city", CLIMATES)
def test_it_rains_on_about_as_many_days_as_the_normals_say(city: str) -> None:
    wet = fmean(sum(any(hour.raining for hour in day) for day in year(city, seed)) for seed in SEEDS)
    assert wet == pytest.approx(sum(CLIMATES[city].wet_days), rel=0.2)


def test_shanghai_has_hot_days_and_no_two_years_the_same_number() -> None:
    """8.7 a year over 35 °C, says the bureau's mean of thirty years."""
    hot = [sum(max(hour.temperature for hour in day) >= 35 for day in year("shanghai", seed)) for seed in SEEDS]
    assert 3 < fmean(hot) < 16
    assert len(set(hot)) > 1


def test_a_typhoon_day_is_wet_dark_and_only_in_summer() -> None:
    storms = [(day, hours) for seed in SEEDS for day, hours in enumerate(year("shanghai", seed)) if hours[12].storm]
    assert 1 <= len(storms) / len(SEEDS) / 2 <= 4
    for day, hours in storms:
        assert 175 < day < 275
        assert hours[12].raining
        assert hours[12].sun < 5000
    assert not any(is_storm(CLIMATES["beijing"], 1, day) for day in range(20_454, 20_600))


def test_noon_is_bright_and_night_is_dark() -> None:
    july = of_month("shanghai", 1, 7)
    assert max(day[12].sun for day in july) > 70_000
    assert all(day[1].sun < 1 for day in july)
    dawn = of_month("shanghai", 1, 6)[20][5]
    assert 100 < dawn.sun < 20_000


def test_clouds_take_light() -> None:
    wet = [day[12].sun for day in year("shanghai", 1) if day[12].raining]
    dry = [day[12].sun for day in year("shanghai", 1) if not day[12].raining]
    assert fmean(wet) < 0.6 * fmean(dry)


def test_the_weather_has_no_steps() -> None:
    at = datetime(2026, 7, 10, tzinfo=UTC)
    minutes = [weather(CLIMATES["shanghai"], 1, at + timedelta(minutes=n)).temperature for n in range(3 * 1440)]
    assert max(abs(now - then) for then, now in pairwise(minutes)) < 3.2
    assert sorted(abs(now - then) for then, now in pairwise(minutes))[-10] < 0.1


def test_it_is_a_function_of_seed_and_instant_alone() -> None:
    at = datetime(2026, 3, 3, 3, tzinfo=UTC)
    first = weather(CLIMATES["beijing"], 5, at)
    weather(CLIMATES["beijing"], 5, at + timedelta(days=100))
    assert weather(CLIMATES["beijing"], 5, at) == first != weather(CLIMATES["beijing"], 6, at)


def test_humidity_is_that_of_the_dew_point() -> None:
    assert relative_humidity(25.0, 25.0) == pytest.approx(100.0)
    assert relative_humidity(25.0, 15.0) == pytest.approx(53.8, abs=0.5), "steam tables"
