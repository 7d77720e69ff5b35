"""The refrigeration circuit of a cabinet that has its own compressor and gives its heat to the room."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import NamedTuple

from simulators.plants.compressor import CompressorMap, at, slope

_CONDENSER_LAG = 150.0  # s
_TOO_HOT, _COOL_AGAIN = 70.0, 52.0  # °C condensing: the compressor's own protection opens and closes
_COLDEST_CONDENSING, _HOTTEST_CONDENSING = 20.0, 75.0
_FULL_CHARGE_NEEDED = 0.85  # a capillary has no receiver: little is spare
_NO_FLOW_AT = 0.15
_BEYOND = 6.0  # K below the coldest measured point at which nothing is drawn any more
_LEAST_SLOPE = 100.0  # W/K
_EMPTY = 0.35  # of its power that a compressor takes which has nothing to compress (assumed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`size` as a share of the map's compressor, `condenser` in W/K."""

    map: CompressorMap
    size: float
    condenser: float


class Circuit(NamedTuple):
    """Temperatures in °C, `electric` in W, `drawn` in W out of the coil, `hours` and `starts` of the compressor;
    `tripped`: its own protection keeps it off."""

    evaporating: float
    condensing: float
    electric: float
    drawn: float
    running: bool
    tripped: bool
    starts: int
    hours: float


class Pull(NamedTuple):
    """How the refrigerant draws on the coil: `conductance` in W/K towards `sink` °C."""

    conductance: float
    sink: float


NO_PULL = Pull(0.0, 0.0)


def fed_share(charge: float) -> float:
    """How much of the evaporator still gets liquid at that share of its charge."""
    if charge >= _FULL_CHARGE_NEEDED:
        return 1.0
    return max(0.0, (charge - _NO_FLOW_AT) / (_FULL_CHARGE_NEEDED - _NO_FLOW_AT))


def pull(circuit: Circuit, machine: Machine, refrigerant: float) -> Pull:
    """Of a running compressor, its map taken as straight around where it stands; `refrigerant` in W/K."""
    evaporating, condensing = circuit.evaporating, circuit.condensing
    gives, grows = _straight(machine, evaporating, condensing)
    return Pull(refrigerant * grows / (refrigerant + grows + 1e-9), evaporating - gives / grows)


def run(
    circuit: Circuit, machine: Machine, seconds: float, room: float, coil: float, pulled: Pull, condenser: float
) -> Circuit:
    """The circuit `seconds` later, its compressor having drawn with `pulled` on a coil of that mean temperature;
    `condenser` is the share of its conductance that air and dirt leave."""
    evaporating, condensing, _, _, running, _, starts, hours = circuit
    known = machine.map
    drawn = max(0.0, pulled.conductance * (coil - pulled.sink))
    boils = pulled.sink + drawn / _straight(machine, evaporating, condensing)[1]
    boils = min(known.warmest, max(known.coldest, boils))
    electric = machine.size * at(known.power, boils, condensing)
    if boils <= known.coldest:  # little gas is left to compress
        full = machine.size * at(known.capacity, boils, condensing)
        electric *= _EMPTY + (1.0 - _EMPTY) * min(1.0, drawn / full)
    settles = room + (drawn + electric) / (machine.condenser * condenser)
    condensing = settles + (condensing - settles) * exp(-seconds / _CONDENSER_LAG)
    condensing = min(_HOTTEST_CONDENSING, max(_COLDEST_CONDENSING, condensing))
    return Circuit(
        boils,
        condensing,
        electric,
        drawn,
        True,
        condensing > _TOO_HOT,
        starts + (not running),
        hours + seconds / 3600.0,
    )


def rest(circuit: Circuit, machine: Machine, seconds: float, room: float, coil: float) -> Circuit:
    """The circuit `seconds` later with its compressor off: pressures even out towards coil and room."""
    fades = exp(-seconds / _CONDENSER_LAG)
    known = machine.map
    calm = min(known.warmest, max(known.coldest, coil))
    condensing = max(_COLDEST_CONDENSING, room + (circuit.condensing - room) * fades)
    return Circuit(
        calm + (circuit.evaporating - calm) * fades,
        condensing,
        0.0,
        0.0,
        False,
        circuit.tripped and condensing > _COOL_AGAIN,
        circuit.starts,
        circuit.hours,
    )


def _straight(machine: Machine, evaporating: float, condensing: float) -> tuple[float, float]:
    """W and W/K of the compressor around that point; below what its maker measured its vacuum soon ends."""
    known = machine.map
    gives = machine.size * at(known.capacity, evaporating, condensing)
    grows = machine.size * max(_LEAST_SLOPE, slope(known.capacity, evaporating, condensing))
    if evaporating < known.coldest + 1.0:
        grows = max(grows, gives / _BEYOND)
    return gives, grows
