"""The electronic controller of a cabinet: thermostat, defrost and alarms, deciding only on what its probes tell.

Sequence and names follow the EKC family as its register list shows them (control states 0, 4, 11, 14, 15, 20; d02 to
d07; A03, A12, A13): electric or off-cycle defrost by interval, ended by the coil probe or by time, then dripping, then
the fan delay. With its air probe lost, the controller cools by the clock (state 20) and alarms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simulators.plants.cabinet import Drive

Mode = str
"""A word of the catalogue's state.mode: cooling, idle, defrost, drip, fan_delay, emergency."""

_EMERGENCY_CYCLE = 1200.0  # s; on for one half of it, an assumption: the real one averages its past running time


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """°C, K, s. `fan_in_defrost` is the off-cycle kind, which melts with the cabinet's own air."""

    cutout: float
    differential: float
    defrost_every: float
    defrost_end: float
    defrost_longest: float
    fan_in_defrost: bool
    drip: float
    fan_delay: float
    fan_below: float
    alarm_above: float
    alarm_below: float
    alarm_after: float = 1800.0
    alarm_after_defrost: float = 5400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What the controller's inputs say; `air` is None while that probe is broken."""

    air: float | None
    coil: float
    door: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """`in_mode` and the other times are seconds; `air` is the last temperature that the air probe gave."""

    mode: Mode
    air: float
    coil: float
    in_mode: float = 0.0
    defrost_in: float = 0.0
    too_warm_for: float = 0.0
    too_cold_for: float = 0.0
    recovering: bool = False
    probe_lost: bool = False
    door: bool = False
    defrost_timed_out: bool = False


def decide(controller: Controller, settings: Settings, seconds: float, probes: Probes) -> Controller:
    """The controller `seconds` later, having looked at its probes once."""
    seen = _look(controller, settings, seconds, probes)
    mode = _next_mode(seen, settings)
    if mode == seen.mode:
        return seen
    begins = mode == "defrost"
    timed_out = seen.mode == "defrost" and seen.coil < settings.defrost_end
    return replace(
        seen,
        mode=mode,
        in_mode=0.0,
        defrost_in=settings.defrost_every if begins else seen.defrost_in,
        recovering=begins or seen.recovering,
        defrost_timed_out=timed_out if seen.mode == "defrost" else seen.defrost_timed_out,
    )


def relays(controller: Controller, settings: Settings) -> Drive:
    """What the output relays ask for (`door` is no relay and stays False)."""
    mode = controller.mode
    emergency_run = controller.in_mode % _EMERGENCY_CYCLE < _EMERGENCY_CYCLE / 2
    return Drive(
        compressor=mode in {"cooling", "fan_delay"} or (mode == "emergency" and emergency_run),
        fan=mode in {"cooling", "idle", "emergency"} or settings.fan_in_defrost,
        heater=mode == "defrost" and not settings.fan_in_defrost,
        door=False,
    )


def high_alarm(controller: Controller, settings: Settings) -> bool:
    after = settings.alarm_after_defrost if controller.recovering else settings.alarm_after
    return controller.too_warm_for >= after


def low_alarm(controller: Controller, settings: Settings) -> bool:
    return controller.too_cold_for >= settings.alarm_after


def _look(controller: Controller, settings: Settings, seconds: float, probes: Probes) -> Controller:
    air = controller.air if probes.air is None else probes.air
    lost = probes.air is None
    return replace(
        controller,
        air=air,
        coil=probes.coil,
        door=probes.door,
        probe_lost=lost,
        in_mode=controller.in_mode + seconds,
        defrost_in=max(0.0, controller.defrost_in - seconds),
        too_warm_for=controller.too_warm_for + seconds if air > settings.alarm_above and not lost else 0.0,
        too_cold_for=controller.too_cold_for + seconds if air < settings.alarm_below and not lost else 0.0,
        recovering=controller.recovering and air > settings.cutout + settings.differential,
    )


def _next_mode(controller: Controller, settings: Settings) -> Mode:
    match controller.mode:
        case "defrost":
            ended = controller.coil >= settings.defrost_end or controller.in_mode >= settings.defrost_longest
            return "drip" if ended else "defrost"
        case "drip":
            return "fan_delay" if controller.in_mode >= settings.drip else "drip"
        case "fan_delay":
            cold = controller.coil <= settings.fan_below or controller.in_mode >= settings.fan_delay
            return "cooling" if cold else "fan_delay"
    if controller.defrost_in <= 0:
        return "defrost"
    if controller.probe_lost:
        return "emergency"
    return _thermostat(controller, settings)


def _thermostat(controller: Controller, settings: Settings) -> Mode:
    if controller.air <= settings.cutout:
        return "idle"
    if controller.air >= settings.cutout + settings.differential or controller.mode == "emergency":
        return "cooling"
    return controller.mode
