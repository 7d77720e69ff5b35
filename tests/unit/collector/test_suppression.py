"""What holds an alarm back, for how long, and what it never holds back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.acting import ActionRefused
from collector.domain.suppression import (
    NOW,
    REMIND_AFTER,
    Kind,
    Suppression,
    end,
    is_food_critical,
    set_window,
    shelve,
    tell,
    to_remind,
)
from edge_agent.contract.text import same
from rules.food import Food
from rules.model import Change, Evidence

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
COLD = Food(
    product_class="L1",
    name=same("frozen"),
    temperature=-18,
    measured=False,
    limit=-12,
    minutes_to_limit=None,
    minutes_above=0,
)
RAISED = Change(
    rule="a.b",
    device="d",
    kind="raised",
    at=NOON,
    since=NOON,
    severity="high",
    evidence=Evidence(condition=same("c"), held_for=timedelta(), values=(), params={}, excluded=()),
    diagnosis=(),
)
CRITICAL = replace(RAISED, severity="critical", food=COLD)


def held(kind: Kind, hours: float = 1, **about: str) -> Suppression:
    if kind is Kind.SHADOW:
        return Suppression(kind=kind, rule="a.b", reason="r", actor="li", begins_at=NOON, until=None)
    rule = "a.b" if kind is Kind.SHELVED else ""
    fresh = Suppression(
        kind=kind, store="s", device="d", rule=rule, reason="r", actor="li", begins_at=NOON, until=NOON + hours * HOUR
    )
    return replace(fresh, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_holds_an_alarm_back_while_it_stands(kind: Kind) -> None:
    telling = tell(RAISED, [held(kind)], NOON)
    assert (telling.now, telling.kind) == (False, kind)
    assert telling.until == (None if kind is Kind.SHADOW else NOON + HOUR)


@pytest.mark.parametrize("kind", [Kind.SHELVED, Kind.BY_DESIGN, Kind.OUT_OF_SERVICE])
def test_it_is_told_at_the_deadline(kind: Kind) -> None:
    assert not tell(RAISED, [held(kind)], NOON + HOUR - timedelta(seconds=1)).now
    assert tell(RAISED, [held(kind)], NOON + HOUR).now
    assert tell(RAISED, [held(kind)], NOON - timedelta(seconds=1)).now
    assert tell(RAISED, [end(held(kind), "wang", NOON)], NOON).now


@pytest.mark.parametrize("kind", Kind)
def test_the_end_of_an_alarm_is_always_told(kind: Kind) -> None:
    assert tell(replace(RAISED, kind="cleared"), [held(kind)], NOON) == NOW


def test_what_is_meant_for_others_holds_nothing_back() -> None:
    assert tell(RAISED, [held(Kind.OUT_OF_SERVICE, device="other"), held(Kind.SHELVED, rule="c.d")], NOON).now


def test_food_at_risk_is_never_masked_by_design() -> None:
    assert tell(CRITICAL, [held(Kind.BY_DESIGN)], NOON).now
    assert tell(replace(RAISED, food=replace(COLD, minutes_to_limit=40)), [held(Kind.BY_DESIGN)], NOON).now
    assert not tell(replace(CRITICAL, food=None), [held(Kind.BY_DESIGN)], NOON).now
    assert not tell(replace(CRITICAL, severity="high"), [held(Kind.BY_DESIGN)], NOON).now


def test_of_two_that_hold_it_the_later_end_counts() -> None:
    assert tell(RAISED, [held(Kind.SHELVED, 1), held(Kind.OUT_OF_SERVICE, 3)], NOON).until == NOON + 3 * HOUR
    assert tell(RAISED, [held(Kind.SHELVED, 1), held(Kind.SHADOW)], NOON).until is None


KINDS = st.sampled_from([kind for kind in Kind if kind is not Kind.SHADOW])
HELD = st.lists(st.tuples(KINDS, st.integers(1, 20)), max_size=5)


@given(kinds=HELD, passed=st.integers(0, 30), food=st.booleans())
def test_it_is_withheld_until_an_instant_at_which_it_is_told(
    kinds: list[tuple[Kind, int]], passed: int, food: bool
) -> None:
    standing = [held(kind, hours) for kind, hours in kinds]
    change = CRITICAL if food else RAISED
    telling = tell(change, standing, NOON + passed * HOUR)
    if not telling.now:
        assert telling.until is not None
        assert telling.until > NOON + passed * HOUR
        assert tell(change, standing, telling.until).now
        assert not tell(change, standing, telling.until - timedelta(seconds=1)).now


@pytest.mark.parametrize(
    ("severity", "food", "hours"),
    [("critical", True, 1), ("critical", False, 4), ("high", False, 24), ("high", True, 1), ("low", False, 168)],
)
def test_it_is_shelved_for_so_long_and_no_longer(severity: str, food: bool, hours: int) -> None:
    assert shelve(held(Kind.SHELVED, hours), severity, food=food).until == NOON + hours * HOUR
    with pytest.raises(ActionRefused, match=f"{hours} h at most"):
        shelve(held(Kind.SHELVED, hours + 0.01), severity, food=food)


def test_it_needs_a_reason_and_an_end() -> None:
    with pytest.raises(ActionRefused, match="reason"):
        shelve(held(Kind.SHELVED, reason=" "), "low", food=False)
    with pytest.raises(ActionRefused, match="after its beginning"):
        shelve(held(Kind.SHELVED, 0), "low", food=False)


def test_a_window_may_be_set_for_a_time_to_come() -> None:
    later = replace(held(Kind.BY_DESIGN), begins_at=NOON + 30 * HOUR, until=NOON + 31 * HOUR)
    assert set_window(later, NOON) is later
    assert tell(RAISED, [later], NOON).now
    with pytest.raises(ActionRefused, match="12 h at most"):
        set_window(held(Kind.BY_DESIGN, 12.5), NOON)
    with pytest.raises(ActionRefused, match="14 days"):
        set_window(replace(later, begins_at=NOON + 400 * HOUR, until=NOON + 401 * HOUR), NOON)
    with pytest.raises(ActionRefused, match="passed"):
        set_window(held(Kind.BY_DESIGN), NOON + HOUR)


def test_what_is_over_cannot_be_ended() -> None:
    ended = end(held(Kind.SHELVED), "wang", NOON)
    assert (ended.ended_by, ended.stands(NOON)) == ("wang", False)
    for over, at in ((ended, NOON), (held(Kind.SHELVED), NOON + HOUR)):
        with pytest.raises(ActionRefused, match="over already"):
            end(over, "li", at)


def test_somebody_is_reminded_of_a_device_that_is_out_of_service_for_long() -> None:
    out = held(Kind.OUT_OF_SERVICE, 100)
    assert not to_remind(out, NOON + REMIND_AFTER - timedelta(seconds=1))
    assert to_remind(out, NOON + REMIND_AFTER)
    reminded = replace(out, reminded_at=NOON + REMIND_AFTER)
    assert not to_remind(reminded, NOON + REMIND_AFTER + HOUR)
    assert to_remind(reminded, NOON + 2 * REMIND_AFTER)
    assert not to_remind(held(Kind.BY_DESIGN, 100), NOON + REMIND_AFTER)
    assert not to_remind(out, NOON + 100 * HOUR)


def test_food_critical_is_what_may_spoil() -> None:
    assert is_food_critical(CRITICAL)
    assert not is_food_critical(replace(RAISED, food=COLD))
    assert not is_food_critical(replace(CRITICAL, food=None))


def test_nobody_has_to_know_how_warm_the_food_is_for_it_to_be_at_risk() -> None:
    first_hour = replace(CRITICAL, food=None)
    assert is_food_critical(first_hour, keeps_food=True)
    assert tell(first_hour, [held(Kind.BY_DESIGN)], NOON, keeps_food=True).now
    assert not is_food_critical(replace(RAISED, food=None), keeps_food=True)
