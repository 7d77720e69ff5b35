"""What a refrigeration case is at one instant, and how it hangs on a unit that it shares with others."""

from __future__ import annotations

from typing import NamedTuple

from simulators.plants.cabinet import Cabinet, Drive
from simulators.plants.case_causes import Causes
from simulators.plants.case_controller import Controller
from simulators.plants.kinds import Kind
from simulators.plants.plug_in import Circuit
from simulators.plants.protection import Protection

LIFT = 0.65
"""How far the air is cooled towards the coil on its way through."""


class Feed(NamedTuple):
    """What a shared unit offers: boiling at °C, the share of liquid that reaches the valves, and whether it runs."""

    evaporating: float
    liquid: float
    running: bool


class Draw(NamedTuple):
    """How an open valve hangs on the unit's suction: `conductance` in W/K from a coil of °C; 0 while it is shut."""

    conductance: float
    coil: float


class Case(NamedTuple):
    """`drive` is what really runs; `circuit` is the own refrigeration of a plug-in cabinet, else `feed` is what the
    unit gave last. `taken` is the W that it takes from the room through walls and air, `blown` the share of air that
    passes the coil, `noise` in K what its probes add, `lit` whether its light is on,
    `electric` the mean W of the last step."""

    kind: Kind
    cabinet: Cabinet
    controller: Controller
    drive: Drive
    circuit: Circuit | None
    feed: Feed
    guard: Protection
    causes: Causes
    taken: float
    blown: float
    noise: float
    lit: bool
    electric: float
