"""Lighting circuits: who commands them, what they draw, and how their faults show."""

from __future__ import annotations

import pytest

from edge_agent.contract.readings import Value
from simulators.plants import lighting
from simulators.plants.lighting import LightingCircuit
from simulators.plants.surroundings import Surroundings
from tests.unit.simulators.surroundings import AFTERNOON, NIGHT, around

STORM = around(sun=90.0)
SHUT = around(open=False, night=True, hour=23.5, sun=0.1)


def lit(duty: str, surroundings: Surroundings, **faults: float) -> LightingCircuit:
    return lighting.step(lighting.start(duty), 60.0, surroundings, faults)


def told(duty: str, surroundings: Surroundings, **faults: float) -> dict[str, Value]:
    return lighting.said(lit(duty, surroundings, **faults))


def test_the_sign_is_lit_by_night_and_dark_by_day() -> None:
    assert lit("sign_lighting", NIGHT).power == pytest.approx(600, rel=0.01)
    assert lit("sign_lighting", AFTERNOON).power < 10


def test_a_dark_stormy_day_lights_the_sign_with_reason() -> None:
    said = told("sign_lighting", STORM)
    assert said["cmd.on"] is True
    assert said["lux"] == 90.0


def test_the_sign_does_not_flicker_at_dusk() -> None:
    dusk = lighting.step(lit("sign_lighting", around(sun=100.0)), 60.0, around(sun=250.0))
    assert dusk.commanded
    assert not lighting.step(dusk, 60.0, around(sun=500.0)).commanded


def test_the_sales_area_is_lit_while_the_store_is_open_and_dimmed_in_the_small_hours() -> None:
    assert lit("sales_lighting", AFTERNOON).power == pytest.approx(1200, rel=0.01)
    assert lit("sales_lighting", NIGHT).power == pytest.approx(960, rel=0.01)
    assert lit("sales_lighting", SHUT).power < 10


def test_the_ambience_goes_on_towards_evening() -> None:
    assert lit("ambience_lighting", AFTERNOON).power < 10
    assert lit("ambience_lighting", around(hour=18.0)).power == pytest.approx(280, rel=0.01)


def test_current_is_power_over_volts_and_power_factor() -> None:
    said = told("sales_lighting", AFTERNOON)
    assert float(said["i"]) == pytest.approx(1200 / 220 / 0.95, rel=0.01)


def test_dead_lamps_show_in_the_current_and_in_the_light() -> None:
    half = told("sales_lighting", AFTERNOON, lamp_out=0.5)
    assert float(half["p.total"]) == pytest.approx(600, rel=0.01)
    assert float(half["lux"]) == pytest.approx(450)


def test_a_welded_contact_draws_current_that_nobody_commanded_and_the_board_does_not_see() -> None:
    said = told("sign_lighting", AFTERNOON, relay_welded=1.0)
    assert (said["cmd.on"], said["out.on"]) == (False, False)
    assert float(said["i"]) > 2


def test_a_dead_contact_is_commanded_and_draws_nothing() -> None:
    said = told("sign_lighting", NIGHT, relay_dead=1.0)
    assert (said["cmd.on"], said["out.on"]) == (True, True)
    assert float(said["i"]) < 0.1


def test_a_wrong_command_lights_the_sign_by_day_or_keeps_it_dark_by_night() -> None:
    day, night = (
        told("sign_lighting", AFTERNOON, sign_lit_by_day=1.0),
        told("sign_lighting", NIGHT, sign_dark_by_night=1.0),
    )
    assert (day["cmd.on"], float(day["i"]) > 2) == (True, True)
    assert (night["cmd.on"], float(night["i"]) < 0.1) == (False, True)


def test_without_mains_it_takes_nothing() -> None:
    assert lit("sales_lighting", around(supply_ok=False)).power == 0
