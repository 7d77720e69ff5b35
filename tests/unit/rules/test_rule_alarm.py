"""The alarm's table, and the time that a condition must hold."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alarm import TRANSITIONS, Alarm, Finding, State, Verdict, advance, diagram
from tests.unit.rules.judged import MINUTE, T0

LETTERS: dict[State | None, str] = {None: "c", State.PENDING: "p", State.ACTIVE: "A", State.CLEARING: "C"}
HOLD, NORMAL_FOR = 30 * MINUTE, 10 * MINUTE
PAGE = Path(__file__).parents[3] / "docs/rules.md"
VERDICTS = {
    "!": Verdict(faulty=True, normal=False, masked=False, inhibited=False),
    ".": Verdict(faulty=False, normal=True, masked=False, inhibited=False),
    "~": Verdict(faulty=False, normal=False, masked=False, inhibited=False),
    "?": Verdict(faulty=None, normal=None, masked=False, inhibited=False),
    "m": Verdict(faulty=True, normal=False, masked=True, inhibited=False),
    "i": Verdict(faulty=True, normal=False, masked=False, inhibited=True),
    "k": Verdict(faulty=False, normal=None, masked=False, inhibited=False),
}


def states(signs: str, every: timedelta = 10 * MINUTE) -> tuple[str, list[str]]:
    """First letters of the states (c p A C), a letter for each sign (a space: nothing came), and the changes."""
    alarm: Alarm | None = None
    seen, changes = "", []
    for step, sign in enumerate(signs):
        if sign != " ":
            done = advance(alarm, VERDICTS[sign], T0 + step * every, HOLD, NORMAL_FOR)
            alarm = done.alarm
            if done.change:
                changes.append(f"{done.change}@{step} since {(done.since - T0) // every}")
        seen += LETTERS[None if alarm is None else alarm.state]
    return seen, changes


def test_every_state_answers_every_finding() -> None:
    assert all(set(moves) == set(Finding) for moves in TRANSITIONS.values())
    assert set(TRANSITIONS) == set(State)


def test_only_raising_and_clearing_are_told() -> None:
    for state, moves in TRANSITIONS.items():
        for move in moves.values():
            raised = state in {State.ACTIVE, State.CLEARING}
            will_be = move.to in {State.ACTIVE, State.CLEARING}
            assert move.change == {(False, True): "raised", (True, False): "cleared"}.get((raised, will_be))


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (".!!! !..", "cppppACc"),
        (".!!!!..", "cpppACc"),
        ("!!.!!!!", "ppcpppA"),
        ("!!~!!!!", "ppcpppA"),
        ("!!?!!", "pppAA"),
        ("!!??!!!!", "pppppppA"),
        ("!!!?", "pppp"),
        ("!!m!!!!", "ppcpppA"),
        ("!!!!.m.", "pppACCc"),
        ("!!!!mmm!", "pppAAAAA"),
        ("!!!!.~..", "pppACACc"),
        ("!!!!.?.", "pppACCc"),
        ("!!!!.k.", "pppACCc"),
        ("!!!!.!", "pppACA"),
        ("!!!iii!", "ppppppA"),
        ("!!!!iii", "pppAAAA"),
        ("!!   !!!!", "ppppppppA"),
        ("!!!!.  ..", "pppACCCCc"),
    ],
)
def test_it_lives_by_its_table(signs: str, expected: str) -> None:
    assert states(signs)[0] == expected


def test_a_change_says_when_the_condition_began() -> None:
    assert states(".!!!!!..")[1] == ["raised@4 since 1", "cleared@7 since 1"]


def test_what_was_raised_keeps_its_beginning_over_a_silence() -> None:
    assert states("!!!!      !..")[1] == ["raised@3 since 0", "cleared@12 since 0"]


def test_no_hold_is_ever_fulfilled_by_two_reports_and_a_silence() -> None:
    for minutes in range(1, 600):
        assert states("!!", minutes * MINUTE)[0] == "pp"


def test_a_hold_of_no_length_raises_at_once() -> None:
    step = advance(None, VERDICTS["!"], T0, timedelta(), timedelta())
    assert step.change == "raised"
    assert step.alarm is not None
    assert advance(step.alarm, VERDICTS["."], T0 + MINUTE, timedelta(), timedelta()).change == "cleared"


@given(st.lists(st.tuples(st.sampled_from("!.~?mik"), st.integers(1, 40)), max_size=40))
def test_changes_alternate_and_unknown_decides_nothing(told: list[tuple[str, int]]) -> None:
    alarm, at, raised = None, T0, False
    for sign, minutes in told:
        at += minutes * MINUTE
        step = advance(alarm, VERDICTS[sign], at, HOLD, NORMAL_FOR)
        if step.change:
            assert (step.change == "raised") is not raised
            raised = not raised
            assert step.since <= step.until <= at
        assert sign != "?" or step.alarm == alarm
        assert raised == (step.alarm is not None and step.alarm.raised)
        alarm = step.alarm


def test_the_page_shows_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```" in PAGE.read_text(encoding="utf-8")
