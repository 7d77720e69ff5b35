"""A wrong clock is found, its instants are set right as far as anybody can know, and a right one is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.trust import (
    APART_AT_MOST,
    REFERENCE_FRESH_S,
    RELEASED_AT,
    Machine,
    Reference,
    Stamp,
    age,
    ahead_s,
    doubt,
    is_plausible,
    is_trusted,
    mend,
    refine,
)

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
UPTIME = 100_000.0
"""Seconds since the machine booted, at noon."""

REFERENCE = Reference(at=NOON, mono=UPTIME)
MACHINE = Machine(boot="machine.second", reference=REFERENCE)
errors = st.floats(min_value=-2e9, max_value=2e9)


def stamp(ago_s: float = 0.0, wrong_by: timedelta = timedelta(), boot: str = "machine.first") -> Stamp:
    """What was stamped so long before noon, by a clock that was wrong."""
    at = NOON - timedelta(seconds=ago_s) + wrong_by
    return Stamp(boot=boot, mono=UPTIME - ago_s, at=at, trusted=is_plausible(at))


@pytest.mark.parametrize(
    ("at", "plausible"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (RELEASED_AT - timedelta(milliseconds=1), False),
        (RELEASED_AT, True),
        (datetime(2050, 1, 1, tzinfo=UTC), True),
    ],
)
def test_a_clock_before_the_release_is_wrong(at: datetime, plausible: bool) -> None:
    assert is_plausible(at) is plausible
    assert is_trusted(at, 0.0, None) is plausible


def test_a_clock_that_head_office_contradicts_is_not_trusted() -> None:
    assert is_trusted(NOON + SECOND, UPTIME, REFERENCE)
    assert not is_trusted(NOON + DAY, UPTIME, REFERENCE)
    assert not is_trusted(NOON - DAY, UPTIME, REFERENCE)
    assert ahead_s(NOON - DAY, UPTIME, REFERENCE) == -86_400


@given(wrong_by=errors, ago_s=st.floats(min_value=0, max_value=UPTIME))
def test_an_instant_of_this_boot_is_right_in_the_end_whatever_the_clock_said(wrong_by: float, ago_s: float) -> None:
    mended = mend(stamp(ago_s, timedelta(seconds=wrong_by)), MACHINE)
    assert abs(mended.at - NOON + timedelta(seconds=ago_s)) <= APART_AT_MOST + timedelta(seconds=ago_s * 1e-4)
    assert mended.trusted


@given(ago_s=st.floats(min_value=0, max_value=UPTIME), delay_s=st.floats(min_value=0, max_value=30))
def test_a_right_instant_is_left_alone(ago_s: float, delay_s: float) -> None:
    right = stamp(ago_s)
    assert mend(right, replace(MACHINE, reference=Reference(at=NOON, mono=UPTIME + delay_s))) is right


def test_a_repaired_instant_says_so() -> None:
    assert mend(stamp(60.0, DAY), MACHINE) == Stamp(
        boot="machine.first", mono=UPTIME - 60, at=NOON - 60 * SECOND, trusted=True, repaired=True
    )


def test_an_instant_that_nobody_trusted_and_that_is_right_is_confirmed() -> None:
    doubted = replace(stamp(), trusted=False)
    assert mend(doubted, MACHINE) == replace(doubted, trusted=True)


def test_without_a_word_of_head_office_nothing_is_changed() -> None:
    for wrong_by in (timedelta(), DAY, -20_000 * DAY):
        wrong = stamp(0.0, wrong_by)
        assert mend(wrong, Machine(boot="machine.second")) is wrong


def test_what_leaves_before_the_time_is_told_may_decide_nothing() -> None:
    assert doubt(stamp(), Machine(boot="machine.second")) == replace(stamp(), trusted=False)
    assert doubt(stamp(), MACHINE) == stamp()


def test_an_earlier_boot_of_which_nobody_knows_better_stays_as_it_was() -> None:
    for wrong_by in (-3 * DAY, -20_000 * DAY):
        earlier = stamp(0.0, wrong_by, boot="before.run")
        assert mend(earlier, MACHINE) is earlier


def test_an_instant_of_an_earlier_boot_that_lies_in_this_one_is_wrong() -> None:
    earlier = stamp(0.0, boot="before.run")
    assert mend(earlier, MACHINE) == replace(earlier, trusted=False)
    assert mend(stamp(UPTIME, boot="before.run"), MACHINE).trusted


def test_a_clock_of_months_without_correction_is_no_step() -> None:
    """Crystals differ: a month of a right clock must not be repaired by a monotonic one that runs a little fast."""
    month = 30 * 86_400.0
    reference = Reference(at=NOON, mono=month * 1.00009)
    old = Stamp(boot="machine.first", mono=0.0, at=NOON - timedelta(seconds=month), trusted=True)
    assert mend(old, Machine(boot="machine.second", reference=reference)) is old


def test_of_two_words_of_head_office_the_less_delayed_counts() -> None:
    delayed = refine(None, NOON, UPTIME + 20)
    assert delayed is not None
    better = refine(delayed, NOON + 60 * SECOND, UPTIME + 60.5)
    assert better == Reference(at=NOON + 60 * SECOND, mono=UPTIME + 60.5)
    assert refine(better, NOON + 90 * SECOND, UPTIME + 100) == better


def test_an_old_word_gives_way() -> None:
    later = UPTIME + REFERENCE_FRESH_S + 1
    assert refine(REFERENCE, NOON, later) == Reference(at=NOON, mono=later)


def test_head_office_may_set_its_own_clock() -> None:
    assert refine(REFERENCE, NOON - DAY, UPTIME + 1) == Reference(at=NOON - DAY, mono=UPTIME + 1)


def test_a_head_office_that_has_lost_its_time_is_not_believed() -> None:
    assert refine(None, datetime(1970, 1, 1, tzinfo=UTC), UPTIME) is None
    assert refine(REFERENCE, datetime(1970, 1, 1, tzinfo=UTC), UPTIME) == REFERENCE


def test_age_within_a_boot_is_what_the_monotonic_clock_says() -> None:
    assert age(stamp(30.0, -20_000 * DAY), Machine(boot="machine.x"), NOON + DAY, UPTIME) == 30 * SECOND


def test_age_of_an_earlier_boot_is_told_by_the_best_clock_there_is() -> None:
    earlier = stamp(UPTIME + 3600, boot="before.run")
    assert age(earlier, MACHINE, NOON + DAY, UPTIME) == timedelta(seconds=UPTIME + 3600)
    assert age(earlier, Machine(boot="machine.x"), NOON, UPTIME) == timedelta(seconds=UPTIME + 3600)
    assert age(stamp(0.0, DAY, boot="before.run"), MACHINE, NOON, UPTIME) is None
