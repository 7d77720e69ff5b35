"""The public holidays of China: when a store has other customers than usual.

2025 and 2026 as the State Council announced them; for 2027, not announced when this was written, the festivals' own
dates with the days off that are usual. `customers` is the share of an ordinary day's that come to a store beside
offices (assumed: at New Year the cities empty).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """`first` to `last`, both included. `shuts_early`: a store that shuts at night opens late and shuts early."""

    name: str
    first: date
    last: date
    customers: float
    shuts_early: bool = False


def _days(name: str, first: tuple[int, int, int], days: int, customers: float, *, shuts_early: bool = False) -> Holiday:
    begin = date(*first)
    last = begin + timedelta(days=days - 1)
    return Holiday(name=name, first=begin, last=last, customers=customers, shuts_early=shuts_early)


HOLIDAYS = (
    _days("new_year", (2025, 1, 1), 1, 0.8),
    _days("spring_festival", (2025, 1, 28), 8, 0.4, shuts_early=True),
    _days("qingming", (2025, 4, 4), 3, 0.8),
    _days("labour_day", (2025, 5, 1), 5, 0.75),
    _days("dragon_boat", (2025, 5, 31), 3, 0.85),
    _days("national_day", (2025, 10, 1), 8, 0.7),
    _days("new_year", (2026, 1, 1), 3, 0.8),
    _days("spring_festival", (2026, 2, 15), 9, 0.4, shuts_early=True),
    _days("qingming", (2026, 4, 4), 3, 0.8),
    _days("labour_day", (2026, 5, 1), 5, 0.75),
    _days("dragon_boat", (2026, 6, 19), 3, 0.85),
    _days("mid_autumn", (2026, 9, 25), 3, 0.85),
    _days("national_day", (2026, 10, 1), 7, 0.7),
    _days("new_year", (2027, 1, 1), 3, 0.8),
    _days("spring_festival", (2027, 2, 5), 8, 0.4, shuts_early=True),
    _days("qingming", (2027, 4, 3), 3, 0.8),
    _days("labour_day", (2027, 5, 1), 5, 0.75),
    _days("dragon_boat", (2027, 6, 9), 3, 0.85),
    _days("mid_autumn", (2027, 9, 15), 3, 0.85),
    _days("national_day", (2027, 10, 1), 7, 0.7),
)


@lru_cache(maxsize=2048)
def holiday(day: date) -> Holiday | None:
    return next((one for one in HOLIDAYS if one.first <= day <= one.last), None)
