"""The published map of a compressor, and what is computed from it."""

from __future__ import annotations

import pytest

from simulators.plants.compressor import LOW, MEDIUM, CompressorMap, at, pressure, slope


@pytest.mark.parametrize(
    ("of", "boils", "condenses", "cop"),
    [(MEDIUM, -10.0, 45.0, 2.53), (MEDIUM, -5.0, 40.0, 3.16), (LOW, -30.0, 45.0, 1.66), (LOW, -35.0, 40.0, 1.64)],
)
def test_it_gives_the_performance_of_its_maker_s_data(
    of: CompressorMap, boils: float, condenses: float, cop: float
) -> None:
    """By hand from the ten coefficients of the source."""
    assert at(of.capacity, boils, condenses) / at(of.power, boils, condenses) == pytest.approx(cop, abs=0.01)


@pytest.mark.parametrize("of", [MEDIUM, LOW])
def test_it_gives_less_the_colder_it_boils_and_takes_more_the_hotter_it_condenses(of: CompressorMap) -> None:
    for boils in range(int(of.coldest), int(of.warmest), 2):
        for condenses in range(25, 65, 5):
            assert slope(of.capacity, boils, condenses) > 0
            assert at(of.capacity, boils, condenses) > at(of.capacity, boils, condenses + 5.0)
            assert at(of.power, boils, condenses) < at(of.power, boils, condenses + 5.0)


@pytest.mark.parametrize("of", [MEDIUM, LOW])
def test_its_slope_is_that_of_its_capacity(of: CompressorMap) -> None:
    boils = (of.coldest + of.warmest) / 2
    rise = at(of.capacity, boils + 0.01, 42.0) - at(of.capacity, boils - 0.01, 42.0)
    assert slope(of.capacity, boils, 42.0) == pytest.approx(rise / 0.02, rel=1e-4)


@pytest.mark.parametrize(
    ("saturated", "bar"), [(-40.0, 1.325), (-20.0, 3.018), (0.0, 6.013), (25.0, 12.418), (45.0, 20.439)]
)
def test_its_pressures_are_those_of_the_table_of_r404a(saturated: float, bar: float) -> None:
    assert pressure(saturated) == pytest.approx(bar, rel=0.012)
