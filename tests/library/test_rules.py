"""Every rule that ships holds what its own tests promise, in both languages."""

from __future__ import annotations

import re

import pytest

from edge_agent.contract.text import Text
from rules.build import RuleTest
from rules.load import load_library
from rules.model import Rule
from rules.selftest import run_test

LIBRARY = load_library()
HAN = re.compile(r"[\u4e00-\u9fff]")
NEEDED = {
    "refrigeration.air_temperature_high",
    "refrigeration.probe_fault",
    "device.silent",
    "ac.cannot_hold_set_point",
}


def texts(rule: Rule) -> list[Text]:
    return [rule.title, rule.why, rule.condition, *([rule.unless.text] if rule.unless else [])]


@pytest.mark.parametrize("test", LIBRARY.tests, ids=lambda test: f"{test.rule}: {test.it}")
def test_it_does_what_its_file_says(test: RuleTest) -> None:
    outcome = run_test(LIBRARY.book, test)
    assert outcome.got == test.expect
    assert outcome.cause_right


def test_the_rules_of_the_main_job_are_there() -> None:
    assert LIBRARY.book.by_id.keys() >= NEEDED


@pytest.mark.parametrize("rule", LIBRARY.book.rules, ids=lambda rule: rule.id)
def test_every_rule_shows_that_it_fires_clears_and_ignores_a_look_alike(rule: Rule) -> None:
    expected = [test.expect for test in LIBRARY.tests if test.rule == rule.id]
    assert any("active" in states and states[-1] == "clear" for states in expected)
    assert any("active" not in states for states in expected)


@pytest.mark.parametrize("rule", LIBRARY.book.rules, ids=lambda rule: rule.id)
def test_every_rule_speaks_both_languages(rule: Rule) -> None:
    assert [text for text in texts(rule) if not HAN.search(text.zh) or HAN.search(text.en) or not text.en] == []


@pytest.mark.parametrize("rule", LIBRARY.book.rules, ids=lambda rule: rule.id)
def test_every_rule_names_causes_and_a_family(rule: Rule) -> None:
    assert all(rule.suspects.values())
    assert rule.family != rule.id
