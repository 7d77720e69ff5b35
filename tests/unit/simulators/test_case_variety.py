"""Cabinets of a kind differ, and every one of them is well."""

from __future__ import annotations

import pytest

from simulators.plants import case
from simulators.plants.kinds import KINDS
from simulators.plants.variety import varied
from tests.unit.simulators.lived_cases import AROUND, DUTIES, duty_of, hours, kwh_a_day

HOT = AROUND._replace(room=30.0, humidity=60.0, customers_per_hour=90.0)


def test_a_seed_always_gives_the_same_cabinet_and_another_gives_another() -> None:
    assert varied(KINDS["freezer"], 7) == varied(KINDS["freezer"], 7) != varied(KINDS["freezer"], 8)


@pytest.mark.parametrize("duty", DUTIES)
def test_each_keeps_its_product_in_its_class_on_a_hot_day(duty: str) -> None:
    for seed in range(12):
        lives = hours(case.start(duty, seed=seed), 30, around=HOT)
        assert max(map(case.product, lives[360:])) < case.product_limit(lives[0])
        assert not any(case.said(one)["alarm.any"] for one in lives[::10])


@pytest.mark.parametrize("duty", DUTIES)
def test_siblings_spread_but_not_far(duty: str) -> None:
    lives = [hours(case.start(duty, seed=seed), 24) for seed in range(10)]
    shares, energies = [duty_of(each[360:]) for each in lives], [kwh_a_day(each) for each in lives]
    assert 0.03 < max(shares) - min(shares) < 0.3
    assert max(energies) < 1.5 * min(energies)
