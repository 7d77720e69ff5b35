"""What a number of a device is as a rule: learned by hour of the week, robustly, with the weather taken into account.

Each hour of the day has a level, its spread and the usual outdoor temperature; each hour of the week how far it differs
from its hour of the day, believed the more the oftener it was seen. One slope says what a degree outdoors does. All of
it moves by a share of what is new, and what is new counts no more than a few spreads: a median that is never sorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from struct import Struct

LEARN_H = 14 * 24
"""Nothing is told before that many hours have passed since the first."""
TAUGHT_SHARE, TAUGHT_DAYS = 0.6, 7
"""... and that share of them was taught, and this hour of the day that often."""
_SLOWEST, _SLOWEST_WEEKLY = 1 / 30, 1 / 8
_CLIP = 4.0
_DOUBT = 4.0
"""So many weeks of an hour of the week count as much as what is known of its hour of the day."""
_FORGET = math.exp(-1 / (45 * 24))
_RIDGE = 500.0
"""K²: so many squares of degrees off the usual are needed before the slope by weather is believed by half."""
_HEAD, _DAY, _WEEK = Struct("<qidd"), Struct("<fffBB"), Struct("<fB")
_WEEK_AT = _HEAD.size + 24 * _DAY.size
SIZE = _WEEK_AT + 168 * _WEEK.size
_FULL = 255


@dataclass(frozen=True, slots=True)
class Hour:
    """`number` counts from the epoch, `of_week` 0 to 167 from Monday 0 h in the store; `outdoor` in °C, if known."""

    number: int
    of_week: int
    outdoor: float | None


@dataclass(slots=True)
class _Slot:
    """What is known for one hour: of the day, and how this day of the week differs."""

    level: float
    spread: float
    outdoor: float
    count: int
    outdoors: int
    offset: float
    weeks: int

    def said(self, slope: float, outdoor: float | None) -> float:
        weather = slope * (outdoor - self.outdoor) if outdoor is not None and self.outdoors else 0.0
        return self.level + self.offset * self.weeks / (self.weeks + _DOUBT) + weather


def teach(known: bytes, hour: Hour, mean: float) -> bytes:
    """With the mean of one hour; `known` is empty in the beginning."""
    first, taught, xx, xy = _HEAD.unpack_from(known) if known else (hour.number, 0, 0.0, 0.0)
    packed = bytearray(known or bytes(SIZE))
    slot = _slot(known, hour.of_week) if known else _Slot(0.0, 0.0, 0.0, 0, 0, 0.0, 0)
    slope = xy / (xx + _RIDGE)
    if not slot.count:
        slot.level = mean
    surprise = _clipped(mean - slot.said(slope, hour.outdoor), slot)
    if hour.outdoor is not None and slot.outdoors:
        off = hour.outdoor - slot.outdoor
        weather_free = mean - slot.said(0.0, None)
        xx, xy = xx * _FORGET + off * off, xy * _FORGET + off * _clipped(weather_free, slot, slope * off)
    _learn(slot, surprise, hour.outdoor)
    _HEAD.pack_into(packed, 0, first, min(taught + 1, 2**31 - 1), xx, xy)
    _put(packed, hour.of_week, slot)
    return bytes(packed)


def usual(known: bytes, hour: Hour) -> float | None:
    """None while it is not learned yet."""
    slot = _learned(known, hour)
    if slot is None:
        return None
    _, _, xx, xy = _HEAD.unpack_from(known)
    return slot.said(xy / (xx + _RIDGE), hour.outdoor)


def spread_of(known: bytes, hour: Hour) -> float | None:
    """The mean distance from the usual at this hour of the day, far ones cut off; None while not learned yet."""
    slot = _learned(known, hour)
    return None if slot is None else slot.spread


def joined(earlier: bytes, later: bytes) -> bytes:
    """The later, with those hours of the earlier that it was taught less of."""
    if not earlier or not later:
        return later or earlier
    packed = bytearray(later)
    for hour in range(168):
        one, other = _slot(earlier, hour), _slot(later, hour)
        if one.weeks > other.weeks:
            _WEEK.pack_into(packed, _WEEK_AT + hour * _WEEK.size, one.offset, one.weeks)
        if hour < 24 and one.count > other.count:
            at = _HEAD.size + hour * _DAY.size
            packed[at : at + _DAY.size] = earlier[at : at + _DAY.size]
    first, taught, *weather = _HEAD.unpack_from(later)
    began, before, *_ = _HEAD.unpack_from(earlier)
    _HEAD.pack_into(packed, 0, min(first, began), max(taught, before), *weather)
    return bytes(packed)


def _learned(known: bytes, hour: Hour) -> _Slot | None:
    if not known:
        return None
    first, taught, *_ = _HEAD.unpack_from(known)
    slot = _slot(known, hour.of_week)
    enough = taught >= TAUGHT_SHARE * LEARN_H and slot.count >= TAUGHT_DAYS
    return slot if enough and hour.number - first >= LEARN_H else None


def _learn(slot: _Slot, surprise: float, outdoor: float | None) -> None:
    pace = max(1 / (slot.count + 1), _SLOWEST)
    slot.level += pace * surprise
    slot.spread += pace * (abs(surprise) - slot.spread)
    slot.offset += max(1 / (slot.weeks + 1), _SLOWEST_WEEKLY) * (surprise - pace * surprise)
    slot.count, slot.weeks = min(slot.count + 1, _FULL), min(slot.weeks + 1, _FULL)
    if outdoor is not None:
        slot.outdoor += max(1 / (slot.outdoors + 1), _SLOWEST) * (outdoor - slot.outdoor)
        slot.outdoors = min(slot.outdoors + 1, _FULL)


def _clipped(surprise: float, slot: _Slot, about: float = 0.0) -> float:
    """Not further from `about` than a few spreads, once there is one."""
    if slot.count < TAUGHT_DAYS or not slot.spread:
        return surprise
    most = _CLIP * slot.spread
    return min(max(surprise, about - most), about + most)


def _slot(known: bytes, of_week: int) -> _Slot:
    level, spread, outdoor, count, outdoors = _DAY.unpack_from(known, _HEAD.size + of_week % 24 * _DAY.size)
    offset, weeks = _WEEK.unpack_from(known, _WEEK_AT + of_week * _WEEK.size)
    return _Slot(level, spread, outdoor, count, outdoors, offset, weeks)


def _put(packed: bytearray, of_week: int, slot: _Slot) -> None:
    day = (_fits(slot.level), _fits(slot.spread), _fits(slot.outdoor), slot.count, slot.outdoors)
    _DAY.pack_into(packed, _HEAD.size + of_week % 24 * _DAY.size, *day)
    _WEEK.pack_into(packed, _WEEK_AT + of_week * _WEEK.size, _fits(slot.offset), slot.weeks)


def _fits(number: float) -> float:
    """Single precision ends at 3.4e38."""
    return min(max(number, -3e38), 3e38)
