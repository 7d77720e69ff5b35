"""A meter of three phases, at the store's supply or at one of its circuits, upstream of the breaker.

So a tripped breaker leaves the voltage and takes the current. 220 V as GB/T 12325 has it (+7 %, -10 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

Watts = tuple[float, float, float]
"""By phase, L1 first."""

_POWER_FACTOR = 0.92
_NOMINAL = 224.0  # V at the transformer; a real supply sags a little under load
_SAG = 0.25  # V/kW
_FED_BACK = 11.0  # V that the other phases induce on a lost one
_USUAL_OVER = 3 * 86_400.0  # s in which the meter's idea of an ordinary load moves
_CT_RATIO = 40.0  # 200 A to 5 A
_NIGHT = (0.5, 5.0)  # o'clock
_NO_FAULTS: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyMeter:
    """`phases` in W, `imported` in kWh since the meter was fitted, `usual` in W, `lost` the phases without voltage."""

    phases: Watts = (0.0, 0.0, 0.0)
    imported: float = 48211.6
    flicker: float = 0.0
    usual: float = 0.0
    lost: frozenset[int] = frozenset()

    @property
    def load(self) -> float:
        """W."""
        return sum(self.phases)


def burdened(meter: EnergyMeter, loads: Watts, around: Surroundings, faults: Mapping[str, float]) -> Watts:
    """What is drawn through the meter when its machines want `loads`: also what somebody has plugged in besides.

    `overload`: up to one and a half times the usual load more. `phase_imbalance`: up to 90 % of what hangs on L2 and
    half of L3 was moved to L1. `night_load_abnormal`: an oven or heater that nobody switched off.
    """
    one, two, three = loads
    if severity := faults.get("overload", 0.0):
        more = severity * (1.5 * meter.usual + 1500.0) / 3
        one, two, three = one + more, two + more, three + more
    if severity := faults.get("phase_imbalance", 0.0):
        moved = (0.9 * severity * two, 0.5 * severity * three)
        one, two, three = one + sum(moved), two - moved[0], three - moved[1]
    if (severity := faults.get("night_load_abnormal", 0.0)) and _NIGHT[0] <= around.hour < _NIGHT[1]:
        one += severity * 3000.0
    return one, two, three


def step(
    meter: EnergyMeter,
    seconds: float,
    around: Surroundings,
    wanted: Watts,
    faults: Mapping[str, float] = _NO_FAULTS,
    lost: frozenset[int] = frozenset(),
) -> EnergyMeter:
    """`wanted` is what its machines take, `lost` the phases that have failed upstream of it or in its own fuses."""
    one, two, three = burdened(meter, wanted, around, faults) if faults else wanted
    if lost:
        one, two, three = (0.0 if number in lost else watts for number, watts in enumerate((one, two, three), 1))
    usual = sum(wanted)
    return EnergyMeter(
        phases=(one, two, three),
        imported=meter.imported + (one + two + three) * seconds / 3.6e6,
        flicker=around.jitter(2.0),
        usual=meter.usual + (usual - meter.usual) * min(1.0, seconds / _USUAL_OVER) if meter.usual else usual,
        lost=lost,
    )


def said(meter: EnergyMeter) -> dict[str, Value]:
    """Volts, amperes and watts by phase, and the totals."""
    load = meter.load
    values: dict[str, Value] = {
        "p.total": load,
        "q.total": load * 0.426,
        "s.total": load / _POWER_FACTOR,
        "pf.total": _POWER_FACTOR,
        "frequency": 50.0 + meter.flicker / 100.0,
        "e.import": meter.imported,
        "e.total": meter.imported,
        "e.export": 0.0,
        "ct_ratio": _CT_RATIO,
        "pt_ratio": 1.0,
    }
    volts = [0.0, 0.0, 0.0]
    for number, watts in enumerate(meter.phases):
        lost = number + 1 in meter.lost
        volts[number] = _FED_BACK if lost else _NOMINAL - _SAG * watts / 1000.0 + meter.flicker
        phase = f"l{number + 1}"
        values[f"v.{phase}"] = volts[number]
        values[f"p.{phase}"] = watts
        values[f"i.{phase}"] = watts / volts[number] / _POWER_FACTOR
    return values | {
        "v.l12": _between(volts[0], volts[1]),
        "v.l23": _between(volts[1], volts[2]),
        "v.l31": _between(volts[2], volts[0]),
    }


def _between(one: float, other: float) -> float:
    """Line voltage of two phases 120° apart."""
    return float((one * one + other * other + one * other) ** 0.5)
