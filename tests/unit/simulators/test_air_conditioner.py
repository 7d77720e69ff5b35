"""The air conditioner, the room that it cools, and how each of its faults shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from simulators.plants import air_conditioner, sales_area
from simulators.plants.air_conditioner import AirConditioner
from simulators.plants.sales_area import SalesArea
from tests.unit.simulators.surroundings import AFTERNOON, HOUR, around

GAINS = 4500.0  # W of lamps and machines
UNIT = AirConditioner(room=25.0)


def lived(
    hours: float, faults: Mapping[str, float] | None = None, step: float = 60.0, outdoor: float = 34.0
) -> tuple[AirConditioner, SalesArea]:
    """Unit and room that work on each other."""
    unit, area = air_conditioner.start(), SalesArea()
    for _ in range(round(hours * HOUR / step)):
        now = around(room=area.temperature, outdoor=outdoor)
        unit = air_conditioner.step(unit, step, now, faults or {})
        area = sales_area.step(area, step, now, GAINS - unit.taken)
    return unit, area


def running(faults: Mapping[str, float], room: float = 28.0, outdoor: float = 34.0) -> AirConditioner:
    """After an hour in a room that is held too warm, so that it runs flat out."""
    return air_conditioner.step(air_conditioner.start(), HOUR, around(room=room, outdoor=outdoor), faults)


WELL = running({})
HEATER = {"ac_and_heating_at_once": 1.0}


def test_an_air_conditioner_holds_the_room_near_its_set_point() -> None:
    unit, area = lived(6)
    assert unit.set_point - 0.5 < area.temperature < unit.set_point + 1


def test_steps_of_a_minute_and_of_ten_seconds_agree() -> None:
    (coarse, warm), (fine, cool) = lived(6), lived(6, step=10.0)
    assert warm.temperature == pytest.approx(cool.temperature, abs=0.2)
    assert coarse.condenser == pytest.approx(fine.condenser, abs=1.0)


def test_the_supply_air_of_a_healthy_unit_is_some_ten_kelvin_colder_than_the_room() -> None:
    assert 7 < 28.0 - WELL.supply < 13


def test_its_efficiency_is_that_of_its_rating_plate_at_a_condenser_of_45_degrees() -> None:
    unit = replace(air_conditioner.start(), condenser=45.0)
    stepped = air_conditioner.step(unit, 1.0, around(room=28.0, outdoor=31.0))
    assert stepped.taken / 0.65 / (stepped.power - stepped.kind.fan) == pytest.approx(stepped.kind.cop, rel=0.02)


def test_a_hotter_day_costs_capacity_and_power() -> None:
    hot = running({}, outdoor=39.0)
    assert hot.taken < WELL.taken
    assert hot.power > WELL.power
    assert hot.spray


def test_one_that_is_low_on_charge_loses_the_room_and_says_nothing_of_it() -> None:
    unit, area = lived(3, {"ac_low_on_charge": 1.0})
    assert area.temperature > unit.set_point + 3
    assert air_conditioner.said(unit)["alarm.any"] is False


def test_one_that_is_low_on_charge_blows_warmer_air_and_has_a_cooler_condenser() -> None:
    low = running({"ac_low_on_charge": 1.0})
    assert low.supply > WELL.supply + 5
    assert low.condenser < WELL.condenser
    assert low.power < WELL.power


def test_a_clogged_filter_makes_the_supply_air_colder_and_the_cooling_less() -> None:
    clogged = running({"ac_filter_clogged": 1.0})
    assert clogged.supply < WELL.supply - 2
    assert clogged.taken < 0.7 * WELL.taken


def test_a_hot_outdoor_unit_takes_more_power_for_less_cooling() -> None:
    hot = running({"ac_outdoor_unit_hot": 0.5})
    assert hot.condenser > WELL.condenser + 5
    assert hot.power > WELL.power
    assert hot.taken < WELL.taken
    assert not hot.tripped


def test_one_that_is_very_hot_is_taken_off_by_its_high_pressure_switch_and_says_so() -> None:
    unit = air_conditioner.start()
    seen = []
    for _ in range(60):
        unit = air_conditioner.step(unit, 60.0, around(room=28.0, outdoor=38.0), {"ac_outdoor_unit_hot": 1.0})
        seen.append(air_conditioner.said(unit)["alarm.any"])
    assert True in seen
    assert False in seen[seen.index(True) :], "it tries again"


def test_heating_at_once_shows_as_warm_supply_air_while_it_cools() -> None:
    at_rest = air_conditioner.step(air_conditioner.start("split"), HOUR, around(room=23.0), HEATER)
    assert at_rest.supply > 25.0
    assert at_rest.power > 3000
    assert air_conditioner.said(at_rest)["mode"] == "cool"


def test_a_cold_room_is_heated_and_a_warm_one_cooled_again() -> None:
    cold = air_conditioner.step(air_conditioner.start(), HOUR, around(room=16.0, outdoor=4.0))
    assert cold.mode == "heat"
    assert cold.taken < -5000
    assert cold.supply > 25
    assert air_conditioner.step(cold, HOUR, around(room=26.0)).mode == "cool"


def test_a_store_that_is_shut_is_not_cooled_and_only_kept_from_the_cold() -> None:
    shut = around(room=30.0, open=False, night=True)
    assert air_conditioner.step(air_conditioner.start(), HOUR, shut).power == 0
    winter = air_conditioner.step(
        air_conditioner.start(), HOUR, around(room=12.0, outdoor=-5.0, open=False, night=True)
    )
    assert air_conditioner.said(winter)["sp"] == 14.0
    assert winter.taken < -2000


def test_staff_who_turn_the_set_point_make_it_work_more_until_they_turn_it_back() -> None:
    turned = air_conditioner.step(UNIT, 600.0, around(room=25.0), {"set_point_turned": 1.0})
    assert air_conditioner.said(turned)["sp"] == 23.5
    assert turned.taken > 0
    assert air_conditioner.said(air_conditioner.step(turned, 60.0, AFTERNOON))["sp"] == 25.0


def test_one_without_mains_rests_and_waits_before_it_starts_again() -> None:
    away = air_conditioner.step(WELL, 60.0, around(room=28.0, supply_ok=False))
    assert air_conditioner.power(away) == 0
    assert air_conditioner.step(away, 60.0, around(room=28.0)).share == 0
    assert air_conditioner.step(away, 300.0, around(room=28.0)).share > 0


def test_several_units_share_the_load_of_a_store() -> None:
    """The one in the warmest part takes most and not all, because it cools its own part."""
    units, area = [air_conditioner.start("split", zone) for zone in (0.5, 0.0, -0.1)], SalesArea()
    for _ in range(6 * 60):
        now = around(room=area.temperature, outdoor=34.0)
        units = [air_conditioner.step(unit, 60.0, now) for unit in units]
        area = sales_area.step(area, 60.0, now, GAINS - sum(unit.taken for unit in units))
    assert units[0].share > units[1].share > 0
    assert units[0].chilled > 0.3


def test_one_that_is_switched_off_takes_no_power() -> None:
    unit = air_conditioner.accept(air_conditioner.start(), "power", False)
    assert air_conditioner.power(air_conditioner.step(unit, HOUR, AFTERNOON)) == 0


@pytest.mark.parametrize(("point", "value"), [("sp", 24.0), ("mode", "fan"), ("fan", "high"), ("power", False)])
def test_it_takes_what_the_interface_may_set(point: str, value: float | str | bool) -> None:
    assert air_conditioner.said(air_conditioner.accept(UNIT, point, value))[point] == value


def test_it_ignores_what_nobody_can_set() -> None:
    assert air_conditioner.accept(UNIT, "temp.room", 10.0) == UNIT


def test_a_room_without_cooling_warms_fast_at_first_and_then_with_its_walls() -> None:
    area, seen = SalesArea(25.0, 25.0), []
    for _ in range(6 * 60):
        area = sales_area.step(area, 60.0, AFTERNOON, GAINS)
        seen.append(area.temperature)
    assert 3 < seen[60] - 25.0 < 8
    assert seen[60] - 25.0 > 2 * (seen[120] - seen[60])
    assert seen[-1] < 42


def test_staff_prop_the_door_open_where_the_street_is_cooler_than_the_store() -> None:
    hot = SalesArea(33.0, 33.0)
    open_, shut = (
        sales_area.step(hot, 600.0, around(outdoor=28.0, open=is_open), GAINS).temperature for is_open in (True, False)
    )
    assert open_ < shut - 0.5
