"""A screen in the shop window: what it takes from the mains tells whether it shows anything.

A 55-inch panel: about 25 W for its board and 100 W for its backlight (assumed, as data sheets of such panels go).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Value
from simulators.plants.surroundings import Surroundings

_BOARD, _BACKLIGHT = 25.0, 110.0  # W
_WARMS = 0.16  # K/W over the room
_LAG = 900.0  # s
_NO_FAULTS: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`brightness` 0..1, `power` in W, `temperature` in °C."""

    commanded: bool = True
    shows: bool = True
    brightness: float = 0.9
    power: float = 124.0
    temperature: float = 44.0


def step(screen: Screen, seconds: float, around: Surroundings, faults: Mapping[str, float] = _NO_FAULTS) -> Screen:
    commanded = around.open
    shows = commanded and around.supply_ok and "screen_black" not in faults
    brightness = 0.9 if around.sun > 2000.0 else 0.6
    power = _BOARD * commanded + (_BACKLIGHT * brightness if shows else 0.0) + around.jitter(2.0) * commanded
    power = power if around.supply_ok else 0.0
    settles_at = around.room + _WARMS * power
    return Screen(
        commanded=commanded,
        shows=shows,
        brightness=brightness,
        power=power,
        temperature=settles_at + (screen.temperature - settles_at) * math.exp(-seconds / _LAG),
    )


def power(screen: Screen) -> float:
    """W taken from the mains."""
    return screen.power


def said(screen: Screen) -> dict[str, Value]:
    return {
        "cmd.on": screen.commanded,
        "power": screen.commanded,
        "on_status": screen.shows,
        "blackout": False,
        "link_ok": True,
        "brightness_pct": 100.0 * screen.brightness,
        "temp": screen.temperature,
        "p.total": screen.power,
        "source": "player",
        "alarm.any": False,
    }
