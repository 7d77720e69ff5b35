"""The air conditioner, the meter, the relays, the sensor and the weather."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from simulators.plants import air_conditioner, energy_meter, env_sensor, relay_board
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.energy_meter import EnergyMeter
from simulators.plants.env_sensor import EnvSensor
from simulators.plants.relay_board import RelayBoard
from simulators.plants.surroundings import Surroundings, customers_per_hour, outdoor_temperature

AROUND = Surroundings(outdoor=34.0, room=25.0, humidity=55.0, customers_per_hour=50.0, chance=0.5)
HOUR = 3600.0


def test_an_air_conditioner_holds_the_room_at_its_set_point() -> None:
    unit = air_conditioner.step(air_conditioner.start(), 6 * HOUR, AROUND)
    assert unit.set_point < unit.room < unit.set_point + 1


def test_one_that_is_low_on_charge_loses_the_room_and_says_nothing_of_it() -> None:
    unit = air_conditioner.step(air_conditioner.start(), 2 * HOUR, AROUND, {"ac_low_on_charge"})
    assert unit.room > unit.set_point + 3
    assert air_conditioner.said(unit)["alarm.any"] is False
    assert air_conditioner.power(unit) > 3000


def test_one_that_is_switched_off_takes_no_power() -> None:
    unit = air_conditioner.accept(air_conditioner.start(), "power", False)
    unit = air_conditioner.step(unit, HOUR, AROUND)
    assert air_conditioner.power(unit) == 0
    assert unit.room > 26


@pytest.mark.parametrize(("point", "value"), [("sp", 24.0), ("mode", "fan"), ("fan", "high"), ("power", False)])
def test_it_takes_what_the_interface_may_set(point: str, value: float | str | bool) -> None:
    assert air_conditioner.said(air_conditioner.accept(AirConditioner(room=25.0), point, value))[point] == value


def test_it_ignores_what_nobody_can_set() -> None:
    unit = AirConditioner(room=25.0)
    assert air_conditioner.accept(unit, "temp.room", 10.0) == unit


def test_a_meter_counts_kilowatt_hours() -> None:
    meter = EnergyMeter(imported=100.0)
    assert energy_meter.step(meter, HOUR, AROUND, 5000.0).imported == pytest.approx(105.0)


def test_the_phases_of_a_meter_add_up() -> None:
    said = energy_meter.said(energy_meter.step(EnergyMeter(), 10.0, AROUND, 9000.0))
    phases = [said["p.l1"], said["p.l2"], said["p.l3"]]
    assert sum(float(watts) for watts in phases) == pytest.approx(9000.0)
    assert 220 < float(said["v.l1"]) < 235
    assert float(said["i.l1"]) * float(said["v.l1"]) * float(said["pf.total"]) == pytest.approx(float(said["p.l1"]))


def test_a_relay_that_opens_puts_the_sign_out() -> None:
    board = relay_board.accept(RelayBoard(), "out.relay1", False)
    assert relay_board.power(RelayBoard()) > 0
    assert relay_board.power(board) == 0
    assert relay_board.said(relay_board.accept(board, "out.relay7", True))["out.relay7"] is True


def test_a_board_ignores_what_is_no_relay() -> None:
    assert relay_board.accept(RelayBoard(), "out.relay9", True) == RelayBoard()


def test_a_sensor_follows_the_room_slowly() -> None:
    warm = replace(AROUND, room=30.0)
    soon = env_sensor.step(EnvSensor(temperature=25.0), 60.0, warm)
    assert 25.5 < soon.temperature < 26.5
    assert env_sensor.said(env_sensor.step(soon, HOUR, warm))["temp"] == pytest.approx(30.0)


def test_the_afternoon_is_hot_and_busy_and_the_night_neither() -> None:
    noon, night = datetime(2026, 7, 15, 12, 30), datetime(2026, 7, 15, 3, 30)  # noqa: DTZ001 — the store's own hour
    assert outdoor_temperature(noon) > 33 > 28 > outdoor_temperature(night)
    assert customers_per_hour(noon) > 50 > 10 > customers_per_hour(night)
