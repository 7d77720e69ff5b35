"""An air conditioner of the sales area: indoor unit, outdoor unit and the interface that tells of them.

The inverter follows the distance from the set point. Its condenser stands over the outdoor air by what it has to
reject; a hotter condenser costs capacity (1.1 %/K) and power (1.8 %/K), as the tables of makers show within a few
tenths, and at 68 °C the high-pressure switch opens. Low on charge it keeps a quarter of its capacity and says nothing:
a real one often runs on for weeks before it trips. A clogged filter takes air from the coil: colder supply air, less
cooling. `ac_and_heating_at_once` is an electric heater in the duct whose contactor hangs.

Where there are several, each draws the air of its own part of the store, which it cools below the rest: so the units
of a store share the load. Parts mix by some 2 m³/s of air over an open boundary of 24 m² (0.05 to 0.1 m/s, assumed).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_STEP = 60.0  # s
_RATED_AT = 45.0  # °C of the condenser
_RISE = 14.0  # K of the condenser over the outdoor air, flat out
_CUTS_OUT_AT = 68.0  # °C
_STAYS_OUT = 600.0  # s
_RESTARTS_AFTER = 180.0  # s without mains, then this long without compressor
_SPRAYS_ABOVE, _SPRAY_COOLS = 48.0, 5.0
_AIR = 1005.0  # J/kgK
_MIXES = 3750.0  # W/K between a part of the store and the mean of all three
_PART = 0.5e6  # J/K of the air in it
_HEATER = 3000.0  # W
_COOLED_TO, _HEATED_TO = 25.0, 20.0
_KEPT_AT_NIGHT = 14.0
_TURNED_BY = 1.5  # K
_HIGH_PRESSURE = 4.0  # error code; each maker has its own, this one's is assumed

_NO_FAULTS: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`capacity` and `fan` in W, `airflow` in kg/s, `least` the share of its capacity below which it cycles; `part`:
    the store has more than one of them."""

    capacity: float
    cop: float
    fan: float
    airflow: float
    least: float
    three_phase: bool
    part: bool = True


