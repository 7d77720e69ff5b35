"""What happens around the machines: the weather and the customers, by the store's hour of day."""

from __future__ import annotations

import math
from datetime import datetime
from typing import NamedTuple

# A store beside offices: a morning, a noon and an evening peak (the shape is assumed; it is common to convenience
# stores). 884 customers a day: the average Japanese store has about a thousand (Japan Franchise Association, 2015).
_CUSTOMERS_PER_HOUR = (12, 8, 5, 4, 4, 8, 25, 55, 60, 40, 35, 50, 70, 55, 40, 35, 40, 60, 75, 65, 50, 40, 30, 18)


class Surroundings(NamedTuple):
    """What one machine has around it during one step.

    Temperatures in °C, humidities in %RH, `sun` in lux on a level outdoors, `hour` the store's local 0..24, `stocking`
    kg of goods a minute that are put into this very machine. `chance` is drawn evenly from 0..1 by the caller and is
    the only noise. `night`: the store is shut, its blinds are down. `supply_ok`: this machine has its mains.
    `cleaning`: staff have switched this machine off by its main switch.
    """

    outdoor: float
    room: float
    humidity: float
    customers_per_hour: float
    chance: float
    outdoor_humidity: float = 70.0
    sun: float = 0.0
    raining: bool = False
    hour: float = 12.0
    open: bool = True
    night: bool = False
    stocking: float = 0.0
    cleaning: bool = False
    supply_ok: bool = True

    def jitter(self, width: float) -> float:
        """What a probe adds to the truth: at most half of `width` either way."""
        return (self.chance - 0.5) * width


def outdoor_temperature(local: datetime) -> float:
    """A summer day in Shanghai in °C: about 27 at five in the morning, 35 at three in the afternoon (assumed)."""
    return 31.0 + 4.0 * math.cos(2 * math.pi * (hour_of(local) - 15.0) / 24.0)


def customers_per_hour(local: datetime) -> float:
    hour, share = divmod(hour_of(local), 1.0)
    here, there = _CUSTOMERS_PER_HOUR[int(hour)], _CUSTOMERS_PER_HOUR[(int(hour) + 1) % 24]
    return here + (there - here) * share


def hour_of(local: datetime) -> float:
    """0..24."""
    return local.hour + local.minute / 60.0 + local.second / 3600.0
