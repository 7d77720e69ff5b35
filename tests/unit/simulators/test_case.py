"""The refrigeration cases behave as technicians know them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice, pairwise

import pytest

from simulators.plants import case
from simulators.plants.case import Case
from simulators.plants.surroundings import Surroundings

AROUND = Surroundings(outdoor=31.0, room=25.0, humidity=55.0, customers_per_hour=40.0, chance=0.5)
MINUTE = 6  # steps of 10 s
HOUR = 60 * MINUTE


def lived(start: Case, *faults: str, busy: bool = False) -> Iterator[Case]:
    """The case after each further step; `busy` draws its chances from a fixed sequence instead of the middle."""
    for step in count():
        chance = (step * 0.61803398875) % 1 if busy else 0.5
        start = case.step(start, 10.0, replace(AROUND, chance=chance), frozenset(faults))
        yield start


def after(start: Case, steps: int, *faults: str) -> Case:
    return next(islice(lived(start, *faults), steps - 1, None))


@pytest.mark.parametrize("duty", ["freezer", "open_chiller", "cold_room"])
def test_it_holds_its_set_point_band_between_defrosts(duty: str) -> None:
    settled = after(case.start(duty, defrost_in=1e6), HOUR)
    airs = [one.cabinet.air for one in islice(lived(settled, busy=True), 6 * HOUR)]
    settings = settled.kind.settings
    assert min(airs) > settings.cutout - 1.0
    assert max(airs) < settings.cutout + settings.differential + 2.0


@pytest.mark.parametrize("duty", ["freezer", "open_chiller", "cold_room"])
def test_its_compressor_runs_about_half_the_time_and_starts_a_few_times_an_hour(duty: str) -> None:
    settled = after(case.start(duty, defrost_in=1e6), HOUR)
    running = [one.drive.compressor for one in islice(lived(settled), 6 * HOUR)]
    starts = sum(now and not before for before, now in pairwise(running))
    assert 0.3 < sum(running) / len(running) < 0.75
    assert 1 < starts / 6 < 9


def test_a_freezer_without_compressor_warms_fast_at_first_and_then_slowly() -> None:
    settled = next(one for one in lived(case.start("freezer")) if one.controller.mode == "idle")
    ten_minutes = after(settled, 10 * MINUTE, "compressor_dead")
    hour = after(settled, HOUR, "compressor_dead")
    later = after(hour, 10 * MINUTE, "compressor_dead")
    assert 0.25 < (ten_minutes.cabinet.air - settled.cabinet.air) / 10 < 0.5
    assert 0 < (later.cabinet.air - hour.cabinet.air) / 10 < 0.1
    assert hour.cabinet.food < hour.cabinet.air - 5


def test_a_dead_compressor_leaves_its_relay_on() -> None:
    broken = after(case.start("freezer"), HOUR, "compressor_dead")
    said = case.said(broken)
    assert said["out.compressor"] is True
    assert not broken.drive.compressor


def test_the_controller_alarms_half_an_hour_after_its_limit() -> None:
    lives = list(islice(lived(case.start("freezer"), "compressor_dead"), 3 * HOUR))
    too_warm = next(step for step, one in enumerate(lives) if one.controller.air > -12.0)
    alarming = next(step for step, one in enumerate(lives) if case.said(one)["alarm.high_temp"])
    assert 29 * MINUTE <= alarming - too_warm <= 31 * MINUTE


@pytest.mark.parametrize("duty", ["freezer", "open_chiller", "cold_room"])
def test_a_defrost_warms_the_coil_melts_the_ice_and_ends_by_temperature(duty: str) -> None:
    lives = list(islice(lived(case.start(duty, defrost_in=60.0)), 2 * HOUR))
    defrosting = [one for one in lives if one.controller.mode == "defrost"]
    end = lives[0].kind.settings.defrost_end
    assert max(one.cabinet.coil for one in defrosting) >= end - 1.0
    assert defrosting[-1].cabinet.frost == 0.0
    assert 2 * MINUTE <= len(defrosting) < 30 * MINUTE
    assert lives[-1].controller.mode in {"cooling", "idle"}
    assert not case.said(lives[-1])["alarm.any"]


def test_a_freezer_stops_its_fan_while_it_defrosts() -> None:
    defrosting = next(one for one in lived(case.start("freezer", defrost_in=60.0)) if one.drive.heater)
    assert not defrosting.drive.fan
    assert not defrosting.drive.compressor
    assert case.said(defrosting)["out.defrost"] is True


def test_an_off_cycle_defrost_keeps_its_fan_and_heats_with_nothing() -> None:
    lives = lived(case.start("open_chiller", defrost_in=60.0))
    defrosting = next(one for one in lives if one.controller.mode == "defrost")
    assert defrosting.drive.fan
    assert not defrosting.drive.heater


def test_a_dead_fan_freezes_the_coil_and_warms_the_air() -> None:
    start = after(case.start("freezer", defrost_in=1e6), HOUR)
    broken = after(start, 2 * HOUR, "evaporator_fan_dead")
    assert broken.cabinet.coil < start.cabinet.coil - 3
    assert broken.cabinet.air > start.cabinet.air + 1


def test_a_door_left_open_shows_and_warms_the_cabinet() -> None:
    start = after(case.start("freezer", defrost_in=1e6), HOUR)
    opened = after(start, HOUR, "door_left_open")
    assert case.said(opened)["in.door"] is True
    assert opened.cabinet.air > start.cabinet.air + 2


def test_an_open_probe_raises_its_flag_keeps_the_last_value_and_cools_by_the_clock() -> None:
    before = after(case.start("freezer"), HOUR)
    broken = after(before, HOUR, "probe_open")
    said = case.said(broken)
    assert said["alarm.probe_air_on"] is said["alarm.probe_control"] is said["alarm.any"] is True
    assert said["temp.control"] == before.controller.air
    assert said["state.mode"] == "emergency"
    assert broken.cabinet.air < -14


def test_a_probe_that_is_mended_ends_the_emergency() -> None:
    broken = after(case.start("freezer"), HOUR, "probe_open")
    assert case.said(after(broken, MINUTE))["alarm.any"] is False


def test_customers_open_doors_and_doors_close_again() -> None:
    doors = [one.drive.door for one in islice(lived(case.start("freezer"), busy=True), 6 * HOUR)]
    assert 0 < sum(doors) < len(doors) / 10


def test_the_same_chances_give_the_same_day() -> None:
    first, second = (list(islice(lived(case.start("freezer"), busy=True), HOUR)) for _ in range(2))
    assert first == second
