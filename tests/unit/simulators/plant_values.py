"""What a fresh plant of each device class says."""

from __future__ import annotations

from edge_agent.contract.readings import Value
from simulators.plants import air_conditioner, case
from simulators.plants.dry_contact import DryContact
from simulators.plants.energy_meter import EnergyMeter
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.relay_board import RelayBoard
from simulators.plants.ups import Ups
from simulators.store import Plant, said


def plant_values(device_class: str) -> dict[str, Value]:
    plants: dict[str, Plant] = {
        "refrigeration_case": case.start("freezer"),
        "ac_unit": air_conditioner.start(),
        "energy_meter": EnergyMeter(phases=(1900.0, 1650.0, 1450.0)),
        "env_sensor": EnvSensor(),
        "relay_board": RelayBoard(),
        "dry_contact": DryContact(),
        "ups": Ups(),
    }
    return said(plants[device_class])
