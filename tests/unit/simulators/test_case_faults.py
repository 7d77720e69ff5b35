"""Each fault of a cabinet shows its own physical signature, and not that of another."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simulators.faults import KINDS as FAULT_KINDS
from simulators.plants import case
from simulators.plants.case import Case
from simulators.plants.case_causes import FAULTS
from simulators.plants.kinds import KINDS
from tests.unit.simulators.lived_cases import DUTIES, duty_of, hours, kwh_a_day, lived, mean, settled, starts_per_hour

COOLED = ("freezer", "open_chiller", "chiller", "island_freezer", "cold_room")
WITH_HEATER = ("freezer", "cold_room", "island_freezer")


def said(lives: Sequence[Case], point: str) -> list[float]:
    return [float(case.said(one)[point]) for one in lives]


def running(lives: Sequence[Case]) -> list[Case]:
    return [one for one in lives if one.drive.compressor]


def minutes_to_limit(duty: str, fault: str) -> float:
    """inf where the product stays in its class for two days."""
    lives = hours(settled(duty, cooling=True), 48, {fault: 1.0})
    limit = case.product_limit(lives[0])
    return next((float(number) for number, one in enumerate(lives) if case.product(one) > limit), float("inf"))


def test_every_fault_file_of_a_cabinet_has_its_physics() -> None:
    files = {kind.name for kind in FAULT_KINDS if kind.on == "refrigeration_case"}
    assert files <= FAULTS


@pytest.mark.parametrize("fault", sorted(kind.name for kind in FAULT_KINDS if kind.on == "refrigeration_case"))
def test_a_fault_changes_the_cabinet_and_its_repair_heals_it(fault: str) -> None:
    duty = next(duty for duty in DUTIES if all(k.fits(k.on or "", duty) for k in FAULT_KINDS if k.name == fault))
    start = settled(duty)
    broken, well = hours(start, 30, {fault: 1.0}), hours(start, 30)
    assert broken[-1] != well[-1]
    healed = hours(broken[-1], 30)
    assert case.product(healed[-1]) < case.product_limit(healed[-1])
    assert not case.said(healed[-1])["alarm.any"]
    assert duty_of(healed[-360:]) == pytest.approx(duty_of(well[-360:]), abs=0.15)


@pytest.mark.parametrize("duty", COOLED)
def test_a_dead_compressor_leaves_its_relay_on_and_its_coil_as_warm_as_the_air(duty: str) -> None:
    broken = hours(settled(duty, cooling=True), 1, {"compressor_dead": 1.0})[-1]
    assert case.said(broken)["out.compressor"] is True
    assert not broken.drive.compressor
    assert abs(broken.cabinet.coil - broken.cabinet.air) < 2.0
    assert case.power(broken) < 300


def test_a_freezer_without_compressor_warms_fast_at_first_and_then_slowly() -> None:
    start = settled("freezer", cooling=False)
    lives = hours(start, 1.2, {"compressor_dead": 1.0})
    assert 0.2 < (lives[9].cabinet.air - start.cabinet.air) / 10 < 0.5
    assert 0 < (lives[69].cabinet.air - lives[59].cabinet.air) / 10 < 0.12
    assert lives[59].cabinet.food < lives[59].cabinet.air - 4


def test_the_controller_alarms_half_an_hour_after_its_limit() -> None:
    lives = hours(settled("freezer", cooling=False), 3, {"compressor_dead": 1.0})
    too_warm = next(number for number, one in enumerate(lives) if one.controller.air > -12.0)
    alarming = next(number for number, one in enumerate(lives) if case.said(one)["alarm.high_temp"])
    assert 29 <= alarming - too_warm <= 31


def test_a_locked_compressor_tells_an_input_and_a_dead_one_does_not() -> None:
    start = settled("chiller", cooling=True)
    locked = hours(start, 1, {"compressor_locked": 1.0})
    assert sum(case.said(one)["in.di2"] is True for one in locked) > 40
    assert not locked[-1].drive.compressor
    assert case.said(hours(start, 1, {"compressor_dead": 1.0})[-1])["in.di2"] is False


@pytest.mark.parametrize("duty", COOLED)
def test_a_leak_lowers_suction_raises_superheat_and_lengthens_runs(duty: str) -> None:
    start = settled(duty)
    well, leaking = hours(start, 24), hours(start, 24, {"refrigerant_leak_slow": 0.6})
    assert mean(said(running(leaking), "temp.evaporating")) < mean(said(running(well), "temp.evaporating")) - 2
    assert mean(said(running(leaking), "superheat")) > 20 > mean(said(running(well), "superheat"))
    assert duty_of(leaking) > 1.1 * duty_of(well)
    ends = [mean(said(running(lives), "temp.evaporator")) for lives in (leaking, well)]
    assert ends[0] > ends[1]


def test_a_small_leak_is_not_yet_seen_and_a_great_one_is_like_no_compressor() -> None:
    start = settled("freezer")
    assert duty_of(hours(start, 12, {"refrigerant_leak_slow": 0.1})) == pytest.approx(
        duty_of(hours(start, 12)), abs=0.03
    )
    empty = hours(start, 4, {"refrigerant_leak_fast": 0.95})[-1]
    assert empty.cabinet.air > -10
    assert 300 < case.power(empty) < 600


@pytest.mark.parametrize("duty", COOLED)
def test_short_cycling_starts_far_more_often_and_warms_the_goods(duty: str) -> None:
    start = settled(duty)
    well, short = hours(start, 12, seconds=10.0), hours(start, 12, {"short_cycling": 1.0}, seconds=10.0)
    assert starts_per_hour(short, 10.0) > max(9.0, 2.0 * starts_per_hour(well, 10.0))
    assert short[-1].cabinet.food > well[-1].cabinet.food + 0.5


@pytest.mark.parametrize("duty", COOLED)
def test_a_dead_fan_freezes_the_coil_and_warms_the_air(duty: str) -> None:
    start = settled(duty, cooling=True)
    broken = hours(start, 2, {"evaporator_fan_dead": 1.0})
    assert min(one.cabinet.coil for one in broken) < start.cabinet.coil - 5
    assert duty_of(broken) > 0.7
    assert case.said(broken[-1])["out.fan"] is True
    assert not broken[-1].drive.fan


@pytest.mark.parametrize("duty", ["freezer", "open_chiller", "island_freezer", "cold_room"])
def test_an_iced_coil_is_colder_than_the_air_by_far_though_its_fan_turns(duty: str) -> None:
    start = settled(duty)
    well, iced = running(hours(start, 24)), running(hours(start, 24, {"evaporator_iced": 0.6}))
    spans = [mean([one.cabinet.air - one.cabinet.coil for one in lives]) for lives in (well, iced)]
    assert spans[1] > spans[0] + 5
    assert iced[-1].drive.fan


@pytest.mark.parametrize("duty", WITH_HEATER)
def test_a_dead_heater_lets_every_defrost_run_into_its_longest_time(duty: str) -> None:
    start = settled(duty)
    lives = hours(start, 50, {"defrost_heater_dead": 1.0})
    assert case.said(lives[-1])["alarm.defrost_timeout"] is True
    defrosting = [one for one in lives if one.controller.mode == "defrost"]
    assert max(one.cabinet.coil for one in defrosting) < KINDS[duty].settings.defrost_end
    assert sorted(map(case.power, defrosting))[len(defrosting) // 2] < 300


def test_frost_that_no_heater_melts_closes_a_freezer_within_a_week() -> None:
    lives = hours(settled("freezer"), 7 * 24, {"defrost_heater_dead": 1.0})
    assert lives[-1].cabinet.frost > KINDS["freezer"].build.frost_half
    assert duty_of(lives[-480:]) > duty_of(lives[:480]) + 0.1


@pytest.mark.parametrize("duty", WITH_HEATER)
def test_an_unending_defrost_heats_for_hours(duty: str) -> None:
    lives = hours(settled(duty), 30, {"defrost_never_terminates": 1.0})
    longest = max(one.controller.in_mode for one in lives if one.controller.mode == "defrost")
    assert longest > 1.2 * 3600
    assert max(one.cabinet.air for one in lives) > KINDS[duty].settings.cutout + 6


@pytest.mark.parametrize("duty", COOLED)
def test_missed_defrosts_are_missed_and_frost_stays(duty: str) -> None:
    lives = hours(settled(duty), 60, {"missed_defrosts": 1.0})
    assert not any(one.controller.mode == "defrost" for one in lives)
    if duty == "freezer":
        assert lives[-1].cabinet.frost > 1.5


@pytest.mark.parametrize("duty", ["freezer", "cold_room"])
def test_an_open_door_is_seen_by_its_switch_and_warms_the_air_before_a_cold_coil(duty: str) -> None:
    lives = hours(settled(duty), 2, {"door_left_open": 1.0})
    assert case.said(lives[5])["in.door"] is True
    assert lives[40].cabinet.air > lives[0].cabinet.air + 4
    assert lives[40].cabinet.coil < lives[40].cabinet.air - 3
    assert case.said(lives[-1])["alarm.door_open"] is True


def test_a_blocked_curtain_doubles_the_work_and_the_frost() -> None:
    start = settled("open_chiller")
    well, blocked = hours(start, 12), hours(start, 12, {"curtain_blocked": 0.6})
    assert kwh_a_day(blocked) > 1.4 * kwh_a_day(well)
    assert minutes_to_limit("open_chiller", "curtain_blocked") < 12 * 60


@pytest.mark.parametrize("duty", COOLED)
def test_a_changed_set_point_is_said_and_obeyed(duty: str) -> None:
    lives = hours(settled(duty), 24, {"set_point_changed": 1.0})
    settings, raised = KINDS[duty].settings, KINDS[duty].raised_by
    assert case.said(lives[-1])["sp.cutout"] == settings.cutout + raised
    assert lives[-1].cabinet.food > settings.cutout + raised


@pytest.mark.parametrize("fault", ["probe_open", "probe_short"])
def test_a_lost_probe_raises_its_flag_keeps_the_last_value_and_cools_by_the_clock(fault: str) -> None:
    before = settled("freezer")
    broken = hours(before, 6, {fault: 1.0})
    last = case.said(broken[-1])
    assert last["alarm.probe_air_on"] is last["alarm.probe_control"] is last["alarm.any"] is True
    assert last["temp.control"] == before.controller.air
    assert last["state.mode"] == "emergency"
    assert duty_of(broken) == pytest.approx(0.5, abs=0.05)
    assert case.said(hours(broken[-1], 0.5)[-1])["alarm.any"] is False


@pytest.mark.parametrize(("cooling", "grows"), [(True, -2.0), (False, 2.0)])
def test_a_stuck_probe_says_one_value_and_the_cabinet_runs_away(cooling: bool, grows: float) -> None:
    mode = "cooling" if cooling else "idle"
    start = next(
        one
        for one in lived(settled("cold_room"))
        if 2.5 < one.cabinet.air < 3.5 and one.controller.mode == mode and one.controller.defrost_in > 7200
    )
    lives = hours(start, 1.5, {"probe_stuck": 1.0})
    assert len(set(said(lives, "temp.control"))) == 1
    assert {one.controller.mode for one in lives} == {mode}
    assert (lives[-1].cabinet.air - start.cabinet.air) * grows > 2


def test_a_drifting_probe_hides_a_warm_cabinet() -> None:
    lives = hours(settled("chiller"), 24, {"probe_drifting": 1.0})
    settings = KINDS["chiller"].settings
    assert max(said(lives[-600:-400], "temp.control")) < settings.cutout + settings.differential + 2
    assert case.product(lives[-1]) > 7.0
    assert mean(said(running(lives), "temp.air_off")) > 4.0


def test_what_leads_the_product_out_of_its_class_takes_its_time() -> None:
    minutes = {fault: minutes_to_limit("freezer", fault) for fault in ("compressor_dead", "door_left_open")}
    assert 20 < minutes["door_left_open"] < minutes["compressor_dead"] < 240
    assert minutes_to_limit("open_chiller", "compressor_dead") > 20
    assert minutes_to_limit("cold_room", "compressor_dead") > 90
