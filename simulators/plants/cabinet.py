"""The heat in a refrigerated cabinet: air, food, one exposed pack, coil and frost, as lumped masses.

The air takes heat from the room through walls, curtain and open doors, from fans, lights and food, and gives it to the
coil as far as the fans blow and frost lets them. Moist room air that gets in leaves its water on the coil. The
refrigerant draws on the coil like a conductance to a sink (plug_in.py and condensing_unit.py say which). Air and coil
are the two fast masses: they are solved exactly for a step in which all else stands still, so that a step of 60 s is as
right as six of 10 s. Food and frost move slowly and are added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import NamedTuple

_MELTING = 334e3  # J/kg of ice
_CONDENSING = 2.5e6  # J/kg of water vapour
_MOIST_AIR = 1006.0  # J/kgK
_ICE = 2100.0  # J/kgK
_FULL = 1.3  # times the frost that halves the way: no more fits between the fins
_VAPOUR_TAKEN = 0.7  # of the vapour that comes in; the rest goes out again with the air
_STILL_AIR = 0.4  # of the heat that moving air gives to goods
_SPILL = 0.8  # how much more warm air a curtain lets in that no fan blows
_VAPOUR_0, _VAPOUR_A, _VAPOUR_B = 3.84e-3, 17.27, 237.3  # Magnus: kg/kg at 0 °C and 1013 hPa


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Capacities in J/K, conductances in W/K, powers in W, `frost_half` in kg of ice that halves the air's way.

    `leak` is the air exchange of closed doors or of the curtain, `door` what an open door adds, `blind` the share that
    a night blind leaves. `pack_lag` is the time constant in s of the exposed pack's core, `exposed` the share of the
    room that it feels. `refrigerant` is the conductance between coil and boiling refrigerant."""

    air: float
    food: float
    coil: float
    wall: float
    leak: float
    door: float
    blind: float
    radiation: float
    air_to_food: float
    pack_lag: float
    exposed: float
    air_to_coil: float
    air_to_coil_still: float
    refrigerant: float
    frost_half: float
    melt: float
    fan: float
    light: float
    rail: float
    heater: float
    curtain: bool = False


class Cabinet(NamedTuple):
    """Temperatures in °C, `frost` in kg. `food` is the mean of the goods, `pack` the core of an exposed one."""

    air: float
    food: float
    pack: float
    coil: float
    frost: float


class Drive(NamedTuple):
    """What really turns, heats or stands open, whatever the relays say."""

    compressor: bool
    fan: bool
    heater: bool
    door: bool


class Around(NamedTuple):
    """What works on the cabinet during one step: room in °C and kg/kg of vapour, `leak` in W/K, `heat` in W on the air,
    `airflow` as a share of all fans, `coil_heat` in W, `kept_ice` in kg that no defrost reaches, `goods` in W of warm
    goods, `radiation` in W/K; the refrigerant draws with `draw` W/K towards `sink` °C."""

    room: float
    vapour: float
    leak: float
    heat: float
    airflow: float
    coil_heat: float
    kept_ice: float
    goods: float
    radiation: float
    draw: float
    sink: float


def vapour(temperature: float, humidity: float = 100.0) -> float:
    """kg of vapour in a kg of air at °C and %RH."""
    return _VAPOUR_0 * humidity / 100.0 * exp(_VAPOUR_A * temperature / (temperature + _VAPOUR_B))


def free_way(build: Build, frost: float) -> float:
    """The share of the coil's air that so much frost lets through."""
    blocked = frost / build.frost_half
    return 1.0 / (1.0 + blocked * blocked)


def step(cabinet: Cabinet, build: Build, seconds: float, around: Around) -> Cabinet:
    """The cabinet `seconds` later."""
    air, food, pack, coil, frost = cabinet
    room, damp, leak, heat, airflow, coil_heat, kept_ice, goods, radiation, draw, sink = around
    blocked = (frost + kept_ice) / build.frost_half
    blown = airflow / (1.0 + blocked * blocked)
    if build.curtain:
        leak *= 1.0 + _SPILL * (1.0 - blown)
    still = build.air_to_coil_still
    to_coil = still + (build.air_to_coil - still) * blown
    dry = _VAPOUR_0 * exp(_VAPOUR_A * coil / (coil + _VAPOUR_B))
    taken = _VAPOUR_TAKEN / _MOIST_AIR * (0.2 + 0.8 * blown)
    water = leak * (damp - dry) * taken if damp > dry else 0.0
    melt = build.melt if frost > 0.0 and coil > 0.0 else 0.0

    warm = build.wall + leak
    to_food = build.air_to_food * (_STILL_AIR + (1.0 - _STILL_AIR) * blown)
    air_mass, coil_mass = build.air, build.coil + _ICE * frost
    a, b = (warm + to_food + to_coil) / air_mass, to_coil / air_mass
    c, d = to_coil / coil_mass, (to_coil + draw + melt) / coil_mass
    into_air = (warm * room + heat + to_food * food) / air_mass
    into_coil = (draw * sink + coil_heat + water * _CONDENSING) / coil_mass
    next_air, next_coil = _settle(air, coil, (a, b, c, d), into_air, into_coil, seconds)

    mean_air = 0.5 * (air + next_air)
    felt = mean_air + build.exposed * (room - mean_air)
    if melt:
        frost -= melt * 0.5 * (coil + max(0.0, next_coil)) * seconds / _MELTING
        frost = max(frost, 0.0)
    elif coil < 0.0:
        frost = min(_FULL * build.frost_half, frost + water * seconds)
    return Cabinet(
        next_air,
        food + (to_food * (mean_air - food) + radiation * (room - food) + goods) / build.food * seconds,
        felt + (pack - felt) * exp(-seconds * (_STILL_AIR + (1.0 - _STILL_AIR) * blown) / build.pack_lag),
        next_coil,
        frost,
    )


def _settle(
    air: float, coil: float, rates: tuple[float, float, float, float], into_air: float, into_coil: float, seconds: float
) -> tuple[float, float]:
    """Exactly: air' = -a·air + b·coil + into_air, coil' = c·air - d·coil + into_coil, rates in 1/s, gains in K/s."""
    a, b, c, d = rates
    area = a * d - b * c
    rest_air, rest_coil = (into_air * d + b * into_coil) / area, (a * into_coil + c * into_air) / area
    half = 0.5 * (d - a)
    root = sqrt(half * half + b * c)
    slow, fast = exp((root - 0.5 * (a + d)) * seconds), exp((-root - 0.5 * (a + d)) * seconds)
    even, odd = 0.5 * (slow + fast), 0.5 * (slow - fast) / root
    off_air, off_coil = air - rest_air, coil - rest_coil
    return (
        rest_air + off_air * (even + odd * half) + odd * b * off_coil,
        rest_coil + off_coil * (even - odd * half) + odd * c * off_air,
    )
