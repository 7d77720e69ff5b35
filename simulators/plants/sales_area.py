"""The air and the fabric of the sales area, which everything in the store warms or cools.

About 120 m². The air with shelves and boards takes 1.5 MJ/K; it gives to slab, walls and goods (30 MJ/K: 24 t of
concrete and 5 t of goods) by 8 W/m²K over some 190 m². 540 W/K go to the street, 300 W/K of it through walls and shop
front and the rest with 0.2 m³/s that the hood over the hot food blows out; the door loses more the more customers go
through it (0.5 m³ of air for each of the ten seconds that it stands open for one). In a hot store staff prop it open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulators.plants.surroundings import Surroundings

_AIR, _FABRIC = 1.5e6, 30e6  # J/K
_BETWEEN = 1500.0  # W/K
_TO_STREET = 540.0  # W/K
_DOOR = 1.7  # W/K per customer and hour: 0.5 m³/s · 1.2 kJ/m³K · 10 s / 3600 s
_PROPPED_OPEN, _PROPPED_ABOVE = 900.0, 30.0  # W/K, °C
_PER_CUSTOMER = 12.0  # W per customer and hour: 120 W for six minutes each
_WINDOW = 2200.0 / 110_000.0  # W/lx: 6 m of shop front behind an awning


@dataclass(frozen=True, slots=True)
class SalesArea:
    """°C of the air and of what stands and lies in it."""

    temperature: float = 25.5
    fabric: float = 25.5


def step(area: SalesArea, seconds: float, around: Surroundings, gains: float) -> SalesArea:
    """`gains` in W: what machines and lamps give, less what air conditioner and open cases take."""
    to_street = _TO_STREET + _DOOR * around.customers_per_hour
    if around.open and area.temperature > max(_PROPPED_ABOVE, around.outdoor):
        to_street += _PROPPED_OPEN
    heat = gains + _PER_CUSTOMER * around.customers_per_hour + _WINDOW * around.sun
    conducts = to_street + _BETWEEN
    settles_at = (to_street * around.outdoor + _BETWEEN * area.fabric + heat) / conducts
    air = settles_at + (area.temperature - settles_at) * math.exp(-conducts / _AIR * seconds)
    middle = (air + area.temperature) / 2
    fabric = middle + (area.fabric - middle) * math.exp(-_BETWEEN / _FABRIC * seconds)
    return SalesArea(air, fabric)
