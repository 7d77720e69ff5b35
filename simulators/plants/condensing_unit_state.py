"""What a condensing unit is at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from simulators.plants.compressor import CompressorMap
from simulators.plants.protection import Protection

_CRANKCASE = 35.0  # W
_RECEIVER = 0.3  # of the charge that is spare in the receiver
_NO_FLOW_AT = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What stands there: `size` as a share of the map's compressor, `condenser` in W/K; `suction`, which it holds, and
    `lowest`, where the low-pressure switch opens, in °C."""

    map: CompressorMap
    size: float
    condenser: float
    suction: float
    lowest: float


class CondensingUnit(NamedTuple):
    """Temperatures in °C; `speed` is the share of full speed, `since` the s since it last started or stopped, `charge`
    the share of its refrigerant, `electric` and `drawn` in W. `low` and `high`: a pressure switch has opened; `called`:
    its contactor is pulled in, whether or not the motor turns."""

    plan: Plan
    evaporating: float
    condensing: float
    speed: float
    called: bool
    since: float
    charge: float
    electric: float
    drawn: float
    ambient: float
    guard: Protection
    low: bool
    high: bool
    overload: bool
    starts: int
    hours: float
    noise: float


def power(unit: CondensingUnit) -> float:
    """W taken from the mains."""
    return unit.electric + _CRANKCASE


def liquid(charge: float) -> float:
    """The share of liquid at the valves: all of it until the receiver is empty."""
    full = 1.0 - _RECEIVER
    return 1.0 if charge >= full else max(0.0, (charge - _NO_FLOW_AT) / (full - _NO_FLOW_AT))
