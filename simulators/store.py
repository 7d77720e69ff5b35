"""A simulated store: machines in surroundings, one fixed step after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulators import supply
from simulators.layout import Machine, layout_of
from simulators.machines import NoSuchMachine, Plant, accept, plant_of, power, said, staggered
from simulators.plants import sales_area
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.sales_area import SalesArea
from simulators.plants.setting import SummerDay, World
from simulators.plants.ups import Ups
from simulators.state import Place, StoreState
from simulators.supply import GATEWAY, Faults
from simulators.turn import Turn

__all__ = [
    "GATEWAY",
    "LINE_DOWN",
    "STEP",
    "NoSuchMachine",
    "Place",
    "Plant",
    "StoreState",
    "accept",
    "advance",
    "offline",
    "power",
    "said",
    "silent",
    "start",
]

STEP = timedelta(seconds=10)
LINE_DOWN = "line_to_head_office_down"
"""The fault in which a store works on, and nobody hears it."""


def start(
    machines: Iterable[Machine],
    at: datetime,
    timezone: ZoneInfo,
    defrosts: Mapping[str, timedelta] | None = None,
    *,
    world: World | None = None,
    besides_on: str = "",
) -> StoreState:
    """A store that has been running for long, by default on the demo's summer day. `defrosts` says when cases defrost
    next (of those not named: as their kind does; None: each at an hour of its own), `besides_on` the circuit of what
    has no controller. Raises NoSuchMachine."""
    layout = layout_of(machines, besides_on)
    waits = staggered(layout) if defrosts is None else {one: wait.total_seconds() for one, wait in defrosts.items()}
    seed = world.seed if world else None
    plants = {device: plant_of(one, layout, waits.get(device), seed) for device, one in layout.machines.items()}
    return StoreState(
        at=at,
        timezone=timezone,
        layout=layout,
        world=world or SummerDay(),
        plants=plants,
        area=SalesArea() if any(isinstance(plant, AirConditioner) for plant in plants.values()) else None,
    )


def advance(state: StoreState, faults: Faults, step: timedelta = STEP) -> StoreState:
    """The store one step later; `faults` are those of each device, those of the store under GATEWAY. The same store
    always has the same day."""
    turn = Turn(state, faults, step)
    plants = turn.plants()
    area = state.area and sales_area.step(state.area, turn.seconds, turn.around, turn.gains(plants))
    return replace(state, at=turn.at, plants=plants, area=area, supply=turn.supply)


def silent(state: StoreState, faults: Faults) -> frozenset[str]:
    """The devices that do not answer now: no electricity, a dead line, a controller that hangs."""
    return supply.silent(state.layout, state.supply, faults, ups_empty=_ups_empty(state))


def offline(state: StoreState, faults: Faults) -> bool:
    """Whether head office cannot hear the store: its line is down, or mains and UPS are gone."""
    return LINE_DOWN in faults.get(GATEWAY, ()) or _ups_empty(state)


def _ups_empty(state: StoreState) -> bool:
    """A store without a UPS loses its gateway with the mains."""
    held = [plant for plant in state.plants.values() if isinstance(plant, Ups)]
    return not any(plant.holds for plant in held) if held else state.supply.away
