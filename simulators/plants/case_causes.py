"""What a fault or a disturbance does to a cabinet's physics and electronics; never to what its controller says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulators.plants.case_controller import PLAIN, Wishes
from simulators.plants.kinds import Kind

FAULTS = frozenset(
    {
        "refrigerant_leak_slow",
        "refrigerant_leak_fast",
        "compressor_dead",
        "short_cycling",
        "compressor_locked",
        "evaporator_fan_dead",
        "evaporator_iced",
        "defrost_heater_dead",
        "defrost_never_terminates",
        "missed_defrosts",
        "door_left_open",
        "curtain_blocked",
        "set_point_changed",
        "probe_open",
        "probe_short",
        "probe_stuck",
        "probe_drifting",
        "condenser_fouled",
        "condenser_fan_dead",
    }
)
DISTURBANCES = frozenset(
    {"fans_off_by_staff", "set_point_turned", "controller_restart", "cleaning_switched_off", "case_cleaning"}
)

_DRIFTS_BY = -6.0  # K: a corroded contact in series with an NTC makes it read colder than it is
_CURTAIN_LETS_IN = 0.9  # times as much more warm air where goods stand in the curtain's way
_ICE_BLOCKS = 5.0  # times the frost that halves the air's way
_UNENDING = 3 * 3600.0  # s: the longest defrost that an EKC can be set to
_SLIPPED_PROBE = 0.88  # how much a defrost probe feels the goods that has slipped out of the fins onto them
_TURNED_BY = 1.0  # K
_HALF = 0.5


class Causes(NamedTuple):
    """Shares of what is whole, except: `door` and `slipped` are shares of what is wrong, `offset` in K, `kept_ice` in
    kg, `bare_probe` the share of outlet air that the thermostat's probe feels."""

    airflow: float = 1.0
    heater: float = 1.0
    compressor: bool = True
    starts_fail: bool = False
    charge: float = 1.0
    condenser: float = 1.0
    kept_ice: float = 0.0
    leak: float = 1.0
    door: float = 0.0
    probe_lost: bool = False
    probe_stuck: bool = False
    offset: float = 0.0
    bare_probe: float = 0.0
    slipped: float = 0.0
    wishes: Wishes = PLAIN


NONE = Causes()


def causes_of(faults: Mapping[str, float], kind: Kind, switched_off: bool) -> Causes:
    """`faults` are those and the disturbances alike, by severity 0..1."""
    if not faults and not switched_off:
        return NONE
    has = faults.get
    blocked = has("curtain_blocked", 0.0)
    leak = max(has("refrigerant_leak_slow", 0.0), has("refrigerant_leak_fast", 0.0))
    stopped = _broken(max(has("evaporator_fan_dead", 0.0), has("fans_off_by_staff", 0.0)))
    unending = has("defrost_never_terminates", 0.0)
    return Causes(
        airflow=(1.0 - stopped) * (1.0 - 0.25 * blocked),
        heater=1.0 - _broken(has("defrost_heater_dead", 0.0)),
        compressor=has("compressor_dead", 0.0) < _HALF,
        starts_fail=has("compressor_locked", 0.0) >= _HALF,
        charge=1.0 - leak,
        condenser=(1.0 - 0.75 * has("condenser_fouled", 0.0)) * (1.0 - 0.85 * _broken(has("condenser_fan_dead", 0.0))),
        kept_ice=has("evaporator_iced", 0.0) * _ICE_BLOCKS * kind.build.frost_half,
        leak=1.0 + _CURTAIN_LETS_IN * blocked,
        door=has("door_left_open", 0.0),
        probe_lost=has("probe_open", 0.0) >= _HALF or has("probe_short", 0.0) >= _HALF,
        probe_stuck=has("probe_stuck", 0.0) >= _HALF,
        offset=_DRIFTS_BY * has("probe_drifting", 0.0),
        bare_probe=has("short_cycling", 0.0),
        slipped=_SLIPPED_PROBE * _broken(unending),
        wishes=_wishes(faults, kind, switched_off),
    )


def _broken(severity: float) -> float:
    """What turns or heats does so or does not; below half a few of several are gone."""
    return 1.0 if severity >= _HALF else severity


def _wishes(faults: Mapping[str, float], kind: Kind, switched_off: bool) -> Wishes:
    has = faults.get
    wishes = Wishes(
        shift=kind.raised_by * has("set_point_changed", 0.0) + _TURNED_BY * has("set_point_turned", 0.0),
        cleaning="case_cleaning" in faults,
        off=switched_off or "cleaning_switched_off" in faults,
        restarting="controller_restart" in faults,
        no_defrost=has("missed_defrosts", 0.0) >= _HALF,
        longest_defrost=_UNENDING if has("defrost_never_terminates", 0.0) >= _HALF else 0.0,
        no_rest=has("short_cycling", 0.0) > 0.0,
    )
    return PLAIN if wishes == PLAIN else wishes
