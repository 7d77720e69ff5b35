"""Two simulated weeks; four of them in `make torture`."""

from __future__ import annotations

from tests.torture.soak import _growth, soak


def test_it_leaks_no_descriptors_in_two_simulated_weeks() -> None:
    toll = soak(2, "soak")
    assert toll.rounds == 2
    assert "+0 descriptors" in toll.figures or "-" in toll.figures.split(",")[1]


def test_growth_is_counted_from_the_end_of_the_first_week() -> None:
    assert _growth([(100.0, 5), (100.5, 5), (102.0, 5)]) == 1.0
