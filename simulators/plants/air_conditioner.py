"""The sales area and the air conditioner that cools it, as an Intesis interface tells of it.

One mass of room: about 100 m² with its shelves takes 2.5 MJ/K and loses 250 W/K to the street; lights, people and
refrigeration bring heat. The unit is an inverter of 12 kW; the distance from its set point throttles it.
Low on charge it keeps a quarter of its capacity and says nothing: a real one often runs on for weeks before it trips.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

FAULTS = frozenset({"ac_low_on_charge"})

_ROOM = 2.5e6  # J/K
_TO_STREET = 250.0  # W/K
_GAIN = 3500.0  # W of lights and machines
_GAIN_PER_CUSTOMER = 12.0  # W per customer and hour: 120 W for six minutes each
_CAPACITY = 12e3  # W
_LEFT_WHEN_LOW = 0.25
_FULL_AT = 1.0  # K above the set point at which the inverter runs flat out
_COP = 3.2
_FAN_POWER = 150.0  # W
_STEP = 60.0  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class AirConditioner:
    """Temperatures in °C, `cooling` in W of heat taken out, `hours` of operation."""

    room: float
    set_point: float = 25.0
    on: bool = True
    mode: str = "cool"
    fan: str = "auto"
    outdoor: float = 31.0
    cooling: float = 0.0
    asked: float = 0.0
    hours: float = 4211.0


def start() -> AirConditioner:
    return AirConditioner(room=25.5)


def step(
    unit: AirConditioner, seconds: float, around: Surroundings, faults: AbstractSet[str] = frozenset()
) -> AirConditioner:
    while seconds > 0:
        part = min(seconds, _STEP)
        unit = _step(unit, part, around, faults)
        seconds -= part
    return unit


def power(unit: AirConditioner) -> float:
    """W taken from the mains: a unit that lacks gas works as hard as it is asked to."""
    return unit.asked / _COP + _FAN_POWER if unit.on else 0.0


def said(unit: AirConditioner) -> dict[str, Value]:
    """Room and set point go in whole degrees or tenths, as the profile's scale says."""
    return {
        "power": unit.on,
        "mode": unit.mode,
        "fan": unit.fan,
        "sp": unit.set_point,
        "temp.room": unit.room,
        "temp.outdoor": unit.outdoor,
        "in.window": False,
        "link_ok": True,
        "thermostat_on": unit.cooling > 0,
        "op_hours": unit.hours,
        "alarm.any": False,
        "error_code": 0.0,
        "info.device_id": float(0x0500),
    }


def accept(unit: AirConditioner, point: str, value: Value) -> AirConditioner:
    """Carry out what was written to the interface; a point that cannot be set changes nothing."""
    match point, value:
        case "power", bool():
            return replace(unit, on=value)
        case "sp", float():
            return replace(unit, set_point=value)
        case "mode", str():
            return replace(unit, mode=value)
        case "fan", str():
            return replace(unit, fan=value)
    return unit


def _step(unit: AirConditioner, seconds: float, around: Surroundings, faults: AbstractSet[str]) -> AirConditioner:
    cools = unit.on and unit.mode in {"cool", "auto"}
    share = min(1.0, max(0.0, (unit.room - unit.set_point) / _FULL_AT)) if cools else 0.0
    asked = share * _CAPACITY
    cooling = asked * (_LEFT_WHEN_LOW if "ac_low_on_charge" in faults else 1.0)
    gain = _GAIN + _GAIN_PER_CUSTOMER * around.customers_per_hour + _TO_STREET * (around.outdoor - unit.room)
    return replace(
        unit,
        room=unit.room + (gain - cooling) / _ROOM * seconds,
        outdoor=around.outdoor,
        cooling=cooling,
        asked=asked,
        hours=unit.hours + (seconds / 3600.0 if unit.on else 0.0),
    )
