"""Surroundings for tests: a summer afternoon, changed by a word or two."""

from __future__ import annotations

from typing import Any

from simulators.plants.surroundings import Surroundings

AFTERNOON = Surroundings(
    outdoor=34.0, room=26.0, humidity=55.0, customers_per_hour=50.0, chance=0.5, sun=60_000.0, hour=15.0
)
NIGHT = AFTERNOON._replace(outdoor=26.0, customers_per_hour=5.0, sun=0.2, hour=2.0)
HOUR = 3600.0


def around(**changes: Any) -> Surroundings:
    return AFTERNOON._replace(**changes)
