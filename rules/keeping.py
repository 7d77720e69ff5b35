"""The air that stands around the food of a device, from what its controller says; and the food that follows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from edge_agent.contract.readings import Device, Quality
from rules.food import FoodMemory, FoodTable, Keeping, follow
from rules.memory import LastReading
from rules.window import STALE_AFTER

Points = Mapping[str, LastReading]

STILL_AIR = 0.4
"""Of the heat that moved air gives to a pack: 3 W/m²K by free convection against 8 by fans."""
_AIR = ("temp.control", "temp.air_on", "temp.alarm_air", "temp.air_off")
"""The first that is good is taken: what the controller goes by, else what is warmer, else what there is."""
_CONTROL_LOST = ("alarm.probe_control", "alarm.probe_air_on", "alarm.probe1")
"""A controller that has lost this probe may go on saying what it said last."""


def keeping_of(table: FoodTable, device: Device, points: Points) -> Keeping | None:
    """By what the device is said to keep, or by its duty and its newest set point; slower where its fans stand."""
    if device.duty not in table.duties:
        return None
    last = points.get("sp.effective")
    set_point = last.value if last is not None else None
    keeping = table.keeping(device, set_point if isinstance(set_point, float | int) else None)
    fan = points.get("out.fan")
    if keeping is None or fan is None or fan.value is not False:
        return keeping
    return Keeping(product=keeping.product, lag=keeping.lag / STILL_AIR)


def food_after(memory: FoodMemory | None, keeping: Keeping | None, points: Points, at: datetime) -> FoodMemory | None:
    """The food after a telemetry of `at`, whose readings are in `points` already; as it was where it says nothing."""
    if keeping is None:
        return None
    air = _air(points, at)
    return memory if air is None else follow(memory, keeping, air, _number(points, "temp.product", at), at)


def _air(points: Points, at: datetime) -> float | None:
    """Reported just now: between two reports the air is not held, but taken to change evenly."""
    lost = any((last := points.get(name)) is not None and last.value is True for name in _CONTROL_LOST)
    for name in _AIR[2 if lost else 0 :]:
        value = _number(points, name, at)
        if value is not None:
            return value if points[name].at == at else None
    return None


def _number(points: Points, name: str, at: datetime) -> float | None:
    last = points.get(name)
    if last is None or last.quality is not Quality.GOOD or at - last.at > STALE_AFTER:
        return None
    return last.value if isinstance(last.value, float | int) and not isinstance(last.value, bool) else None