KINDS = {
    "": Kind(capacity=28e3, cop=3.2, fan=330.0, airflow=1.9, least=0.2, three_phase=False, part=False),
    "split": Kind(capacity=10e3, cop=3.2, fan=120.0, airflow=0.7, least=0.25, three_phase=False),
    "vrf": Kind(capacity=14e3, cop=3.6, fan=200.0, airflow=1.0, least=0.1, three_phase=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AirConditioner:
    """Temperatures in °C, `zone`, `chilled` (what it has cooled its own part of the store below the rest) and `turned`
    in K; `taken` in W of heat taken out of the room (below 0: put into it), `power` in W from the mains, `waits` in s
    until the compressor may run again, `hours` of operation."""

    room: float
    kind: Kind = KINDS[""]
    zone: float = 0.0
    chilled: float = 0.0
    set_point: float = _COOLED_TO
    turned: float = 0.0
    on: bool = True
    runs: bool = True
    mode: str = "cool"
    fan: str = "auto"
    outdoor: float = 31.0
    condenser: float = 31.0
    supply: float = 25.0
    share: float = 0.0
    taken: float = 0.0
    power: float = 0.0
    waits: float = 0.0
    tripped: bool = False
    spray: bool = False
    hours: float = 4211.0


def start(kind: str = "", zone: float = 0.0) -> AirConditioner:
    """`zone` in K is how much warmer than the mean of the store the air is that it draws. KeyError: no such kind."""
    return AirConditioner(room=25.5, kind=KINDS[kind], zone=zone)


def step(
    unit: AirConditioner, seconds: float, around: Surroundings, faults: Mapping[str, float] = _NO_FAULTS
) -> AirConditioner:
    while seconds > 0:
        part = min(seconds, _STEP)
        unit = _step(unit, part, around, faults)
        seconds -= part
    return unit


def power(unit: AirConditioner) -> float:
    """W taken from the mains."""
    return unit.power


def said(unit: AirConditioner) -> dict[str, Value]:
    """Room and set point go in whole degrees or tenths, as the profile's scale says."""
    compressor = unit.share > 0
    return {
        "power": unit.on,
        "mode": unit.mode,
        "fan": unit.fan,
        "sp": unit.set_point + unit.turned,
        "temp.room": unit.room,
        "temp.outdoor": unit.outdoor,
        "temp.supply": unit.supply,
        "temp.outdoor_unit": unit.condenser,
        "p.total": unit.power,
        "out.compressor": compressor,
        "out.spray": unit.spray,
        "in.window": False,
        "link_ok": True,
        "thermostat_on": compressor,
        "filter_dirty": False,  # such interfaces count hours, they do not see dirt
        "op_hours": unit.hours,
        "alarm.any": unit.tripped,
        "error_code": _HIGH_PRESSURE if unit.tripped else 0.0,
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


def _step(unit: AirConditioner, seconds: float, around: Surroundings, faults: Mapping[str, float]) -> AirConditioner:
    mode, set_point = _season(unit, around)
    turned = _turned(mode, set_point, around, faults)
    runs = unit.on and around.supply_ok and (mode == "heat" or not around.night)
    chilled = _chilled(unit, seconds)
    drawn = around.room + unit.zone - chilled
    error = (drawn - set_point - turned) * (-1 if mode == "heat" else 1)
    waits = _RESTARTS_AFTER if not around.supply_ok else max(0.0, unit.waits - seconds)
    called = runs and mode in {"cool", "heat", "auto"} and (error > -0.7 if unit.share > 0 else error > 0.3)
    share = min(1.0, max(unit.kind.least, (error + 0.5) / 1.5)) if called and waits <= 0 else 0.0
    condenser, spray = _condenser(unit, seconds, around, share, mode, faults)
    tripped = condenser > _CUTS_OUT_AT or (unit.tripped and waits > 0)
    if condenser > _CUTS_OUT_AT:
        share, waits = 0.0, _STAYS_OUT
    moved, watts = _work(unit.kind, share, mode, condenser, faults)
    taken = moved * _sensible(around.humidity) if moved > 0 else moved
    heater = _HEATER * faults.get("ac_and_heating_at_once", 0.0) if runs else 0.0
    air = unit.kind.airflow * (1.0 - 0.6 * faults.get("ac_filter_clogged", 0.0)) * _AIR
    return AirConditioner(
        room=drawn + around.jitter(0.2),
        kind=unit.kind,
        zone=unit.zone,
        chilled=chilled,
        set_point=set_point,
        turned=turned,
        on=unit.on,
        runs=runs,
        mode=mode,
        fan=unit.fan,
        outdoor=around.outdoor,
        condenser=condenser,
        supply=drawn - (taken - heater) / air if runs else drawn,
        share=share,
        taken=taken - heater,
        power=watts + heater + (unit.kind.fan if runs else 0.0),
        waits=waits,
        tripped=tripped,
        spray=spray,
        hours=unit.hours + (seconds / 3600.0 if runs else 0.0),
    )


def _chilled(unit: AirConditioner, seconds: float) -> float:
    if not unit.kind.part:
        return 0.0
    settles_at = unit.taken / _MIXES
    return settles_at + (unit.chilled - settles_at) * math.exp(-seconds * _MIXES / _PART)


def _season(unit: AirConditioner, around: Surroundings) -> tuple[str, float]:
    """Staff change it over when the room tells them to: one that cools a cold room heats, and the other way round."""
    if unit.mode == "cool" and around.room < _HEATED_TO - 1.5:
        return "heat", _HEATED_TO
    if unit.mode == "heat" and around.room > _COOLED_TO - 0.5:
        return "cool", _COOLED_TO
    return unit.mode, unit.set_point


def _turned(mode: str, set_point: float, around: Surroundings, faults: Mapping[str, float]) -> float:
    """K by which staff, or the timer of a store that is shut, have moved the set point."""
    if mode == "heat" and around.night:
        return _KEPT_AT_NIGHT - set_point
    if "set_point_turned" not in faults:
        return 0.0
    return _TURNED_BY if mode == "heat" else -_TURNED_BY


def _condenser(
    unit: AirConditioner, seconds: float, around: Surroundings, share: float, mode: str, faults: Mapping[str, float]
) -> tuple[float, bool]:
    """Temperature of the outdoor coil, and whether it is sprayed. Heating, it is colder than the air."""
    hot = faults.get("ac_outdoor_unit_hot", 0.0)
    low = faults.get("ac_low_on_charge", 0.0)
    spray = mode != "heat" and unit.condenser > _SPRAYS_ABOVE - (2.0 if unit.spray else 0.0) and around.supply_ok
    if mode == "heat":
        settles_at = around.outdoor - 6.0 * share
    else:
        rise = _RISE * share * (1.0 - 0.5 * low) * (1.0 + 1.6 * hot) + (6.0 * hot if share > 0 else 0.0)
        settles_at = around.outdoor + rise - (_SPRAY_COOLS if spray and share > 0 else 0.0)
    return settles_at + (unit.condenser - settles_at) * math.exp(-seconds / 180.0), spray


def _work(kind: Kind, share: float, mode: str, condenser: float, faults: Mapping[str, float]) -> tuple[float, float]:
    """Heat taken out of the room, with that of its vapour, and power of the compressor, both in W."""
    low, clogged = faults.get("ac_low_on_charge", 0.0), faults.get("ac_filter_clogged", 0.0)
    over = condenser - _RATED_AT
    if mode == "heat":
        able, costs = min(1.0, max(0.5, 1.0 + 0.015 * (condenser - 1.0))), 1.0
    else:
        able, costs = min(1.1, max(0.5, 1.0 - 0.011 * over)), max(0.5, 1.0 + 0.018 * over)
    moved = share * kind.capacity * able * (1.0 - 0.75 * low) * (1.0 - 0.4 * clogged)
    watts = share * kind.capacity / kind.cop * costs * (1.0 - 0.35 * low)
    return (-moved if mode == "heat" else moved), watts


def _sensible(humidity: float) -> float:
    """The share of the work that cools the air; the rest dries it, 0.35 of it in a store of 55 %RH."""
    return min(0.95, max(0.6, 0.95 - 0.02 * (humidity - 40.0)))
