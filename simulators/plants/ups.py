"""A small UPS that holds gateway, router and contacts: 1 kVA with about forty minutes for a third of its load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_HOLDS = 217.0  # Wh
_RATED, _LOAD = 1000.0, 310.0  # W
_CHARGES_IN = 5.0  # h
_LOSES = 8.0  # W while it has mains
_LOW = 0.2
_NO_FAULTS: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ups:
    """`charge` 0..1; `mains` whether its own input has voltage; `volts` of that input."""

    charge: float = 1.0
    mains: bool = True
    volts: float = 224.0
    battery_temperature: float = 26.0

    @property
    def holds(self) -> bool:
        """Whether what hangs on it has power."""
        return self.mains or self.charge > 0.0


def step(ups: Ups, seconds: float, around: Surroundings, faults: Mapping[str, float] = _NO_FAULTS) -> Ups:
    mains = around.supply_ok and "ups_on_battery" not in faults
    hours = seconds / 3600.0
    charge = ups.charge + hours / _CHARGES_IN if mains else ups.charge - hours * _LOAD / _HOLDS
    return Ups(
        charge=min(1.0, max(0.0, charge)),
        mains=mains,
        volts=224.0 + around.jitter(4.0) if mains else 0.0,
        battery_temperature=around.room + 1.0 + (0.0 if mains else 4.0),
    )


def power(ups: Ups) -> float:
    """W taken from the mains."""
    if not ups.mains:
        return 0.0
    return _LOAD + _LOSES + (_HOLDS / _CHARGES_IN * 1.2 if ups.charge < 1.0 else 0.0)


def said(ups: Ups) -> dict[str, Value]:
    return {
        "mains_ok": ups.mains,
        "on_battery": not ups.mains,
        "charge_pct": float(round(100.0 * ups.charge)),
        "runtime": float(int(ups.charge * _HOLDS / _LOAD * 60.0)),
        "load_pct": 100.0 * _LOAD / _RATED,
        "v.in": ups.volts,
        "v.out": 230.0,
        "v.battery": 27.0 if ups.mains else 22.0 + 3.5 * ups.charge,
        "frequency": 50.0,
        "temp.battery": ups.battery_temperature,
        "battery.bad_count": 0.0,
        "alarm.any": not ups.mains,
        "alarm.overload": False,
        "alarm.battery_low": ups.charge < _LOW,
        "alarm.battery_replace": False,
    }
