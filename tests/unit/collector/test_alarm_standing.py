"""The life of an alarm as operators see it, by its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.acting import WHO_MAY, ActionRefused, NotYours, permit
from collector.domain.alarms import (
    BY_HAND,
    TRANSITIONS,
    Alarm,
    Event,
    Standing,
    acknowledge,
    clear,
    diagram,
    next_standing,
    raise_anew,
    reset,
    tell_again,
)
from collector.domain.tickets import ROLES
from edge_agent.contract.text import same
from rules.model import Change, Evidence

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
PAGE = Path(__file__).parents[3] / "docs" / "head-office.md"
CHANGE = Change(
    rule="a.b",
    device="d",
    kind="raised",
    at=NOON,
    since=NOON,
    severity="high",
    evidence=Evidence(condition=same("c"), held_for=timedelta(), values=(), params={}, excluded=()),
    diagnosis=(),
)


def alarm(*, latching: bool = False, told: bool = True) -> Alarm:
    return Alarm(
        id=0,
        store="s",
        device="d",
        rule="a.b",
        title=same("t"),
        severity="high",
        priority=None,
        food=False,
        latching=latching,
        standing=Standing.NORMAL,
        since=NOON,
        raised_at=NOON,
        noted_at=NOON,
        change=CHANGE,
        told_at=NOON if told else None,
    )


def raised(*, latching: bool = False, told: bool = True) -> Alarm:
    return raise_anew(None, alarm(latching=latching, told=told))


@pytest.mark.parametrize(("standing", "event"), list(product(Standing, Event)))
def test_every_event_is_answered_in_every_standing(standing: Standing, event: Event) -> None:
    expected = TRANSITIONS[standing].get(event)
    if expected is None and event in BY_HAND:
        with pytest.raises(ActionRefused, match=standing):
            next_standing(standing, event)
    else:
        assert next_standing(standing, event) is (expected or standing)


def test_every_standing_is_reached_and_can_be_left() -> None:
    reached = {after for moves in TRANSITIONS.values() for after in moves.values()}
    assert reached == set(Standing) == set(TRANSITIONS)
    for standing in Standing:
        assert set(TRANSITIONS[standing].values()) - {standing}


def test_what_is_raised_is_never_normal_and_what_stands_is_never_returned() -> None:
    for moves in TRANSITIONS.values():
        assert moves.get(Event.RAISED) in {None, Standing.UNACKNOWLEDGED}
        assert not {moves.get(event) for event in Event if event.startswith("cleared")} & {
            Standing.UNACKNOWLEDGED,
            Standing.ACKNOWLEDGED,
        }


def test_the_picture_in_the_documents_is_that_of_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in PAGE.read_text(encoding="utf-8")


def test_it_stays_to_be_seen_until_somebody_has_acknowledged_it() -> None:
    returned = clear(raised(), NOON)
    assert (returned.standing, returned.active, returned.over) == (Standing.RETURNED, False, False)
    assert acknowledge(returned, "li", NOON).over


def test_it_is_normal_again_once_it_is_acknowledged_and_over() -> None:
    seen = acknowledge(raised(), "li", NOON)
    assert (seen.acknowledged_by, seen.acknowledged_at) == ("li", NOON)
    assert clear(seen, NOON).over


def test_what_nobody_was_told_of_ends_without_a_word() -> None:
    assert clear(raised(told=False), NOON).over
    assert clear(raised(told=False, latching=True), NOON).over


def test_a_latched_one_stays_until_it_is_reset() -> None:
    held = clear(acknowledge(raised(latching=True), "li", NOON), NOON)
    assert held.standing is Standing.LATCHED
    assert clear(held, NOON) is held
    assert reset(held).over
    with pytest.raises(ActionRefused):
        reset(raised(latching=True))


def test_a_repetition_changes_nothing() -> None:
    standing = acknowledge(raised(), "li", NOON)
    assert raise_anew(standing, alarm()) is standing


def test_it_is_the_same_alarm_when_it_comes_again() -> None:
    returned = clear(raised(), NOON)
    again = raise_anew(returned, alarm())
    assert (again.id, again.standing, again.cleared_at) == (returned.id, Standing.UNACKNOWLEDGED, None)
    assert again.revision > returned.revision


def test_one_that_was_over_and_came_again_before_anybody_heard_of_it_is_of_what_stands() -> None:
    known, later = acknowledge(raised(), "li", NOON), NOON + timedelta(hours=2)
    again = raise_anew(known, replace(alarm(), since=later, raised_at=later, food=True))
    assert (again.since, again.raised_at, again.food, again.revision) == (later, later, True, known.revision + 1)
    assert (again.standing, again.acknowledged_by, again.told_at) == (known.standing, "li", known.told_at)
    assert raise_anew(again, alarm()) is again


def test_who_has_acknowledged_it_is_told_again_when_its_suppression_ends() -> None:
    told = tell_again(acknowledge(raised(told=False), "li", NOON), NOON)
    assert (told.standing, told.told_at) == (Standing.UNACKNOWLEDGED, NOON)


STEPS: dict[str, Callable[[Alarm], Alarm]] = {
    "raise": lambda one: raise_anew(one, alarm(latching=one.latching)),
    "clear": lambda one: clear(one, NOON),
    "acknowledge": lambda one: acknowledge(one, "li", NOON),
    "reset": reset,
    "tell": lambda one: tell_again(one, NOON) if one.active else one,
}


@given(latching=st.booleans(), told=st.booleans(), steps=st.lists(st.sampled_from(sorted(STEPS))))
def test_whatever_happens_each_change_has_its_revision(latching: bool, told: bool, steps: list[str]) -> None:
    now = raised(latching=latching, told=told)
    for step in steps:
        before = now
        try:
            now = STEPS[step](now)
        except ActionRefused:
            continue
        assert now is before or now.revision == before.revision + 1
        assert now.active == (now.cleared_at is None)
        if now.over:
            return


def test_everybody_may_bring_an_alarm_back_and_only_dispatchers_hide_food() -> None:
    for role, action in product(ROLES, WHO_MAY):
        if role in WHO_MAY[action]:
            permit(action, role)
        else:
            with pytest.raises(NotYours):
                permit(action, role)
    for action in ("unshelve", "unmask", "put_back", "acknowledge"):
        assert WHO_MAY[action] == set(ROLES)
    for action in ("shelve_food", "mask", "shadow"):
        assert WHO_MAY[action] == {"dispatcher"}
