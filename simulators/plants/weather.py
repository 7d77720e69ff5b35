"""The weather of a Chinese city for any instant, from the climate's normals and a seed.

Temperature: the normals of the month, a day's course, air masses that last some days, heat waves in summer. Rain comes
by the month's number of wet days. Typhoon days (July to September) are dark, wet and cool. Daylight follows the sun's
height; clouds take from it after Kasten and Czeplak (Solar Energy 24, 1980): 1 - 0.75 N^3.4.

Normals: Shanghai travelguide-en.org, Guangzhou whatstheweatherlike.org, Beijing topbeijingtravel.com (wet days, means)
and discoverchinatours.com (highs), all read in November 2026; `tests/unit/simulators/test_weather.py` holds the weather
against them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from edge_agent.contract.clock import EPOCH
from simulators.plants.chance import draw, salt_of, wave

_DAY = timedelta(days=1)
_YEAR = 365.2425
_CLEAR_NOON = 110_000.0  # lx, sun in the zenith
_SUNSET = 400.0  # lx, a clear sky with the sun on the horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Means of each month in °C, days with rain, degrees north and east, typhoons that reach it a year."""

    highs: tuple[float, ...]
    lows: tuple[float, ...]
    wet_days: tuple[float, ...]
    latitude: float
    longitude: float
    typhoons: float


class Outside(NamedTuple):
    """°C, %RH, °C, lx on a level, and whether it rains or a storm darkens the day."""

    temperature: float
    humidity: float
    dew_point: float
    sun: float
    raining: bool
    storm: bool


CLIMATES = {
    "shanghai": Climate(
        highs=(8.1, 10.1, 13.8, 19.5, 24.8, 27.8, 32.2, 31.5, 27.9, 22.9, 17.3, 11.1),
        lows=(2.1, 3.7, 6.9, 11.9, 17.3, 21.7, 25.8, 25.8, 22.4, 16.8, 10.6, 4.7),
        wet_days=(9.9, 9.2, 12.4, 11.2, 10.4, 12.7, 11.4, 12.3, 9.1, 6.9, 7.6, 7.7),
        latitude=31.2,
        longitude=121.5,
        typhoons=2.0,
    ),
    "guangzhou": Climate(
        highs=(18, 18, 22, 26, 30, 31, 33, 33, 31, 29, 24, 20),
        lows=(10, 11, 15, 19, 23, 24, 25, 25, 24, 21, 16, 11),
        wet_days=(9, 12, 15, 16, 19, 19, 16, 17, 13, 8, 7, 7),
        latitude=23.1,
        longitude=113.3,
        typhoons=3.0,
    ),
    "beijing": Climate(
        highs=(1.4, 4.2, 11.2, 20.2, 26.5, 30.7, 31.3, 29.9, 26.0, 19.6, 10.1, 3.1),
        lows=(-8.8, -5.6, 0.4, 8.2, 13.3, 18.1, 21.1, 19.7, 14.0, 6.6, -0.9, -6.1),
        wet_days=(2.0, 3.1, 4.1, 4.6, 5.9, 9.7, 14.1, 13.2, 6.8, 5.0, 3.7, 1.6),
        latitude=39.9,
        longitude=116.4,
        typhoons=0.1,
    ),
}


def weather(climate: Climate, seed: int, at: datetime) -> Outside:
    """`at` has a timezone. The same seed has the same weather, whatever was asked before."""
    days = (at - EPOCH) / _DAY
    solar_hour = (days * 24 + climate.longitude / 15.0) % 24
    high, low, wet = _normals(climate, days)
    storm = is_storm(climate, seed, days)
    heat = _heat_wave(seed, days, high)
    wetness = wave(salt_of(seed, "rain"), days * 1.2)
    cloud = 1.0 if storm else min(1.0, max(0.0, 1.3 * wetness + 0.4 * wet - 0.4 * heat))
    raining = storm or (wetness > 1.02 - 0.72 * wet and wave(salt_of(seed, "shower"), days * 14) > 0.3 + 0.3 * heat)
    mass = 9.0 * (wave(salt_of(seed, "mass"), days / 3.5) - 0.5) + 5.0 * (wave(salt_of(seed, "spell"), days / 16) - 0.5)
    mean = (high + low) / 2 + mass * _season_width(high) + 2.5 * heat - (3.0 if storm else 0.0)
    swing = (high - low) / 2 * (1.4 - 0.8 * cloud + 0.4 * heat)
    temperature = mean + swing * math.cos(2 * math.pi * (solar_hour - 14.8) / 24.0)
    dew = min(low + 0.6 * mass + 5.0 * (wetness - 0.6), temperature - 0.3)
    return Outside(
        temperature=temperature,
        humidity=relative_humidity(temperature, dew),
        dew_point=dew,
        sun=_daylight(climate, days, solar_hour) * (1.0 - 0.75 * cloud**3.4) * (0.12 if storm else 1.0),
        raining=raining,
        storm=storm,
    )


def is_storm(climate: Climate, seed: int, days: float) -> bool:
    """Whether this is one of the two days of a typhoon; `days` count from 1970."""
    month = int((days % _YEAR) / _YEAR * 12)
    window, day = divmod(math.floor(days), 10)
    salt = salt_of(seed, "typhoon")
    return month in {6, 7, 8} and day in {3, 4} and draw(salt, window) < climate.typhoons / 9.0


def relative_humidity(temperature: float, dew_point: float) -> float:
    """%RH (Magnus, constants of Sonntag 1990)."""
    pressure = [17.62 * t / (243.12 + t) for t in (dew_point, temperature)]
    return 100.0 * math.exp(pressure[0] - pressure[1])


def _normals(climate: Climate, days: float) -> tuple[float, float, float]:
    """High, low and the share of wet days, between the middles of two months."""
    month = (days % _YEAR) / _YEAR * 12 - 0.5
    before = math.floor(month)
    share, here, there = month - before, before % 12, (before + 1) % 12
    tables = (climate.highs, climate.lows, climate.wet_days)
    high, low, wet = (table[here] + (table[there] - table[here]) * share for table in tables)
    return high, low, wet / 30.4


def _season_width(high: float) -> float:
    """Air masses differ in winter more than in summer."""
    return 0.7 if high > 27 else 1.0


def _heat_wave(seed: int, days: float, high: float) -> float:
    """0..1; some weeks of a summer."""
    if high < 28.5:
        return 0.0
    return max(0.0, wave(salt_of(seed, "heat"), days / 7.0) - 0.5) / 0.5


def _daylight(climate: Climate, days: float, solar_hour: float) -> float:
    """lx under a clear sky."""
    tilt = math.radians(23.44) * math.sin(2 * math.pi * ((days % _YEAR) - 80.0) / _YEAR)
    turn = math.pi * (solar_hour - 12.0) / 12.0
    here = math.radians(climate.latitude)
    height = math.sin(here) * math.sin(tilt) + math.cos(here) * math.cos(tilt) * math.cos(turn)
    if height > 0:
        return float(_SUNSET + _CLEAR_NOON * height**1.15)
    return float(_SUNSET * 10 ** (math.degrees(math.asin(height)) / 2.9))
