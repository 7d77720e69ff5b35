"""What a fresh plant of each device class says."""

from __future__ import annotations

from edge_agent.contract.readings import Value
from simulators.plants import air_conditioner, case, still
from simulators.plants.energy_meter import EnergyMeter
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.relay_board import RelayBoard
from simulators.plants.still import Still
from simulators.store import Plant, said


def plant_values(device_class: str) -> dict[str, Value]:
    plants: dict[str, Plant] = {
        "refrigeration_case": case.start("freezer"),
        "ac_unit": air_conditioner.start(),
        "energy_meter": EnergyMeter(load=5000.0),
        "env_sensor": EnvSensor(),
        "relay_board": RelayBoard(),
        "dry_contact": Still(),
        "ups": still.power_supply(),
    }
    return said(plants[device_class])
