"""A simulated store: machines in surroundings, one fixed step after the other."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from simulators.plants import air_conditioner, case, energy_meter, env_sensor, relay_board, still
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.case import Case
from simulators.plants.energy_meter import EnergyMeter
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.relay_board import RelayBoard
from simulators.plants.still import Still
from simulators.plants.surroundings import Surroundings, customers_per_hour, outdoor_temperature

STEP = timedelta(seconds=10)
_LOAD_BESIDES = 1800.0  # W of lights, tills and ovens
_ROOM_WITHOUT_AC = 25.0
_NO_FAULTS: frozenset[str] = frozenset()

Plant = Case | AirConditioner | EnergyMeter | RelayBoard | EnvSensor | Still


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One machine of the store and how it hangs on its line."""

    device: str
    name: Text
    duty: str
    profile: Profile
    bus: str
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """All machines at one instant (UTC)."""

    at: datetime
    timezone: ZoneInfo
    plants: Mapping[str, Plant]


class NoSuchMachine(ValueError):
    """There is no twin for that device class and duty."""


def start(
    places: tuple[Place, ...], at: datetime, timezone: ZoneInfo, defrosts: Mapping[str, timedelta] | None = None
) -> StoreState:
    """A store that has been running for long. `defrosts` says when cases defrost next. Raises NoSuchMachine."""
    due = {device: wait.total_seconds() for device, wait in (defrosts or {}).items()}
    return StoreState(at=at, timezone=timezone, plants={one.device: _plant(one, due.get(one.device)) for one in places})


def advance(state: StoreState, faults: Mapping[str, AbstractSet[str]], step: timedelta = STEP) -> StoreState:
    """The store one step later; `faults` are those of each device. The same store always has the same day."""
    seconds, at = step.total_seconds(), state.at + step
    around = _surroundings(state, at)
    plants = {
        device: _advance(plant, seconds, replace(around, chance=_chance(device, at)), faults.get(device, _NO_FAULTS))
        for device, plant in state.plants.items()
    }
    load = _LOAD_BESIDES + sum(power(plant) for plant in plants.values())
    for device, plant in plants.items():
        if isinstance(plant, EnergyMeter):
            plants[device] = energy_meter.step(plant, seconds, replace(around, chance=_chance(device, at)), load)
    return replace(state, at=at, plants=plants)


def said(plant: Plant) -> dict[str, Value]:
    """Point of the catalogue → what the machine's controller says of it."""
    match plant:
        case Case():
            return case.said(plant)
        case AirConditioner():
            return air_conditioner.said(plant)
        case EnergyMeter():
            return energy_meter.said(plant)
        case RelayBoard():
            return relay_board.said(plant)
        case EnvSensor():
            return env_sensor.said(plant)
        case Still():
            return still.said(plant)


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
    match plant:
        case Case():
            return case.power(plant)
        case AirConditioner():
            return air_conditioner.power(plant)
        case RelayBoard():
            return relay_board.power(plant)
    return 0.0


_STARTS: Mapping[str, Callable[[], Plant]] = {
    "ac_unit": air_conditioner.start,
    "energy_meter": EnergyMeter,
    "relay_board": RelayBoard,
    "env_sensor": EnvSensor,
    "dry_contact": Still,
    "ups": still.power_supply,
    "lighting_circuit": Still,
}


def _plant(place: Place, defrost_in: float | None) -> Plant:
    try:
        if place.profile.device_class == "refrigeration_case":
            return case.start(place.duty, defrost_in)
        return _STARTS[place.profile.device_class]()
    except KeyError as error:
        raise NoSuchMachine(
            f"{place.device}: nothing simulates a {place.duty} ({place.profile.device_class})"
        ) from error


def _surroundings(state: StoreState, at: datetime) -> Surroundings:
    local = at.astimezone(state.timezone)
    rooms = [plant.room for plant in state.plants.values() if isinstance(plant, AirConditioner)]
    return Surroundings(
        outdoor=outdoor_temperature(local),
        room=rooms[0] if rooms else _ROOM_WITHOUT_AC,
        humidity=55.0,
        customers_per_hour=customers_per_hour(local),
        chance=0.5,
    )


def _advance(plant: Plant, seconds: float, around: Surroundings, faults: AbstractSet[str]) -> Plant:
    match plant:
        case Case():
            return case.step(plant, seconds, around, faults)
        case AirConditioner():
            return air_conditioner.step(plant, seconds, around, faults)
        case EnvSensor():
            return env_sensor.step(plant, seconds, around)
    return plant


def _chance(device: str, at: datetime) -> float:
    """0..1, evenly, and always the same for that device and time of day."""
    return zlib.crc32(f"{device} {at:%H:%M:%S}".encode()) / 2**32
