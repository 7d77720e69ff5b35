"""A temperature and humidity sensor on the wall of the sales area."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_LAG = 300.0  # s; a plastic housing follows the air slowly


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvSensor:
    temperature: float = 25.5
    humidity: float = 55.0


def step(sensor: EnvSensor, seconds: float, around: Surroundings) -> EnvSensor:
    share = min(1.0, seconds / _LAG)
    return EnvSensor(
        temperature=sensor.temperature + (around.room + around.jitter(0.2) - sensor.temperature) * share,
        humidity=sensor.humidity + (around.humidity + around.jitter(1.0) - sensor.humidity) * share,
    )


def said(sensor: EnvSensor) -> dict[str, Value]:
    return {"temp": sensor.temperature, "hum": sensor.humidity}
