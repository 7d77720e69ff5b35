"""The electronic controller of a cabinet: thermostat, defrost and alarms, deciding only on what its probes tell.

Sequence and names follow the EKC family as its register list shows them (control states 0, 3, 4, 10, 11, 14, 15, 20,
29, 32; d02 to d07; A03, A04, A12, A13): defrost by interval, ended by the coil probe or by time, then dripping, then
the fan delay. With its air probe lost, the controller cools by the clock (state 20) and alarms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

Mode = str
"""A word of the catalogue's state.mode: cooling, idle, defrost, drip, fan_delay, emergency, cleaning, off, standby."""

_EMERGENCY_CYCLE = 1200.0  # s; on for one half of it, an assumption: the real one averages its past running time
_POWER_UP = 120.0  # s of state 32 after a restart
_NEVER = 1e9
_RUNNING = frozenset({"cooling", "idle", "emergency"})
_COOLING = frozenset({"cooling", "fan_delay"})
_BLOWING = frozenset({"cooling", "idle", "emergency", "cleaning"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """°C, K, s. `defrost` is electric, off_cycle (which melts with the cabinet's own air) or hot_gas."""

    cutout: float
    differential: float
    defrost: str
    defrost_every: float
    defrost_end: float
    defrost_longest: float
    drip: float
    fan_delay: float
    fan_below: float
    alarm_above: float
    alarm_below: float
    shortest_rest: float = 180.0
    alarm_after: float = 1800.0
    alarm_after_defrost: float = 5400.0
    door_alarm_after: float = 3600.0
    door_switch: bool = False


class Probes(NamedTuple):
    """What the controller's inputs say; `air` is None while that probe is broken."""

    air: float | None
    coil: float
    door: bool


class Wishes(NamedTuple):
    """What people and circumstances ask of it: K on the set point, its main switch, its clock, its longest defrost."""

    shift: float = 0.0
    cleaning: bool = False
    off: bool = False
    restarting: bool = False
    no_defrost: bool = False
    longest_defrost: float = 0.0
    no_rest: bool = False


PLAIN = Wishes()


class Controller(NamedTuple):
    """`in_mode` and the other times are seconds; `air` is the last temperature that the air probe gave."""

    mode: Mode
    air: float
    coil: float
    in_mode: float
    defrost_in: float
    too_warm_for: float
    too_cold_for: float
    door_for: float
    recovering: bool
    probe_lost: bool
    door: bool
    defrost_timed_out: bool
    last_end: float
    shift: float


def fresh(air: float, coil: float, defrost_in: float) -> Controller:
    return Controller("cooling", air, coil, 0.0, defrost_in, 0.0, 0.0, 0.0, False, False, False, False, coil, 0.0)


def wait(controller: Controller, settings: Settings, wishes: Wishes) -> float:
    """Seconds until its clock will change something, at the soonest."""
    mode, in_mode = controller.mode, controller.in_mode
    if mode in _RUNNING:
        due = _NEVER if wishes.no_defrost else controller.defrost_in
        if mode == "idle" and in_mode < settings.shortest_rest and not wishes.no_rest:
            due = min(due, settings.shortest_rest - in_mode)
        elif mode == "emergency":
            due = min(due, _EMERGENCY_CYCLE / 2 - in_mode % (_EMERGENCY_CYCLE / 2))
        return due if due > 1.0 else 1.0
    ends = {
        "defrost": wishes.longest_defrost or settings.defrost_longest,
        "drip": settings.drip,
        "fan_delay": settings.fan_delay,
        "standby": _POWER_UP,
    }.get(mode, _NEVER)
    return max(1.0, ends - in_mode)


def watched(controller: Controller, settings: Settings) -> tuple[bool, float, bool]:
    """What temperature will change its mode next: of the coil (else of the air), at °C, rising (else falling)."""
    cutout = settings.cutout + controller.shift
    match controller.mode:
        case "cooling":
            return False, cutout, False
        case "idle":
            return False, cutout + settings.differential, True
        case "defrost":
            return True, settings.defrost_end, True
        case "fan_delay":
            return True, settings.fan_below, False
    return False, _NEVER, True


def decide(controller: Controller, settings: Settings, seconds: float, probes: Probes, wishes: Wishes) -> Controller:
    """The controller `seconds` later, having looked at its probes once."""
    mode, air, _, in_mode, defrost_in, warm, cold, door_for, recovering, _, _, timed_out, last_end, _ = controller
    lost = probes.air is None
    if probes.air is not None:
        air = probes.air
    in_mode = 0.0 if wishes.restarting else in_mode + seconds
    if not wishes.no_defrost:
        defrost_in = max(0.0, defrost_in - seconds)
    warm = warm + seconds if air > settings.alarm_above and not lost else 0.0
    cold = cold + seconds if air < settings.alarm_below and not lost else 0.0
    door_for = door_for + seconds if probes.door else 0.0
    if wishes.restarting:
        warm = cold = door_for = 0.0
    cutin = settings.cutout + wishes.shift + settings.differential
    recovering = recovering and air > cutin
    seen = Controller(
        mode,
        air,
        probes.coil,
        in_mode,
        defrost_in,
        warm,
        cold,
        door_for,
        recovering,
        lost,
        probes.door,
        timed_out,
        last_end,
        wishes.shift,
    )
    wanted = _next_mode(seen, settings, wishes, cutin)
    return seen if wanted == mode else _enter(seen, wanted, settings)


def runs_compressor(controller: Controller) -> bool:
    mode = controller.mode
    return mode in _COOLING or (mode == "emergency" and controller.in_mode % _EMERGENCY_CYCLE < _EMERGENCY_CYCLE / 2)


def runs_fan(controller: Controller, settings: Settings) -> bool:
    mode = controller.mode
    return mode in _BLOWING or (settings.defrost == "off_cycle" and mode not in {"off", "standby"})


def heats(controller: Controller, settings: Settings) -> bool:
    return controller.mode == "defrost" and settings.defrost != "off_cycle"


def high_alarm(controller: Controller, settings: Settings) -> bool:
    after = settings.alarm_after_defrost if controller.recovering else settings.alarm_after
    return controller.too_warm_for >= after


def low_alarm(controller: Controller, settings: Settings) -> bool:
    return controller.too_cold_for >= settings.alarm_after


def door_alarm(controller: Controller, settings: Settings) -> bool:
    return settings.door_switch and controller.door_for >= settings.door_alarm_after


def _enter(seen: Controller, mode: Mode, settings: Settings) -> Controller:
    was = seen.mode
    ends = was == "defrost"
    begins = mode == "defrost"
    return seen._replace(
        mode=mode,
        in_mode=0.0,
        defrost_in=settings.defrost_every if begins else seen.defrost_in,
        recovering=seen.recovering or begins or was in {"cleaning", "off", "standby"},
        defrost_timed_out=seen.coil < settings.defrost_end if ends else seen.defrost_timed_out,
        last_end=seen.coil if ends else seen.last_end,
    )


def _next_mode(seen: Controller, settings: Settings, wishes: Wishes, cutin: float) -> Mode:
    mode, in_mode = seen.mode, seen.in_mode
    if wishes is not PLAIN and (ordered := _ordered(wishes)):
        return ordered
    if mode in _RUNNING:
        return _thermostat(seen, settings, wishes, cutin)
    if mode == "defrost":
        ended = seen.coil >= settings.defrost_end or in_mode >= (wishes.longest_defrost or settings.defrost_longest)
        return "drip" if ended else mode
    if mode == "drip":
        return "fan_delay" if in_mode >= settings.drip else mode
    if mode == "fan_delay" and seen.coil > settings.fan_below and in_mode < settings.fan_delay:
        return mode
    return mode if mode == "standby" and in_mode < _POWER_UP else "cooling"


def _ordered(wishes: Wishes) -> Mode | None:
    if wishes.restarting:
        return "standby"
    if wishes.off:
        return "off"
    return "cleaning" if wishes.cleaning else None


def _thermostat(seen: Controller, settings: Settings, wishes: Wishes, cutin: float) -> Mode:
    mode, air = seen.mode, seen.air
    if seen.defrost_in <= 0 and not wishes.no_defrost:
        return "defrost"
    if seen.probe_lost:
        return "emergency"
    if air <= cutin - settings.differential:
        return "idle"
    if mode == "emergency":
        return "cooling"
    if air >= cutin and (seen.in_mode >= settings.shortest_rest or wishes.no_rest):
        return "cooling"
    return mode
