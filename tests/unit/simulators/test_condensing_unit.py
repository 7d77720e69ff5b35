"""A condensing unit holds its suction for all its cases, and its faults reach every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pytest

from simulators.faults import KINDS as FAULT_KINDS
from simulators.plants import case, condensing_unit
from simulators.plants.case import Draw
from simulators.plants.condensing_unit import FAULTS, CondensingUnit
from tests.unit.simulators.lived_cases import AROUND, Plant, mean, shared

CHILLED = ("open_chiller", "open_chiller", "chiller", "cold_room")
FROZEN = ("freezer", "island_freezer", "freezer")
RACKS = pytest.mark.parametrize("duties", [CHILLED, FROZEN])


@cache
def settled(duties: tuple[str, ...]) -> Plant:
    return shared(duties, 24)[-1]


@cache
def day(duties: tuple[str, ...], fault: str = "", severity: float = 1.0, length: float = 12) -> list[Plant]:
    faults: Mapping[str, float] = {fault: severity} if fault else {}
    return shared(duties, length, faults, start=settled(duties))


def units(lives: Sequence[Plant]) -> list[CondensingUnit]:
    return [plant.unit for plant in lives]


def running(lives: Sequence[Plant]) -> list[CondensingUnit]:
    return [unit for unit in units(lives) if unit.speed > 0]


def duty(lives: Sequence[Plant]) -> float:
    """Of the valves of all its cases."""
    return mean([mean([one.drive.compressor for one in plant.cases]) for plant in lives])


def said(unit: CondensingUnit, point: str) -> float:
    return float(condensing_unit.said(unit)[point])


def test_every_fault_file_of_a_unit_has_its_physics() -> None:
    assert {kind.name for kind in FAULT_KINDS if kind.on == "condensing_unit"} == FAULTS


@RACKS
@pytest.mark.parametrize(("outdoor", "room", "humidity"), [(5.0, 20.0, 45.0), (31.0, 25.0, 60.0), (38.0, 27.0, 65.0)])
def test_it_keeps_every_case_in_its_class_in_winter_and_in_a_heat_wave(
    duties: tuple[str, ...], outdoor: float, room: float, humidity: float
) -> None:
    around = AROUND._replace(outdoor=outdoor, room=room, humidity=humidity)
    lives = shared(duties, 36, around=around)[720:]
    assert all(case.product(one) < case.product_limit(one) for plant in lives for one in plant.cases)
    assert not any(unit.high or unit.low or unit.guard.locked for unit in units(lives))


@RACKS
def test_it_holds_its_suction_and_condenses_a_few_kelvin_over_the_outdoors(duties: tuple[str, ...]) -> None:
    well = running(day(duties))
    assert mean([unit.evaporating for unit in well]) == pytest.approx(well[0].plan.suction, abs=3.0)
    assert 4 < mean([unit.condensing for unit in well]) - AROUND.outdoor < 14
    assert said(well[-1], "superheat") == pytest.approx(8, abs=0.5)
    assert said(well[-1], "subcooling") == pytest.approx(5, abs=0.5)


@RACKS
def test_it_draws_the_heat_that_its_cases_give(duties: tuple[str, ...]) -> None:
    lives = day(duties)
    given = [
        sum(draw.conductance * (draw.coil - plant.unit.evaporating) for draw in map(case.draw, plant.cases))
        for plant in lives
    ]
    assert mean([unit.drawn for unit in units(lives)]) == pytest.approx(mean(given), rel=0.12)


def test_a_warmer_day_costs_more_power() -> None:
    cool, hot = (
        mean(
            [
                condensing_unit.power(unit)
                for unit in units(shared(CHILLED, 12, around=AROUND._replace(outdoor=outdoor)))
            ]
        )
        for outdoor in (15.0, 38.0)
    )
    assert hot > 1.3 * cool


@RACKS
def test_a_leak_first_empties_the_receiver_then_takes_subcooling_then_starves_the_cases(
    duties: tuple[str, ...],
) -> None:
    small, middle, great = (running(day(duties, "refrigerant_leak_slow", severity)) for severity in (0.15, 0.35, 0.55))
    assert said(small[-1], "level.liquid_pct") < 40
    assert said(small[-1], "subcooling") > 4
    assert said(middle[-1], "subcooling") < 1
    assert said(great[-1], "superheat") > 18
    assert duty(day(duties, "refrigerant_leak_slow", 0.55)) > 1.15 * duty(day(duties))


@RACKS
def test_an_empty_system_opens_its_low_pressure_switch_and_warms_all_cases(duties: tuple[str, ...]) -> None:
    empty = day(duties, "refrigerant_leak_fast", 0.95)[-1]
    assert condensing_unit.said(empty.unit)["alarm.pressure_low"] is True
    assert empty.unit.speed == 0
    assert all(case.product(one) > case.product_limit(one) for one in empty.cases)


@RACKS
def test_dirt_raises_condensing_temperature_and_power_but_neither_superheat_nor_subcooling(
    duties: tuple[str, ...],
) -> None:
    well, fouled = running(day(duties)), running(day(duties, "condenser_fouled", 0.6))
    assert mean([unit.condensing for unit in fouled]) > mean([unit.condensing for unit in well]) + 3
    costs = [sum(unit.electric for unit in lives) / sum(unit.drawn for unit in lives) for lives in (well, fouled)]
    assert costs[1] > 1.04 * costs[0]
    assert said(fouled[-1], "subcooling") > 4.5


@RACKS
def test_without_its_fan_it_trips_on_high_pressure_and_locks(duties: tuple[str, ...]) -> None:
    lives = units(day(duties, "condenser_fan_dead"))
    assert any(unit.high for unit in lives[:60])
    assert condensing_unit.said(lives[-1])["alarm.locked_out"] is True
    assert max(unit.condensing for unit in lives) > 60


@RACKS
def test_a_dead_compressor_is_called_for_and_takes_no_power(duties: tuple[str, ...]) -> None:
    dead = day(duties, "compressor_dead")[-1]
    assert condensing_unit.said(dead.unit)["out.compressor"] is True
    assert condensing_unit.power(dead.unit) < 100
    assert dead.unit.evaporating > dead.unit.plan.suction + 15
    assert not condensing_unit.said(dead.unit)["alarm.any"]


@RACKS
def test_a_compressor_that_cannot_start_locks_out_after_three_trips(duties: tuple[str, ...]) -> None:
    lives = units(day(duties, "compressor_locked"))
    locked = next(number for number, unit in enumerate(lives) if unit.guard.locked)
    assert 9 <= locked <= 20
    assert condensing_unit.said(lives[-1])["out.compressor"] is False
    assert condensing_unit.said(lives[-1])["alarm.locked_out"] is True


@RACKS
def test_a_repair_resets_what_has_locked_and_cools_again(duties: tuple[str, ...]) -> None:
    broken = day(duties, "compressor_locked", length=3)[-1]
    healed = shared(duties, 30, start=broken)
    assert not healed[-1].unit.guard.locked
    assert all(case.product(one) < case.product_limit(one) for one in healed[-1].cases)


@RACKS
def test_short_cycling_starts_many_times_as_often(duties: tuple[str, ...]) -> None:
    starts = [lives[-1].unit.starts - lives[0].unit.starts for lives in (day(duties), day(duties, "short_cycling"))]
    assert starts[1] / 12 > max(8.0, 2.0 * starts[0] / 12)


def test_with_all_valves_shut_it_pumps_down_and_rests() -> None:
    unit = condensing_unit.start(CHILLED)
    for _ in range(20):
        unit = condensing_unit.step(unit, 60.0, AROUND, {}, [Draw(0.0, 5.0)])
    assert not unit.called
    assert condensing_unit.power(unit) < 100


def test_without_mains_it_stands() -> None:
    plant = shared(CHILLED, 1, around=AROUND._replace(supply_ok=False), start=settled(CHILLED))[-1]
    assert plant.unit.speed == 0
