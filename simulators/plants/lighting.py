"""A lighting circuit: its command, the relay that carries it out, and the lamps that take the current.

A relay board reads back its own coil, so `out.on` follows the command; only the current tells of a contact that is
welded or burnt. Loads: 2 · 1.2 kW over a sales area of 120 m², 20 W/m²: stores are lit far above the 11 W/m² that
GB 50034 allows a shop (a Japanese one measured 37 W/m² of tubes for 1200 lx, eartheco survey 2007); LED halves that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_VOLTS, _POWER_FACTOR = 220.0, 0.95
_SIGN_ON_BELOW, _SIGN_OFF_ABOVE = 150.0, 400.0  # lx
_AMBIENCE_BELOW = 1500.0  # lx
_STANDBY = 4.0  # W of the drivers behind an open contact's snubber
_INDOORS = 900.0  # lx
_NO_FAULTS: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`watts` of each lamp. A `heats` circuit hangs inside the store."""

    lamps: int
    watts: float
    heats: bool


KINDS = {
    "sign_lighting": Kind(lamps=12, watts=50.0, heats=False),
    "ambience_lighting": Kind(lamps=14, watts=20.0, heats=True),
    "sales_lighting": Kind(lamps=40, watts=30.0, heats=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LightingCircuit:
    """`level` 0..1, `power` in W, `lux` where its light sensor is, `hours` lit."""

    duty: str
    kind: Kind
    commanded: bool = False
    level: float = 1.0
    power: float = 0.0
    lux: float = 0.0
    hours: float = 2900.0


def start(duty: str) -> LightingCircuit:
    """KeyError: no such duty."""
    return LightingCircuit(duty=duty, kind=KINDS[duty])


def step(
    circuit: LightingCircuit, seconds: float, around: Surroundings, faults: Mapping[str, float] = _NO_FAULTS
) -> LightingCircuit:
    commanded = _command(circuit, around, faults)
    closed = (commanded or "relay_welded" in faults) and "relay_dead" not in faults
    level = 0.8 if circuit.duty == "sales_lighting" and around.hour < 5.0 else 1.0
    lamps = circuit.kind.lamps - round(circuit.kind.lamps * faults.get("lamp_out", 0.0))
    lit = closed and around.supply_ok
    watts = lamps * circuit.kind.watts * level * (1.0 + around.jitter(0.01)) if lit else _STANDBY
    return LightingCircuit(
        duty=circuit.duty,
        kind=circuit.kind,
        commanded=commanded,
        level=level,
        power=watts if around.supply_ok else 0.0,
        lux=around.sun if circuit.duty == "sign_lighting" else _INDOORS * level * lamps / circuit.kind.lamps * lit,
        hours=circuit.hours + (seconds / 3600.0 if lit else 0.0),
    )


def power(circuit: LightingCircuit) -> float:
    """W taken from the mains."""
    return circuit.power


def said(circuit: LightingCircuit) -> dict[str, Value]:
    return {
        "cmd.on": circuit.commanded,
        "out.on": circuit.commanded,
        "level_pct": 100.0 * circuit.level,
        "lux": circuit.lux,
        "i": circuit.power / _VOLTS / _POWER_FACTOR,
        "p.total": circuit.power,
        "op_hours": circuit.hours,
    }


def _command(circuit: LightingCircuit, around: Surroundings, faults: Mapping[str, float]) -> bool:
    if "sign_lit_by_day" in faults:
        return True
    if "sign_dark_by_night" in faults:
        return False
    match circuit.duty:
        case "sign_lighting":
            return around.sun < (_SIGN_OFF_ABOVE if circuit.commanded else _SIGN_ON_BELOW)
        case "ambience_lighting":
            return around.open and (around.sun < _AMBIENCE_BELOW or around.hour >= 17.0)
    return around.open
