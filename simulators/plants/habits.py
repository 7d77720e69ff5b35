"""What people do to a machine on an ordinary day: they stock it, clean it, switch its fans off, turn its set point.

All of it looks like a fault to who does not know better, and none of it is one. Goods come twice a day to the chilled
cases, thrice a week to the cold room and twice to the freezers, as the chains deliver (two to five deliveries a day,
Japan; amounts assumed from about 880 customers). A pure function of the seed, the machine and the day.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from simulators.plants.chance import draw, salt_of
from simulators.plants.holidays import holiday

Ids = tuple[str, ...]


class Doings(NamedTuple):
    """`stocking` in kg a minute; `disturbances` are ids of simulators/disturbances_library."""

    stocking: float = 0.0
    cleaning: bool = False
    disturbances: Ids = ()


class _Stretch(NamedTuple):
    """Hours of the day."""

    begin: float
    end: float
    doings: Doings


class _Supply(NamedTuple):
    """`hour` at about which `goods` kg come, on those weekdays (Monday is 0), and how many minutes stowing takes."""

    hour: float
    weekdays: frozenset[int]
    goods: float
    minutes: float


NOTHING = Doings()

_EVERY_DAY = frozenset(range(7))
_CHILLED = (_Supply(6.3, _EVERY_DAY, 18.0, 12.0), _Supply(15.0, _EVERY_DAY, 12.0, 9.0))
_SUPPLIES: dict[str, tuple[_Supply, ...]] = {
    "open_chiller": _CHILLED,
    "chiller": (_Supply(15.5, frozenset({0, 2, 4}), 20.0, 12.0),),
    "cold_room": (_Supply(10.0, frozenset({0, 2, 4}), 90.0, 25.0),),
    "freezer": (_Supply(9.5, frozenset({1, 4}), 15.0, 10.0),),
    "island_freezer": (_Supply(9.8, frozenset({1, 4}), 18.0, 10.0),),
}
_DELIVERY = _Supply(6.2, _EVERY_DAY, 1.0, 25.0)  # the back door of the store stands open
_FANS_OFF = 0.06  # of the times that a case with a fan is stocked
_CLEANED_EVERY = 28  # days
_TURNED_EVERY, _RESTARTED_EVERY, _SERVICED_EVERY = 75, 90, 150  # days between, on average
_WITH_OPEN_FANS = frozenset({"open_chiller", "cold_room"})


def doings(seed: int | None, device: str, device_class: str, duty: str, local: datetime) -> Doings:
    """What is being done to that machine at that hour of the store's day."""
    if seed is None or device_class not in {"refrigeration_case", "ac_unit", "dry_contact"}:
        return NOTHING
    stretches = _day(seed, device, device_class, duty, local.toordinal(), local.weekday())
    if not stretches:
        return NOTHING
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    now = [one.doings for one in stretches if one.begin <= hour < one.end]
    return _together(now) if now else NOTHING


def _together(now: list[Doings]) -> Doings:
    if len(now) == 1:
        return now[0]
    return Doings(
        stocking=sum(one.stocking for one in now),
        cleaning=any(one.cleaning for one in now),
        disturbances=tuple(dict.fromkeys(name for one in now for name in one.disturbances)),
    )


@lru_cache(maxsize=8192)
def _day(seed: int, device: str, device_class: str, duty: str, day: int, weekday: int) -> tuple[_Stretch, ...]:
    salt = salt_of(seed, device, "habits")
    chances = [draw(salt, day * 16 + count) for count in range(16)]
    match device_class:
        case "refrigeration_case":
            return (*_stocked(duty, weekday, day, chances), *_touched(salt, day, chances))
        case "ac_unit":
            return _turned(chances, about=14.0) if chances[8] < 1 / 20 else ()
    return (_stretch(_DELIVERY, chances[0], Doings(stocking=1.0)),)


def _stocked(duty: str, weekday: int, day: int, chances: list[float]) -> tuple[_Stretch, ...]:
    stretches: list[_Stretch] = []
    rush = 1.6 if holiday(datetime.fromordinal(day + 1).date()) else 1.0
    for number, supply in enumerate(one for one in _SUPPLIES.get(duty, ()) if weekday in one.weekdays):
        amount = supply.goods * rush * (0.6 + 0.8 * chances[2 * number + 1])
        off = duty in _WITH_OPEN_FANS and chances[number + 5] < _FANS_OFF
        names: Ids = ("fans_off_by_staff",) if off else ()
        doing = Doings(stocking=amount / supply.minutes, disturbances=names)
        stretches.append(_stretch(supply, chances[2 * number], doing))
    return tuple(stretches)


def _touched(salt: int, day: int, chances: list[float]) -> tuple[_Stretch, ...]:
    """Cleaning by the calendar, and what happens once in some months."""
    stretches: tuple[_Stretch, ...] = ()
    if (day + salt) % _CLEANED_EVERY == 0:
        stretches += (_off(22.0 if chances[9] < 0.6 else 14.0, 0.4 + 0.35 * chances[10]),)
    if chances[11] < 1 / _TURNED_EVERY:
        stretches += _turned(chances, about=9.0)
    if chances[12] < 1 / _RESTARTED_EVERY:
        begin = 8.0 + 12.0 * chances[13]
        stretches += (_Stretch(begin, begin + 0.03, Doings(disturbances=("controller_restart",))),)
    if chances[14] < 1 / _SERVICED_EVERY:
        stretches += (_off(10.0 + 4.0 * chances[15], 0.5 + 0.4 * chances[10]),)
    return stretches


def _turned(chances: list[float], about: float) -> tuple[_Stretch, ...]:
    begin = about + 4.0 * chances[13]
    return (_Stretch(begin, begin + 1.5 + 3.0 * chances[15], Doings(disturbances=("set_point_turned",))),)


def _off(begin: float, hours: float) -> _Stretch:
    return _Stretch(begin, begin + hours, Doings(cleaning=True, disturbances=("cleaning_switched_off",)))


def _stretch(supply: _Supply, chance: float, doing: Doings) -> _Stretch:
    begin = supply.hour + 1.2 * (chance - 0.5)
    return _Stretch(begin, begin + supply.minutes / 60.0, doing)
