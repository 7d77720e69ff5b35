"""A run without a person is right only when its tickets and its counts are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulators.counts import Counts
from simulators.once import Outcome, report
from simulators.story import Expectation

FREEZER = Expectation(device="freezer-1", fault="refrigeration.air_temperature_high")
CHILLER = Expectation(device="open-chiller-1", fault="refrigeration.air_temperature_high")
COUNTS = Counts(sent=10, stored=10, distinct=10, instants=10, waiting=0)
RIGHT = Outcome(
    story="a_story",
    expected=frozenset({FREEZER}),
    tickets=(FREEZER,),
    seconds_to_ticket=55.54,
    seconds=60.0,
    counts=COUNTS,
)


def test_it_is_right_when_the_tickets_are_those_expected_and_nothing_is_lost() -> None:
    assert RIGHT.ok
    assert replace(RIGHT, expected=frozenset(), tickets=()).ok


@pytest.mark.parametrize("tickets", [(), (CHILLER,), (FREEZER, CHILLER), (FREEZER, FREEZER)])
def test_other_tickets_are_wrong(tickets: tuple[Expectation, ...]) -> None:
    assert not replace(RIGHT, tickets=tickets).ok


def test_lost_or_doubled_readings_are_wrong() -> None:
    assert not replace(RIGHT, counts=replace(COUNTS, sent=11)).ok
    assert not replace(RIGHT, counts=replace(COUNTS, stored=11)).ok
    assert not replace(RIGHT, counts=replace(COUNTS, instants=9)).ok


def test_the_report_has_what_a_machine_reads() -> None:
    listed = [{"device": "freezer-1", "fault": "refrigeration.air_temperature_high"}]
    assert report(RIGHT) == {
        "story": "a_story",
        "expected": listed,
        "tickets": listed,
        "seconds_to_ticket": 55.5,
        "readings_sent": 10,
        "readings_stored": 10,
        "lost": 0,
        "duplicates": 0,
        "seconds": 60.0,
        "ok": True,
    }
