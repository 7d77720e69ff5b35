"""The meter: energy, phases, and what somebody plugs in downstream of it."""

from __future__ import annotations

import pytest

from simulators.plants import energy_meter
from simulators.plants.energy_meter import EnergyMeter, Watts
from tests.unit.simulators.surroundings import AFTERNOON, HOUR, NIGHT

LOADS: Watts = (3000.0, 3300.0, 2700.0)
METER = EnergyMeter(phases=LOADS, usual=9000.0)


def burdened(fault: str, severity: float = 1.0) -> Watts:
    return energy_meter.burdened(METER, LOADS, AFTERNOON, {fault: severity})


def imbalance(loads: Watts) -> float:
    mean = sum(loads) / 3
    return max(abs(load - mean) for load in loads) / mean


def test_a_meter_counts_kilowatt_hours() -> None:
    stepped = energy_meter.step(EnergyMeter(imported=100.0), HOUR, AFTERNOON, (1000.0, 2000.0, 2000.0))
    assert stepped.imported == pytest.approx(105.0)


def test_its_phases_add_up_and_obey_ohm() -> None:
    said = energy_meter.said(energy_meter.step(METER, 60.0, AFTERNOON, LOADS))
    assert sum(float(said[f"p.l{n}"]) for n in (1, 2, 3)) == pytest.approx(float(said["p.total"]))
    assert 198 < float(said["v.l1"]) < 235.4, "GB/T 12325"
    assert float(said["i.l1"]) * float(said["v.l1"]) * float(said["pf.total"]) == pytest.approx(3000.0)
    assert float(said["v.l12"]) == pytest.approx(float(said["v.l1"]) * 3**0.5, rel=0.01)


def test_a_healthy_store_is_passed_on_as_it_is() -> None:
    assert energy_meter.burdened(METER, LOADS, AFTERNOON, {}) == LOADS


def test_an_overload_comes_on_top_of_the_usual_load() -> None:
    assert sum(burdened("overload")) == pytest.approx(9000 * 2.5 + 1500)
    assert sum(burdened("overload", 0.3)) > 9000 * 1.4


def test_an_imbalance_moves_load_and_adds_none() -> None:
    moved = burdened("phase_imbalance")
    assert sum(moved) == pytest.approx(sum(LOADS))
    assert imbalance(LOADS) < 0.15 < 0.2 < imbalance(burdened("phase_imbalance", 0.35)) < imbalance(moved)


def test_an_abnormal_night_load_is_there_by_night_alone() -> None:
    assert burdened("night_load_abnormal") == LOADS
    night = energy_meter.burdened(METER, LOADS, NIGHT, {"night_load_abnormal": 1.0})
    assert sum(night) - sum(LOADS) == pytest.approx(3000.0)


def test_a_lost_phase_has_hardly_a_voltage_and_no_current() -> None:
    said = energy_meter.said(energy_meter.step(METER, 60.0, AFTERNOON, LOADS, lost=frozenset({2})))
    assert float(said["v.l2"]) < 20
    assert float(said["i.l2"]) == 0
    assert float(said["v.l12"]) < 250
    assert float(said["p.total"]) == pytest.approx(3000 + 2700)


def test_days_of_overload_do_not_become_usual() -> None:
    meter = METER
    for _ in range(4 * 24):
        meter = energy_meter.step(meter, HOUR, AFTERNOON, LOADS, {"overload": 1.0})
    assert meter.load == pytest.approx(9000 * 2.5 + 1500)
