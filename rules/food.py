"""How warm the food is, how long it has before it is too warm, and how long it was: from the air, or as measured.

The food follows the air with a lag; between two reports the air is taken to change evenly. All pure: the instants are
arguments, and what is known of a device is a small memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, log

from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from rules.kinetic import speed, temperature

KINETIC_HOURS = 24
BRIDGED = timedelta(hours=4)
"""A longer time without a report of the air starts the estimate anew."""
SETTLING = timedelta(minutes=10)
"""The air that the food is heading for is that of about the last ten minutes: a door's draught is no fate."""
KNOWN_AFTER = timedelta(hours=1)
FROZEN_BELOW = -10.0
"""A set point below this is one for frozen food."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductClass:
    """`limit` is the highest temperature of the warmest pack in °C, `coldest` the lowest of the coldest.

    After `discard_after` above its limit in one go the food is not for sale any more.
    """

    id: str
    text: Text
    limit: float
    coldest: float | None = None
    discard_after: timedelta = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What a device keeps, and the lag with which it follows the air."""

    product: ProductClass
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyFood:
    """What devices of a duty keep where nobody has said it; `frozen` is the class of those with a low set point."""

    product_class: str
    lag: timedelta
    frozen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoodTable:
    classes: Mapping[str, ProductClass]
    duties: Mapping[str, DutyFood]

    def keeping(self, device: Device, set_point: float | None = None) -> Keeping | None:
        """None for a device that keeps no food. A class that the table does not know counts as none said."""
        duty = self.duties.get(device.duty)
        if duty is None:
            return None
        usual = (
            duty.frozen if duty.frozen and set_point is not None and set_point < FROZEN_BELOW else duty.product_class
        )
        product = self.classes.get(device.product_class) or self.classes[usual]
        return Keeping(product=product, lag=duty.lag)


NO_FOOD = FoodTable(classes={}, duties={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Food:
    """How it stands with the food of a device. Temperatures in °C; `measured` or else estimated from the air.

    `minutes_to_limit` is how long it has if the air stays as it is: 0 is too warm already, None is never. `discard`: it
    was above its limit for so long that it is not for sale any more. `mean_kinetic` is of the last 24 hours.
    """

    product_class: str
    name: Text
    temperature: float
    measured: bool
    limit: float
    minutes_to_limit: float | None
    minutes_above: float
    discard: bool = False
    mean_kinetic: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoodMemory:
    """`core` is the food's temperature, `air` the newest of the air, `settled` the air of about the last ten minutes.

    It began with the food as warm as the air, so nothing is told until `KNOWN_AFTER`, unless it is measured.
    `above_since` is when the core passed the limit last, and `above` for how long it has been above it since.
    `kinetic` has the hour, the seconds and the sum of rates of each of the last 24 hours.
    """

    at: datetime
    begun_at: datetime
    core: float
    air: float
    settled: float
    measured: bool = False
    above_since: datetime | None = None
    above: timedelta = timedelta()
    kinetic: tuple[tuple[int, float, float], ...] = ()

    @property
    def known(self) -> bool:
        return self.measured or self.at - self.begun_at >= KNOWN_AFTER


def follow(
    memory: FoodMemory | None, keeping: Keeping, air: float | None, core: float | None, at: datetime
) -> FoodMemory | None:
    """The memory at `at`; `core` is the food's temperature where something measures it, else it follows `air`.

    Unknown air changes nothing. Raises nothing; what is not newer than the memory changes nothing.
    """
    air = core if air is None else air
    if air is None or (memory is not None and at <= memory.at):
        return memory
    if memory is None or at - memory.at > BRIDGED:
        warm = air if core is None else core
        begun = FoodMemory(at=at, begun_at=at, core=warm, air=air, settled=air, measured=core is not None)
        return _limited(begun, begun, keeping.product.limit)
    seconds = (at - memory.at).total_seconds()
    estimated = _ramp(memory.core, memory.air, air, seconds, keeping.lag.total_seconds())
    later = FoodMemory(
        at=at,
        begun_at=memory.begun_at,
        core=estimated if core is None else core,
        air=air,
        settled=_ramp(memory.settled, memory.air, air, seconds, SETTLING.total_seconds()),
        measured=core is not None,
        above_since=memory.above_since,
        above=memory.above,
        kinetic=_with_rate(memory.kinetic, at, (memory.core + (estimated if core is None else core)) / 2, seconds),
    )
    return _limited(memory, later, keeping.product.limit)


def food_of(memory: FoodMemory | None, keeping: Keeping | None) -> Food | None:
    """What is told of the food; None where nothing is known of it."""
    if memory is None or keeping is None or not memory.known:
        return None
    product = keeping.product
    left = minutes_to_limit(memory.core, memory.settled, product.limit, keeping.lag)
    return Food(
        product_class=product.id,
        name=product.text,
        temperature=round(memory.core, 2),
        measured=memory.measured,
        limit=product.limit,
        minutes_to_limit=None if left is None else round(left, 1),
        minutes_above=round(memory.above.total_seconds() / 60, 1) if memory.above_since is not None else 0.0,
        discard=memory.above_since is not None and memory.above >= product.discard_after,
        mean_kinetic=_mean_kinetic(memory.kinetic),
    )


def minutes_to_limit(core: float, air: float, limit: float, lag: timedelta) -> float | None:
    """How long the food has while the air stays as it is: 0 where it is too warm, None where it will never be."""
    if core >= limit:
        return 0.0
    if air <= limit:
        return None
    return lag.total_seconds() / 60 * log((air - core) / (air - limit))


def _ramp(value: float, air: float, later: float, seconds: float, lag: float) -> float:
    """First-order lag of an air that goes evenly from `air` to `later`; exact, whatever the step."""
    slope = (later - air) / seconds
    return later - slope * lag + (value - air + slope * lag) * exp(-seconds / lag)


def _limited(before: FoodMemory, later: FoodMemory, limit: float) -> FoodMemory:
    """With the time above the limit; it counts from the step in which the food passed it."""
    if later.core <= limit:
        was_above = later.above_since is not None or later.above
        return replace(later, above_since=None, above=timedelta()) if was_above else later
    since = later.above_since or before.at
    return replace(later, above_since=since, above=later.at - since)


def _with_rate(
    kinetic: tuple[tuple[int, float, float], ...], at: datetime, core: float, seconds: float
) -> tuple[tuple[int, float, float], ...]:
    hour = int(at.timestamp() // 3600)
    rate = speed(core) * seconds
    if kinetic and kinetic[-1][0] == hour:
        _, lasted, total = kinetic[-1]
        return (*kinetic[:-1], (hour, lasted + seconds, total + rate))
    return (*(each for each in kinetic if each[0] > hour - KINETIC_HOURS), (hour, seconds, rate))


def _mean_kinetic(kinetic: tuple[tuple[int, float, float], ...]) -> float | None:
    lasted = sum(seconds for _, seconds, _ in kinetic)
    mean = temperature(sum(total for _, _, total in kinetic) / lasted) if lasted else None
    return None if mean is None else round(mean, 2)
