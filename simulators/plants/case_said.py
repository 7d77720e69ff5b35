"""What the controller of a case says of it: every point of the catalogue that one of the profiles could ask for."""

from __future__ import annotations

from edge_agent.contract.readings import Value
from simulators.plants import case_controller as control
from simulators.plants import plug_in
from simulators.plants.case_causes import Causes
from simulators.plants.case_state import LIFT, Case

_HOT_CONDENSER = 65.0  # °C
_SUPERHEAT = 7.0  # K that a well-fed valve holds
_STARVED_SUPERHEAT = 24.0  # K more when hardly any liquid comes
_STARVED_END = 0.6  # how far the coil's end, where its probe sits, is then warmed by the air
_VALVE = 55.0  # % open at full feed


def said(case: Case) -> dict[str, Value]:
    """With its probe lost a controller keeps the last temperature, so that only the probe's flag betrays it: no
    sentinel is documented for an EKC, and this is the answer that misleads most."""
    return _temperatures(case) | _refrigerant(case) | _set_points(case) | _outputs(case) | _alarms(case)


def _temperatures(case: Case) -> dict[str, Value]:
    controller, cabinet, causes = case.controller, case.cabinet, case.causes
    still = controller.probe_lost or causes.probe_stuck
    air = controller.air if still else controller.air + case.noise
    coil = _coil_end(case) - case.noise
    off = cabinet.air - LIFT * case.blown * (cabinet.air - cabinet.coil) + case.noise
    return {
        "temp.control": air,
        "temp.air_on": air,
        "temp.air_off": off,
        "temp.alarm_air": air,
        "temp.display": air,
        "temp.product": cabinet.pack + case.noise / 2,
        "temp.evaporator": coil + causes.slipped * (cabinet.food - coil),
        "temp.probe1": air,
        "temp.probe2": coil + causes.slipped * (cabinet.food - coil),
        "temp.probe3": off,
        "temp.condenser": case.circuit.condensing if case.circuit else 30.0,
    }


def _refrigerant(case: Case) -> dict[str, Value]:
    fed = _fed(case)
    circuit = case.circuit
    boils = circuit.evaporating if circuit else case.feed.evaporating
    runs = case.drive.compressor
    superheat = _SUPERHEAT + _STARVED_SUPERHEAT * (1.0 - fed) if runs else 0.0
    values: dict[str, Value] = {
        "temp.evaporating": boils,
        "temp.suction_gas": boils + superheat,
        "superheat": superheat,
        "sp.superheat": _SUPERHEAT,
        "out.valve_pct": min(100.0, _VALVE / max(0.3, fed)) if runs else 0.0,
    }
    if circuit:
        values["counter.compressor_starts"] = float(circuit.starts)
        values["counter.compressor_hours"] = circuit.hours
    return values


def _set_points(case: Case) -> dict[str, Value]:
    settings, controller = case.kind.settings, case.controller
    cutout = settings.cutout + controller.shift
    longest = case.causes.wishes.longest_defrost or settings.defrost_longest
    return {
        "sp.effective": cutout,
        "sp.cutout": cutout,
        "sp.cutin": cutout + settings.differential,
        "sp.diff": settings.differential,
        "sp.min": settings.cutout - 5.0,
        "sp.max": settings.cutout + 15.0,
        "limit.high": settings.alarm_above,
        "limit.low": settings.alarm_below,
        "limit.alarm_delay": settings.alarm_after / 60.0,
        "defrost.end_temp": settings.defrost_end,
        "defrost.last_temp": controller.last_end,
        "defrost.interval": settings.defrost_every / 3600.0,
        "defrost.max_time": longest / 60.0,
        "info.order_no": 8523.0,
        "info.sw_version": 2.87,
    }


def _outputs(case: Case) -> dict[str, Value]:
    controller, settings = case.controller, case.kind.settings
    door = controller.door and settings.door_switch
    return {
        "state.mode": controller.mode,
        "defrost.active": controller.mode == "defrost",
        "night.active": not case.lit,
        "in.door": door,
        "in.di1": door,
        "in.di2": case.guard.locked,
        "out.compressor": control.runs_compressor(controller),
        "out.fan": control.runs_fan(controller, settings),
        "out.defrost": control.heats(controller, settings),
        "out.rail_heat": case.kind.build.rail > 0.0,
        "out.light": case.lit,
        "cmd.main_switch": controller.mode != "off",
    }


def _alarms(case: Case) -> dict[str, Value]:
    controller, settings = case.controller, case.kind.settings
    lost = controller.probe_lost
    flags = {
        "alarm.high_temp": control.high_alarm(controller, settings),
        "alarm.low_temp": control.low_alarm(controller, settings),
        "alarm.door_open": control.door_alarm(controller, settings),
        "alarm.probe_control": lost,
        "alarm.probe_air_on": lost,
        "alarm.probe1": lost,
        "alarm.probe_air_off": False,
        "alarm.probe_evaporator": False,
        "alarm.defrost_timeout": controller.defrost_timed_out and settings.defrost != "off_cycle",
        "alarm.condenser_hot": case.circuit is not None and case.circuit.condensing > _HOT_CONDENSER,
        "alarm.external": case.guard.locked,
        "alarm.controller": False,
        "alarm.clock": False,
    }
    sounding = any(flags.values())
    return {**flags, "alarm.any": sounding, "out.alarm": sounding}


def _coil_end(case: Case) -> float:
    """The last tubes of a starved coil see gas instead of liquid."""
    cabinet = case.cabinet
    if not case.drive.compressor:
        return cabinet.coil
    return cabinet.coil + (1.0 - _fed(case)) * _STARVED_END * (cabinet.air - cabinet.coil)


def _fed(case: Case) -> float:
    causes: Causes = case.causes
    return plug_in.fed_share(causes.charge) if case.circuit else case.feed.liquid
