"""A condensing unit outdoors that several cases share: a speed-controlled compressor, condenser, receiver, controls.

The open valves of the cases hang on its suction like conductances to their coils (`draws`); the compressor turns as
fast as it must to hold its suction set point, and below its slowest speed it stops and starts on pressure. The
condensing temperature follows from the heat that must leave through what air and dirt leave of the condenser. The
receiver hides a leak until it is empty; then liquid is short at the valves (`feed`). High pressure and overload trip,
pause, and lock out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp
from typing import NamedTuple

from simulators.plants import protection
from simulators.plants.case_state import Draw, Feed
from simulators.plants.compressor import LOW, MEDIUM, at, slope
from simulators.plants.condensing_unit_said import said
from simulators.plants.condensing_unit_state import CondensingUnit, Plan, liquid, power
from simulators.plants.kinds import KINDS
from simulators.plants.protection import AT_EASE
from simulators.plants.surroundings import Surroundings

__all__ = ["FAULTS", "CondensingUnit", "feed", "power", "said", "start", "step"]

FAULTS = frozenset(
    {
        "refrigerant_leak_slow",
        "refrigerant_leak_fast",
        "condenser_fouled",
        "condenser_fan_dead",
        "compressor_dead",
        "short_cycling",
        "compressor_locked",
    }
)

_TOGETHER = 0.85  # of the sum of its cases' compressors: they never all run flat out at once
_SUCTION_LAG, _CONDENSER_LAG = 90.0, 120.0  # s
_SLOWEST = 0.3  # of full speed
_HEAD_PRESSURE_HELD = 27.0  # °C condensing below which the fans slow down
_TOO_HIGH, _HOTTEST = 62.0, 75.0  # °C condensing; 62 are 30 bar of R404A
_STOPS_BELOW, _STARTS_ABOVE = 5.0, 2.0  # K under and over the suction set point
_REST, _SHORT_REST = 180.0, 45.0  # s
_DRIFTED = 1.0  # K over the set point at which a drifted pressure switch already stops it
_FAN_SHARE = 0.15  # W of fan per W/K of condenser
_HOUR, _HALF = 3600.0, 0.5
_DRAUGHT = 0.15  # of the air that the fans blow comes without them
_ALONE = ("open_chiller",)
_NOISE = 0.2  # K


class _Run(NamedTuple):
    """What the compressor does: share of full speed, °C where suction settles, W drawn and taken."""

    speed: float
    boils: float
    drawn: float
    electric: float


class _Causes(NamedTuple):
    """Shares that are left of charge, condenser and fans; `narrow` is how much of the pressure band is lost."""

    charge: float = 1.0
    condenser: float = 1.0
    fan: float = 1.0
    dead: bool = False
    starts_fail: bool = False
    narrow: float = 0.0


_NONE = _Causes()


def start(duties: Sequence[str]) -> CondensingUnit:
    """A unit, long settled, of the size for cases of those duties. KeyError: no such duty."""
    machines = [KINDS[duty].machine for duty in duties or _ALONE]
    low = any(machine.map is LOW for machine in machines)
    plan = Plan(
        map=LOW if low else MEDIUM,
        size=_TOGETHER * sum(machine.size for machine in machines),
        condenser=1.1 * sum(machine.condenser for machine in machines),
        suction=-35.0 if low else -13.0,
        lowest=-46.0 if low else -28.0,
    )
    return CondensingUnit(
        plan,
        plan.suction,
        40.0,
        0.6,
        True,
        600.0,
        1.0,
        0.0,
        0.0,
        30.0,
        AT_EASE,
        False,
        False,
        False,
        8043,
        15210.0,
        0.0,
    )


def step(
    unit: CondensingUnit, seconds: float, around: Surroundings, faults: Mapping[str, float], draws: Iterable[Draw]
) -> CondensingUnit:
    """The unit `seconds` later, the valves of its cases standing as `draws` say."""
    plan, causes = unit.plan, _causes_of(faults)
    hangs, coil = _load(unit, draws)
    guard = protection.wait(unit.guard, seconds) if faults else AT_EASE
    low = liquid(causes.charge) <= 0.0
    called = around.supply_ok and not low and protection.allows(guard) and _calls(unit, hangs, causes.narrow)
    overload = called and causes.starts_fail
    if overload:
        guard, called = protection.trip(guard), False
    turns = called and not causes.dead
    run = _compress(unit, hangs, coil, causes.narrow > 0.5) if turns else _Run(0.0, coil, 0.0, 0.0)
    boils = plan.lowest if low else max(plan.lowest, run.boils)
    condensing = _condensing(unit, run, causes, around.outdoor, seconds)
    high = condensing > _TOO_HIGH
    if high and turns:
        guard = protection.trip(guard)
    kept = not protection.allows(guard)
    return CondensingUnit(
        plan,
        boils + (unit.evaporating - boils) * exp(-seconds / _SUCTION_LAG),
        condensing,
        run.speed,
        called,
        unit.since + seconds if called is unit.called else seconds,
        causes.charge,
        run.electric + _FAN_SHARE * plan.condenser * causes.fan * turns,
        run.drawn,
        around.outdoor,
        guard,
        low,
        high or (unit.high and kept),
        overload or (unit.overload and kept),
        unit.starts + (turns and unit.speed <= 0.0),
        unit.hours + (seconds / _HOUR if turns else 0.0),
        around.jitter(_NOISE),
    )


def feed(unit: CondensingUnit) -> Feed:
    """What the valves of its cases get."""
    return Feed(unit.evaporating, liquid(unit.charge), unit.speed > 0.0)


def _causes_of(faults: Mapping[str, float]) -> _Causes:
    if not faults:
        return _NONE
    has = faults.get
    return _Causes(
        charge=1.0 - max(has("refrigerant_leak_slow", 0.0), has("refrigerant_leak_fast", 0.0)),
        condenser=1.0 - 0.7 * has("condenser_fouled", 0.0),
        fan=_DRAUGHT if has("condenser_fan_dead", 0.0) >= _HALF else 1.0,
        dead=has("compressor_dead", 0.0) >= _HALF,
        starts_fail=has("compressor_locked", 0.0) >= _HALF,
        narrow=has("short_cycling", 0.0),
    )


def _load(unit: CondensingUnit, draws: Iterable[Draw]) -> tuple[float, float]:
    """W/K that hang on the suction, and the °C of the coils behind them."""
    hangs = warm = 0.0
    for conductance, coil in draws:
        hangs += conductance
        warm += conductance * coil
    return hangs, warm / hangs if hangs > 0.0 else unit.evaporating


def _calls(unit: CondensingUnit, hangs: float, narrow: float) -> bool:
    """Pumps down when no valve is open or the slowest speed is too much, and starts again when pressure has risen."""
    over = unit.evaporating - unit.plan.suction
    if unit.called:
        return over > -_STOPS_BELOW + (_STOPS_BELOW + _DRIFTED) * narrow
    rest = _REST + (_SHORT_REST - _REST) * narrow
    return hangs > 0.0 and unit.since >= rest and over > _STARTS_ABOVE


def _compress(unit: CondensingUnit, hangs: float, coil: float, flat_out: bool) -> _Run:
    """The speed that would hold the suction set point, and where suction settles at the speed that it can turn."""
    plan = unit.plan
    known, condensing = plan.map, unit.condensing
    around = min(known.warmest, max(known.coldest, unit.evaporating))
    can = plan.size * at(known.capacity, plan.suction, condensing)
    speed = 1.0 if flat_out else min(1.0, max(_SLOWEST, hangs * (coil - plan.suction) / can))
    grows = plan.size * max(100.0, slope(known.capacity, around, condensing))
    gives = plan.size * at(known.capacity, around, condensing)
    boils = (hangs * coil - speed * (gives - grows * around)) / (hangs + speed * grows)
    drawn = max(0.0, hangs * (coil - boils))
    return _Run(speed, boils, drawn, speed * plan.size * at(known.power, around, condensing))


def _condensing(unit: CondensingUnit, run: _Run, causes: _Causes, outdoor: float, seconds: float) -> float:
    settles = outdoor
    if run.speed > 0.0:
        leaves = unit.plan.condenser * causes.condenser * causes.fan
        settles = max(_HEAD_PRESSURE_HELD, outdoor + (run.drawn + run.electric) / leaves)
    return min(_HOTTEST, settles + (unit.condensing - settles) * exp(-seconds / _CONDENSER_LAG))
