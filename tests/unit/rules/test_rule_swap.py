"""Other rules come into force between two telemetries: what is known of a device goes on."""

from __future__ import annotations

from pathlib import Path

from rules.alarm import State
from rules.book import RuleBook
from tests.unit.rules.judged import book_in, freezer, judge_all, rule_text, said

WARM = [said(minute, temp_control=-5.0) for minute in range(0, 61, 5)]


def book(folder: Path, *texts: str) -> RuleBook:
    folder.mkdir()
    return book_in(folder, *texts)


def test_a_hold_goes_on_from_its_beginning(tmp_path: Path) -> None:
    patient = book(tmp_path / "a", rule_text().replace("for: 30m", "for: 2h"))
    before = judge_all(patient, freezer(), WARM[:8])
    after = judge_all(book(tmp_path / "b", rule_text()), freezer(), WARM[8:9], before.memory)
    assert before.changes == ()
    assert [(change.kind, change.since) for change in after.changes] == [("raised", WARM[0].at)]


def test_a_raised_alarm_stays_raised_and_is_told_once(tmp_path: Path) -> None:
    before = judge_all(book(tmp_path / "a", rule_text()), freezer(), WARM[:8])
    other = rule_text().replace("limit: -12}", "limit: -11}")
    after = judge_all(book(tmp_path / "b", other), freezer(), WARM[8:], before.memory)
    assert (len(before.changes), after.changes) == (1, ())
    assert after.memory.alarms["refrigeration.too_warm"].state is State.ACTIVE


def test_an_alarm_whose_rule_is_gone_is_over(tmp_path: Path) -> None:
    before = judge_all(book(tmp_path / "a", rule_text(), rule_text(id_="refrigeration.warm_too")), freezer(), WARM[:8])
    after = judge_all(book(tmp_path / "b", rule_text()), freezer(), WARM[8:], before.memory)
    (over,) = after.changes
    assert (over.rule, over.kind, over.since) == ("refrigeration.warm_too", "cleared", WARM[0].at)
    assert set(after.memory.alarms) == {"refrigeration.too_warm"}


def test_what_only_waited_under_a_rule_that_is_gone_is_forgotten_without_a_word(tmp_path: Path) -> None:
    before = judge_all(book(tmp_path / "a", rule_text(id_="refrigeration.warm_too")), freezer(), WARM[:2])
    after = judge_all(book(tmp_path / "b", rule_text()), freezer(), WARM[2:3], before.memory)
    assert (after.changes, set(after.memory.alarms)) == ((), {"refrigeration.too_warm"})
