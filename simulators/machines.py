"""The machines of a store: the twin of each device class, what its controller says, and what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge_agent.contract.readings import Value
from simulators.layout import Layout, Machine
from simulators.plants import (
    air_conditioner,
    case,
    condensing_unit,
    dry_contact,
    energy_meter,
    env_sensor,
    lighting,
    price_tags,
    relay_board,
    screen,
    ups,
)
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.case import Case
from simulators.plants.chance import draw, salt_of
from simulators.plants.condensing_unit import CondensingUnit
from simulators.plants.dry_contact import DryContact
from simulators.plants.energy_meter import EnergyMeter
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.kinds import KINDS
from simulators.plants.lighting import LightingCircuit
from simulators.plants.price_tags import PriceTags
from simulators.plants.relay_board import RelayBoard
from simulators.plants.screen import Screen
from simulators.plants.ups import Ups

Plant = (
    Case
    | CondensingUnit
    | AirConditioner
    | EnergyMeter
    | LightingCircuit
    | RelayBoard
    | EnvSensor
    | Screen
    | PriceTags
    | DryContact
    | Ups
)


class NoSuchMachine(ValueError):
    """There is no twin for that device class and duty."""


def staggered(layout: Layout) -> dict[str, float]:
    """In how many seconds each case defrosts: installers set the clocks so that no two of a unit do it together."""
    return {
        device: draw(layout.salts[device], -1) * KINDS[machine.duty].settings.defrost_every
        for device, machine in layout.machines.items()
        if machine.device_class == "refrigeration_case" and machine.duty in KINDS
    }


def said(plant: Plant) -> dict[str, Value]:
    """Point of the catalogue → what the machine's controller says of it."""
    return _SAID[type(plant)](plant)


def accept(plant: Plant, point: str, value: Value) -> Plant:
    """The machine after its controller was told to set the point."""
    match plant:
        case AirConditioner():
            return air_conditioner.accept(plant, point, value)
        case RelayBoard():
            return relay_board.accept(plant, point, value)
    return plant


def power(plant: Plant) -> float:
    """W taken from the mains."""
    takes = _POWER.get(type(plant))
    return takes(plant) if takes else 0.0


_SAID: Mapping[type, Callable[[Any], dict[str, Value]]] = {
    Case: case.said,
    CondensingUnit: condensing_unit.said,
    AirConditioner: air_conditioner.said,
    EnergyMeter: energy_meter.said,
    LightingCircuit: lighting.said,
    RelayBoard: relay_board.said,
    EnvSensor: env_sensor.said,
    Screen: screen.said,
    PriceTags: price_tags.said,
    DryContact: dry_contact.said,
    Ups: ups.said,
}
_POWER: Mapping[type, Callable[[Any], float]] = {
    Case: case.power,
    CondensingUnit: condensing_unit.power,
    AirConditioner: air_conditioner.power,
    LightingCircuit: lighting.power,
    RelayBoard: relay_board.power,
    Screen: screen.power,
    Ups: ups.power,
}
_ZONES = 0.6  # K between the warmest and the coolest corner of a sales area

_STARTS: Mapping[str, Callable[[Machine], Plant]] = {
    "ac_unit": lambda machine: air_conditioner.start(machine.kind, _zone(machine)),
    "lighting_circuit": lambda machine: lighting.start(machine.duty),
    "env_sensor": lambda machine: env_sensor.start(machine.duty),
    "energy_meter": lambda _: EnergyMeter(),
    "relay_board": lambda _: RelayBoard(),
    "signage": lambda _: Screen(),
    "price_tag_gateway": lambda _: PriceTags(),
    "dry_contact": lambda _: DryContact(),
    "ups": lambda _: Ups(),
}


def plant_of(machine: Machine, layout: Layout, defrost_in: float | None, seed: int | None = None) -> Plant:
    """A machine that has been running for long; `seed` is the store's, by which its cabinets differ. Raises
    NoSuchMachine."""
    try:
        match machine.device_class:
            case "refrigeration_case":
                own = None if seed is None else seed ^ layout.salts[machine.device]
                return case.start(machine.duty, defrost_in, fed=machine.fed_by in layout.fed, seed=own)
            case "condensing_unit":
                return condensing_unit.start([layout.machines[fed].duty for fed in layout.fed[machine.device]])
        return _STARTS[machine.device_class](machine)
    except KeyError as error:
        raise NoSuchMachine(f"{machine.device}: nothing simulates a {machine.duty} ({machine.device_class})") from error


def _zone(machine: Machine) -> float:
    return _ZONES * (draw(salt_of("zone", machine.device), 0) - 0.5)
