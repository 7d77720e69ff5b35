"""Food ages by its warm hours: the mean kinetic temperature of what lasted how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.kinetic import speed, temperature

CELSIUS = st.floats(-30, 40)


def mean(lasted: dict[float, float]) -> float:
    found = temperature(sum(speed(celsius) * time for celsius, time in lasted.items()) / sum(lasted.values()))
    assert found is not None
    return found


@given(CELSIUS)
def test_a_temperature_is_as_fast_as_itself(celsius: float) -> None:
    assert mean({celsius: 3600}) == pytest.approx(celsius, abs=1e-6)


@given(st.dictionaries(CELSIUS, st.floats(1, 1e5), min_size=1, max_size=8))
def test_the_mean_lies_between_the_plain_mean_and_the_warmest(lasted: dict[float, float]) -> None:
    plain = sum(value * time for value, time in lasted.items()) / sum(lasted.values())
    assert plain - 1e-6 <= mean(lasted) <= max(lasted) + 1e-6


def test_the_usual_example() -> None:
    # (exp(-10000/293.15) + exp(-10000/303.15)) / 2, back to a temperature
    assert mean({20.0: 1, 30.0: 1}) == pytest.approx(26.25, abs=0.1)


@pytest.mark.parametrize("impossible", [0.0, -1.0, 1e300])
def test_no_temperature_is_as_slow_or_as_fast(impossible: float) -> None:
    assert temperature(impossible) is None


def test_nothing_is_colder_than_cold() -> None:
    assert speed(-500) == speed(-300) == 0
