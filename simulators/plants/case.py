"""A refrigeration case: the cabinet, its controller and its doors, and what the controller says of them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from edge_agent.contract.readings import Value
from simulators.plants import cabinet as heat
from simulators.plants import case_controller as control
from simulators.plants.cabinet import Cabinet, Drive
from simulators.plants.case_controller import Controller, Probes
from simulators.plants.kinds import KINDS, Kind
from simulators.plants.surroundings import Surroundings

FAULTS = frozenset({"compressor_dead", "evaporator_fan_dead", "door_left_open", "probe_open"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`drive` is what really runs; `door_shuts_in` counts the seconds until a customer lets go of the door."""

    kind: Kind
    cabinet: Cabinet
    controller: Controller
    drive: Drive
    door_shuts_in: float = 0.0


def start(duty: str, defrost_in: float | None = None) -> Case:
    """A case of that duty, long settled, whose next defrost comes in `defrost_in` seconds. KeyError: no such duty."""
    kind = KINDS[duty]
    settings = kind.settings
    middle = settings.cutout + settings.differential / 2
    due = kind.first_defrost if defrost_in is None else defrost_in
    frost = kind.build.frost * max(0.0, settings.defrost_every - due) / 4  # much of it melts again in each pause
    return Case(
        kind=kind,
        cabinet=Cabinet(air=middle, food=middle + 0.3, coil=middle - 4.0, frost=frost),
        controller=Controller(mode="cooling", air=middle, coil=middle - 4.0, defrost_in=due),
        drive=Drive(compressor=True, fan=True, heater=False, door=False),
    )


def step(case: Case, seconds: float, around: Surroundings, faults: AbstractSet[str] = frozenset()) -> Case:
    door = _door_shuts_in(case, seconds, around)
    open_now = door > 0 or "door_left_open" in faults
    seen = None if "probe_open" in faults else case.cabinet.air + around.jitter(0.1)
    controller = control.decide(
        case.controller, case.kind.settings, seconds, Probes(air=seen, coil=case.cabinet.coil, door=open_now)
    )
    drive = _drive(control.relays(controller, case.kind.settings), open_now, faults)
    return replace(
        case,
        cabinet=heat.step(case.cabinet, case.kind.build, seconds, around.room, drive),
        controller=controller,
        drive=drive,
        door_shuts_in=door,
    )


def power(case: Case) -> float:
    """W taken from the mains."""
    return heat.electric_power(case.kind.build, case.drive)


def said(case: Case) -> dict[str, Value]:
    """Every point of the catalogue that an EKC could be asked for. With its probe lost it keeps the last temperature,
    so that only the probe's flag betrays it: no sentinel is documented, and this is the answer that misleads most."""
    return _temperatures(case) | _set_points(case) | _outputs(case) | _alarms(case)


def _drive(relays: Drive, door: bool, faults: AbstractSet[str]) -> Drive:
    return Drive(
        compressor=relays.compressor and "compressor_dead" not in faults,
        fan=relays.fan and "evaporator_fan_dead" not in faults,
        heater=relays.heater,
        door=door,
    )


def _door_shuts_in(case: Case, seconds: float, around: Surroundings) -> float:
    if case.door_shuts_in > 0:
        return max(0.0, case.door_shuts_in - seconds)
    likelihood = case.kind.openings * around.customers_per_hour * seconds / 3600.0
    return case.kind.open_for if around.chance < likelihood else 0.0


def _temperatures(case: Case) -> dict[str, Value]:
    air, coil = case.controller.air, case.controller.coil
    return {
        "temp.control": air,
        "temp.air_on": air,
        "temp.air_off": (air + coil) / 2 if case.drive.fan else air,
        "temp.alarm_air": air,
        "temp.display": air,
        "temp.product": case.cabinet.food,
        "temp.evaporator": coil,
        "temp.condenser": 45.0 if case.drive.compressor else 30.0,
    }


def _set_points(case: Case) -> dict[str, Value]:
    settings = case.kind.settings
    return {
        "sp.effective": settings.cutout,
        "sp.cutout": settings.cutout,
        "sp.diff": settings.differential,
        "limit.high": settings.alarm_above,
        "limit.low": settings.alarm_below,
        "defrost.end_temp": settings.defrost_end,
        "defrost.interval": settings.defrost_every / 3600.0,
        "defrost.max_time": settings.defrost_longest / 60.0,
        "info.order_no": 8523.0,
        "info.sw_version": 2.87,
    }


def _outputs(case: Case) -> dict[str, Value]:
    relays = control.relays(case.controller, case.kind.settings)
    door = case.controller.door
    return {
        "state.mode": case.controller.mode,
        "defrost.active": case.controller.mode == "defrost",
        "night.active": False,
        "in.door": door,
        "in.di1": door,
        "in.di2": False,
        "out.compressor": relays.compressor,
        "out.fan": relays.fan,
        "out.defrost": relays.heater,
        "out.rail_heat": True,
        "out.light": True,
    }


def _alarms(case: Case) -> dict[str, Value]:
    controller, settings = case.controller, case.kind.settings
    lost = controller.probe_lost
    flags = {
        "alarm.high_temp": control.high_alarm(controller, settings),
        "alarm.low_temp": control.low_alarm(controller, settings),
        "alarm.door_open": False,
        "alarm.probe_control": lost,
        "alarm.probe_air_on": lost,
        "alarm.probe_air_off": False,
        "alarm.probe_evaporator": False,
        "alarm.defrost_timeout": controller.defrost_timed_out and not settings.fan_in_defrost,
        "alarm.controller": False,
        "alarm.clock": False,
    }
    sounding = any(flags.values())
    return {**flags, "alarm.any": sounding, "out.alarm": sounding}
