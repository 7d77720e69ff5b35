"""What the controller of a condensing unit says of it."""

from __future__ import annotations

from edge_agent.contract.readings import Value
from simulators.plants.compressor import pressure
from simulators.plants.condensing_unit_state import CondensingUnit, liquid, power

_SUPERHEAT, _STARVED_SUPERHEAT, _SUBCOOLING = 8.0, 22.0, 5.0  # K
_BUBBLES_BELOW, _SUBCOOLED_ABOVE = 0.65, 0.85  # of the charge: no subcooling, all of it
_RECEIVER_EMPTY, _RECEIVER_USUAL = 0.7, 60.0  # of the charge; % of level when charged
_ADIABATIC, _FROM_SUPERHEAT, _FROM_LIFT = 18.0, 0.9, 0.42  # K, K/K: discharge gas over condensing
_HOT_DISCHARGE = 120.0  # °C


def said(unit: CondensingUnit) -> dict[str, Value]:
    """A fan that stands still is not said: its relay is on, and hardly any unit feels its fans turn."""
    superheat = _SUPERHEAT + _STARVED_SUPERHEAT * (1.0 - liquid(unit.charge))
    return _temperatures(unit, superheat) | _alarms(unit, _discharge(unit, superheat))


def _temperatures(unit: CondensingUnit, superheat: float) -> dict[str, Value]:
    subcooling = _SUBCOOLING * _share(unit.charge, _BUBBLES_BELOW, _SUBCOOLED_ABOVE)
    boils, condensing = unit.evaporating + unit.noise, unit.condensing - unit.noise
    return {
        "temp.ambient": unit.ambient + unit.noise,
        "temp.condensing": condensing,
        "temp.evaporating": boils,
        "temp.discharge_gas": _discharge(unit, superheat),
        "temp.suction_gas": boils + superheat,
        "temp.liquid": condensing - subcooling,
        "superheat": superheat + unit.noise,
        "subcooling": max(0.0, subcooling + unit.noise),
        "pressure.suction": pressure(boils) - 1.0,
        "pressure.discharge": pressure(condensing) - 1.0,
        "sp.suction": unit.plan.suction,
        "out.compressor": unit.called,
        "out.compressor2": False,
        "out.fan": unit.called,
        "out.fan2": unit.called,
        "out.capacity_pct": 100.0 * unit.speed,
        "level.liquid_pct": _RECEIVER_USUAL * _share(unit.charge, _RECEIVER_EMPTY, 1.0),
        "p.total": power(unit),
        "counter.compressor_starts": float(unit.starts),
        "counter.compressor_hours": unit.hours,
    }


def _alarms(unit: CondensingUnit, discharge: float) -> dict[str, Value]:
    flags: dict[str, Value] = {
        "alarm.pressure_high": unit.high,
        "alarm.pressure_low": unit.low,
        "alarm.discharge_hot": discharge > _HOT_DISCHARGE,
        "alarm.overload": unit.overload,
        "alarm.locked_out": unit.guard.locked,
        "alarm.oil": False,
        "alarm.fan": False,
        "alarm.refrigerant_leak": False,
    }
    return {**flags, "alarm.any": any(flags.values())}


def _discharge(unit: CondensingUnit, superheat: float) -> float:
    """°C of the gas behind the compressor; it cools towards the condenser while that stands."""
    if unit.speed <= 0.0:
        return unit.condensing
    lift = unit.condensing - unit.evaporating
    return unit.condensing + _ADIABATIC + _FROM_SUPERHEAT * (superheat - _SUPERHEAT) + _FROM_LIFT * (lift - 40.0)


def _share(of: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (of - low) / (high - low)))
