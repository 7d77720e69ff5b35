"""What happens around the machines: the weather and the customers, by the store's hour of day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

# A store beside offices: a morning, a noon and an evening peak (assumed; the shape is common to convenience stores).
_CUSTOMERS_PER_HOUR = (12, 8, 5, 4, 4, 8, 25, 55, 60, 40, 35, 50, 70, 55, 40, 35, 40, 60, 75, 65, 50, 40, 30, 18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Temperatures in °C, humidity in %RH. `chance` is drawn evenly from 0..1 by the caller and is the only noise."""

    outdoor: float
    room: float
    humidity: float
    customers_per_hour: float
    chance: float

    def jitter(self, width: float) -> float:
        """What a probe adds to the truth: at most half of `width` either way."""
        return (self.chance - 0.5) * width


def outdoor_temperature(local: datetime) -> float:
    """A summer day in Shanghai in °C: about 27 at five in the morning, 35 at three in the afternoon (assumed)."""
    return 31.0 + 4.0 * math.cos(2 * math.pi * (_hour(local) - 15.0) / 24.0)


def customers_per_hour(local: datetime) -> float:
    hour, share = divmod(_hour(local), 1.0)
    here, there = _CUSTOMERS_PER_HOUR[int(hour)], _CUSTOMERS_PER_HOUR[(int(hour) + 1) % 24]
    return here + (there - here) * share


def _hour(local: datetime) -> float:
    return local.hour + local.minute / 60.0 + local.second / 3600.0
