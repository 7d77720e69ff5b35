"""The heat in a refrigerated cabinet: air, food, coil and frost, as three lumped masses.

The air takes heat from the room through walls, curtain and open door, from the fan and from the food, and gives it to
the coil when the fan blows. The running compressor draws on the coil like a conductance to its coldest evaporating
temperature, which gives less capacity the colder the coil is, as a real compressor does. Frost weakens the coil and
must be melted (334 kJ/kg) before a defrost can lift the coil above freezing. The constants in `kinds.py` were chosen so
that the cabinet behaves as technicians know it; they were not fitted to a measured one.
"""

from __future__ import annotations

from dataclasses import dataclass

_MELTING = 334e3  # J/kg
_MELT_CONDUCTANCE = 200.0  # W/K between a warm coil and its ice
_FROST_HALVES_AT = 3.0  # kg of ice at which the coil passes half of its heat
_STEP = 10.0  # s; a third of the fastest time constant (coil mass over its conductances)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Capacities in J/K, conductances in W/K, powers in W, frost in kg/s while the coil is below freezing."""

    air: float
    food: float
    coil: float
    wall: float
    door: float
    air_to_food: float
    air_to_coil: float
    air_to_coil_still: float
    compressor: float
    coldest: float
    fan: float
    heater: float
    frost: float
    compressor_power: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """Temperatures in °C, `frost` in kg."""

    air: float
    food: float
    coil: float
    frost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """What really turns, heats or stands open, whatever the relays say."""

    compressor: bool
    fan: bool
    heater: bool
    door: bool


def step(cabinet: Cabinet, build: Build, seconds: float, room: float, drive: Drive) -> Cabinet:
    """The cabinet `seconds` later, in a room of `room` °C."""
    while seconds > 0:
        part = min(seconds, _STEP)
        cabinet = _step(cabinet, build, part, room, drive)
        seconds -= part
    return cabinet


def electric_power(build: Build, drive: Drive) -> float:
    """W taken from the mains."""
    return drive.compressor * build.compressor_power + drive.fan * build.fan + drive.heater * build.heater


def _step(cabinet: Cabinet, build: Build, seconds: float, room: float, drive: Drive) -> Cabinet:
    leak = (build.wall + drive.door * build.door) * (room - cabinet.air) + drive.fan * build.fan
    to_coil = _coil_conductance(cabinet, build, drive) * (cabinet.air - cabinet.coil)
    from_food = build.air_to_food * (cabinet.food - cabinet.air)
    melting = _MELT_CONDUCTANCE * max(0.0, cabinet.coil) if cabinet.frost > 0 else 0.0
    drawn = build.compressor * max(0.0, cabinet.coil - build.coldest) if drive.compressor else 0.0
    growth = build.frost * (3.0 if drive.door else 1.0) if cabinet.coil < 0 and drive.fan else 0.0
    return Cabinet(
        air=cabinet.air + (leak + from_food - to_coil) / build.air * seconds,
        food=cabinet.food - from_food / build.food * seconds,
        coil=cabinet.coil + (to_coil + drive.heater * build.heater - melting - drawn) / build.coil * seconds,
        frost=max(0.0, cabinet.frost + (growth - melting / _MELTING) * seconds),
    )


def _coil_conductance(cabinet: Cabinet, build: Build, drive: Drive) -> float:
    clean = build.air_to_coil if drive.fan else build.air_to_coil_still
    return clean / (1.0 + cabinet.frost / _FROST_HALVES_AT)
