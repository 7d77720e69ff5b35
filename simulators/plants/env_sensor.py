"""A sensor of temperature, humidity and light: on the wall of the sales area, or outdoors in the shade."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_LAG = 300.0  # s; a plastic housing follows the air slowly
_INDOORS = 850.0  # lx in a lit store


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvSensor:
    """°C, %RH, lx."""

    temperature: float = 25.5
    humidity: float = 55.0
    lux: float = _INDOORS
    outdoors: bool = False


def start(duty: str) -> EnvSensor:
    return EnvSensor(outdoors=duty == "outdoor_climate")


def step(sensor: EnvSensor, seconds: float, around: Surroundings) -> EnvSensor:
    out = sensor.outdoors
    air, damp = (around.outdoor, around.outdoor_humidity) if out else (around.room, around.humidity)
    share = 1.0 - math.exp(-seconds / _LAG)
    return EnvSensor(
        temperature=sensor.temperature + (air + around.jitter(0.2) - sensor.temperature) * share,
        humidity=sensor.humidity + (damp + around.jitter(1.0) - sensor.humidity) * share,
        lux=around.sun if out else _INDOORS * around.open * around.supply_ok + 0.005 * around.sun,
        outdoors=out,
    )


def said(sensor: EnvSensor) -> dict[str, Value]:
    return {"temp": sensor.temperature, "hum": sensor.humidity, "lux": float(round(sensor.lux))}
