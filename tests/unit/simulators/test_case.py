"""The refrigeration cases behave as technicians know them."""

from __future__ import annotations

from itertools import islice

import pytest

from simulators.plants import case
from simulators.plants.case import Case
from simulators.plants.kinds import KINDS
from tests.unit.simulators.lived_cases import (
    AROUND,
    DUTIES,
    chances,
    duty_of,
    hours,
    lived,
    mean,
    settled,
    starts_per_hour,
)

MINUTES = 1 / 60


def test_every_duty_of_a_cabinet_has_its_twin() -> None:
    assert set(KINDS) == set(DUTIES)


@pytest.mark.parametrize("duty", DUTIES)
def test_it_holds_its_set_point_band_between_defrosts(duty: str) -> None:
    airs = [one.cabinet.air for one in hours(hours(case.start(duty, 1e6), 2)[-1], 6)]
    settings = KINDS[duty].settings
    assert min(airs) > settings.cutout - 0.5
    assert max(airs) < settings.cutout + settings.differential + 1.0


@pytest.mark.parametrize("duty", DUTIES)
def test_its_compressor_runs_about_half_the_time_and_starts_a_few_times_an_hour(duty: str) -> None:
    lives = hours(settled(duty), 24)
    assert 0.35 < duty_of(lives) < 0.7
    assert 1.5 < starts_per_hour(lives) < 7


@pytest.mark.parametrize("duty", DUTIES)
def test_a_defrost_warms_the_coil_melts_the_ice_and_ends_by_temperature(duty: str) -> None:
    lives = hours(case.start(duty, 60.0), 2, seconds=10.0)
    defrosting = [one for one in lives if one.controller.mode == "defrost"]
    assert lives[-1].controller.last_end >= KINDS[duty].settings.defrost_end
    assert defrosting[-1].cabinet.frost < 0.01
    assert 1 < len(defrosting) / 6 < 30
    assert lives[-1].controller.mode in {"cooling", "idle"}
    assert not case.said(lives[-1])["alarm.any"]


def test_an_electric_defrost_stops_fan_and_compressor_and_takes_its_heater_s_power() -> None:
    defrosting = next(one for one in lived(case.start("freezer", 60.0), seconds=10.0) if one.drive.heater)
    assert not defrosting.drive.fan
    assert not defrosting.drive.compressor
    assert case.said(defrosting)["out.defrost"] is True
    heated = [one for one in hours(defrosting, 1 * MINUTES, seconds=10.0) if one.drive.heater]
    assert case.power(heated[-1]) > KINDS["freezer"].build.heater


def test_an_off_cycle_defrost_keeps_its_fan_and_heats_with_nothing() -> None:
    defrosting = next(one for one in lived(case.start("open_chiller", 60.0)) if one.controller.mode == "defrost")
    assert defrosting.drive.fan
    assert not defrosting.drive.heater


def test_hot_gas_costs_less_than_its_heat() -> None:
    lives = hours(case.start("island_freezer", 60.0), 10 * MINUTES, seconds=10.0)
    defrosting = [one for one in lives if one.drive.heater]
    assert 400 < case.power(defrosting[-1]) < KINDS["island_freezer"].build.heater


@pytest.mark.parametrize("duty", DUTIES)
def test_it_is_cold_again_an_hour_after_its_defrost(duty: str) -> None:
    lives = hours(case.start(duty, 60.0), 3)
    ended = next(n for n, one in enumerate(lives) if one.controller.defrost_in < 1e5 and one.controller.mode == "drip")
    settings = KINDS[duty].settings
    assert min(one.cabinet.air for one in lives[ended : ended + 60]) <= settings.cutout + 0.3


def test_customers_open_doors_and_doors_close_again() -> None:
    doors = [one.drive.door for one in hours(case.start("chiller"), 6)]
    assert 0 < sum(doors) < len(doors) / 10


def test_a_blind_at_night_saves_an_open_chiller_a_third() -> None:
    night = AROUND._replace(night=True, customers_per_hour=0.0)
    by_day, by_night = hours(settled("open_chiller"), 12), hours(settled("open_chiller", night), 12, around=night)
    assert sum(map(case.power, by_night)) < 0.67 * sum(map(case.power, by_day))
    assert case.said(by_night[-1])["night.active"] is True


def test_moist_air_makes_more_frost() -> None:
    dry, damp = (
        hours(case.start("freezer", 1e6), 24, around=AROUND._replace(humidity=humidity))[-1].cabinet.frost
        for humidity in (35.0, 75.0)
    )
    assert damp > 1.8 * dry


def test_a_plug_in_cabinet_heats_the_room_and_a_fed_one_cools_it() -> None:
    """By its own power, and by the heat of the water that it takes out of the room's air and sends down the drain."""
    own = hours(settled("open_chiller"), 6)
    power, heat = mean([case.power(one) for one in own]), mean([case.heat_to_room(one) for one in own])
    assert 300 < heat - power < 1000
    fed = hours(case.start("open_chiller", fed=True), 6)
    assert sum(map(case.heat_to_room, fed)) / len(fed) < -800


def test_a_cabinet_without_mains_does_nothing_and_starts_up_after_it() -> None:
    dark = hours(settled("freezer"), 1, around=AROUND._replace(supply_ok=False))
    assert case.power(dark[-1]) == 0.0
    assert not any(dark[-1].drive)
    back = hours(dark[-1], 0.5)
    assert case.said(back[0])["state.mode"] == "standby"
    assert case.said(back[5])["state.mode"] == "cooling"


def test_the_controller_says_every_point_with_a_value_of_its_kind() -> None:
    said = case.said(settled("freezer"))
    flags = ("alarm.", "in.", "out.", "cmd.")
    assert all(isinstance(value, bool) for name, value in said.items() if name.startswith(flags) and "pct" not in name)
    assert said["temp.air_off"] < said["temp.air_on"] + 0.2  # type: ignore[operator]


def test_the_same_chances_give_the_same_day() -> None:
    first, second = (list(islice(lived(case.start("freezer")), 600)) for _ in range(2))
    assert first == second


def test_probes_tell_the_air_within_their_noise() -> None:
    lives: list[Case] = hours(settled("cold_room"), 3)
    assert all(abs(float(case.said(one)["temp.control"]) - one.cabinet.air) <= 0.06 for one in lives)
    assert len({chances(step) for step in range(100)}) == 100
