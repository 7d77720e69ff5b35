"""The meter at the store's supply: three phases that share the loads of the machines."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_POWER_FACTOR = 0.92
_SHARES = (0.38, 0.33, 0.29)  # single-phase loads never spread evenly
_NOMINAL = 230.0  # V; a real supply sags a little under load
_SAG = 0.25  # V/kW


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyMeter:
    """`load` in W, `imported` in kWh since the meter was fitted."""

    load: float = 0.0
    imported: float = 48211.6
    flicker: float = 0.0


def step(meter: EnergyMeter, seconds: float, around: Surroundings, load: float) -> EnergyMeter:
    imported = meter.imported + load * seconds / 3.6e6
    return replace(meter, load=load, imported=imported, flicker=around.jitter(2.0))


def said(meter: EnergyMeter) -> dict[str, Value]:
    """Volts, amperes and watts by phase, and the totals."""
    values: dict[str, Value] = {
        "p.total": meter.load,
        "pf.total": _POWER_FACTOR,
        "frequency": 50.0 + meter.flicker / 100.0,
        "e.import": meter.imported,
    }
    for phase, share in zip(("l1", "l2", "l3"), _SHARES, strict=True):
        watts = meter.load * share
        volts = _NOMINAL - _SAG * watts / 1000.0 + meter.flicker
        values |= {f"v.{phase}": volts, f"p.{phase}": watts, f"i.{phase}": watts / volts / _POWER_FACTOR}
    return values
