"""Time-outs follow what a device takes, and never fall below it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.health import LineAccount, LineShare
from edge_agent.core.patience import Histogram, Turnaround

ALLOWED = 0.5

durations = st.floats(0.0005, 17.0)


def seen(*answers: float) -> Turnaround:
    turnaround = Turnaround()
    for seconds in answers:
        turnaround = turnaround.with_answer(seconds)
    return turnaround


@given(st.lists(st.floats(0.0, 10.0), max_size=50))
def test_it_stays_within_half_and_three_times_what_the_profile_allows(answers: list[float]) -> None:
    assert 0.5 * ALLOWED <= seen(*answers).time_out(ALLOWED) <= 3 * ALLOWED


@given(st.lists(st.floats(0.0, 3 * ALLOWED), min_size=1, max_size=50))
def test_it_never_falls_below_what_was_seen(answers: list[float]) -> None:
    assert seen(*answers).time_out(ALLOWED) >= max(answers) * 0.99


def test_a_device_of_which_nothing_is_known_gets_what_its_profile_says() -> None:
    assert Turnaround().time_out(ALLOWED) == ALLOWED


def test_a_quick_device_is_given_up_sooner_and_a_slow_one_later() -> None:
    assert seen(*[0.02] * 50).time_out(ALLOWED) == 0.5 * ALLOWED
    assert seen(*[0.9] * 50).time_out(ALLOWED) == pytest.approx(0.99)


def test_one_answer_that_came_late_is_forgotten_in_the_end() -> None:
    late = seen(*[0.02] * 50, 1.4)
    assert late.time_out(ALLOWED) == 3 * ALLOWED
    assert seen(*[0.02] * 50, 1.4, *[0.02] * 4000).time_out(ALLOWED) == 0.5 * ALLOWED


@given(st.lists(durations, min_size=1, max_size=60), st.sampled_from([0.5, 0.99]))
def test_a_quantile_is_at_most_a_quarter_too_long(answers: list[float], share: float) -> None:
    histogram = Histogram()
    for seconds in answers:
        histogram.add(seconds)
    exact = sorted(answers)[max(0, -int(-share * len(answers) // 1) - 1)]
    told = histogram.quantile(share)
    assert told is not None
    assert exact * 0.999 <= told <= exact * 1.2501


def test_of_nothing_there_is_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


def test_a_line_tells_of_all_its_units_together() -> None:
    account = LineAccount()
    account.unit(3).note_answer(0.01)
    account.unit(4).note_answer(1.0, refused=True)
    account.unit(4).note_late(2.0)
    assert sum(account.spread().counts) == 3
    assert (account.unit(4).answers, account.unit(4).refusals, account.unit(4).late) == (1, 1, 1)


def test_the_share_of_the_line_is_that_of_the_last_minute() -> None:
    share = LineShare()
    share.look(0.0, 0.0)
    assert share.look(10.0, 5.0) == 0.5
    assert share.look(60.0, 30.0) == 0.5
    assert share.look(90.0, 30.0) == 0.5
    assert share.look(120.0, 30.0) == 0.0
