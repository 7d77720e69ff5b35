"""The machines of a store live together, in fixed steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from simulators.plants.case import Case
from simulators.plants.energy_meter import EnergyMeter
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.relay_board import RelayBoard
from simulators.store import NoSuchMachine, StoreState, accept, advance, power, start
from tests.unit.simulators.demo_store import MORNING, PLACES, TIMEZONE, new_store


def lived(state: StoreState, hours: float) -> StoreState:
    for _ in range(round(hours * 360)):
        state = advance(state, {})
    return state


def test_every_place_of_the_site_has_its_machine() -> None:
    assert set(new_store().plants) == {place.device for place in PLACES}


def test_the_same_store_has_the_same_day() -> None:
    assert lived(new_store(), 0.5) == lived(new_store(), 0.5)


def test_the_meter_shows_what_the_machines_take() -> None:
    state = lived(new_store(), 0.5)
    meter = state.plants["meter-1"]
    assert isinstance(meter, EnergyMeter)
    assert meter.load > sum(power(plant) for plant in state.plants.values()) > 1000


def test_the_meter_shows_the_sign_going_out() -> None:
    state = lived(new_store(), 0.1)
    dark = {**state.plants, "sign-relay-1": accept(state.plants["sign-relay-1"], "out.relay1", False)}
    lit, unlit = advance(state, {}), advance(replace(state, plants=dark), {})
    before, after = lit.plants["meter-1"], unlit.plants["meter-1"]
    assert isinstance(before, EnergyMeter)
    assert isinstance(after, EnergyMeter)
    assert before.load - after.load == pytest.approx(power(RelayBoard()))


def test_the_sensor_on_the_wall_follows_the_room() -> None:
    state = lived(new_store(), 3)
    sensor = state.plants["climate-1"]
    assert isinstance(sensor, EnvSensor)
    assert state.area is not None
    assert abs(state.area.temperature - sensor.temperature) < 0.5


def test_a_fault_touches_the_others_through_the_room_alone_and_hardly() -> None:
    healthy, broken = new_store(), new_store()
    for _ in range(30):
        healthy, broken = advance(healthy, {}), advance(broken, {"freezer-1": {"compressor_dead": 1.0}})
    assert abs(_air(broken, "freezer-1") - _air(healthy, "freezer-1")) > 0.5
    assert _air(broken, "cold-room-1") == pytest.approx(_air(healthy, "cold-room-1"), abs=0.05)
    assert broken.plants["sign-relay-1"] == healthy.plants["sign-relay-1"]


def test_a_cabinet_cannot_be_told_anything_in_this_release() -> None:
    freezer = new_store().plants["freezer-1"]
    assert accept(freezer, "sp.cutout", -25.0) is freezer


def test_a_duty_that_nothing_simulates_is_refused() -> None:
    freezer = next(place for place in PLACES if place.device == "freezer-1")
    with pytest.raises(NoSuchMachine, match="bakery_oven"):
        start((replace(freezer, duty="bakery_oven"),), MORNING, TIMEZONE)


def test_a_first_defrost_comes_when_it_was_asked_for() -> None:
    state = start(PLACES, MORNING, TIMEZONE, {"freezer-1": timedelta(minutes=5)})
    assert not _defrosts(lived(state, 4 / 60))
    assert _defrosts(lived(state, 6 / 60))


def _defrosts(state: StoreState) -> bool:
    freezer = state.plants["freezer-1"]
    return isinstance(freezer, Case) and freezer.controller.mode == "defrost"


def _air(state: StoreState, device: str) -> float:
    case = state.plants[device]
    assert isinstance(case, Case)
    return case.cabinet.air
