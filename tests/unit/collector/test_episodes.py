"""What the history of an outage changes in the list of a device's alarms."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from collector.domain.episodes import Amendment, Episode, amend
from edge_agent.contract.text import same
from rules.load import load_rules
from rules.model import Evidence
from rules.segments import Correction

RULE = load_rules().by_id["refrigeration.air_temperature_high"]
NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

LIVE = Episode(
    rule=RULE.id,
    severity="critical",
    title=RULE.title,
    since=NOON,
    since_at_least=True,
    raised_at=NOON + HOUR,
    cleared_at=None,
    past=False,
    ticket=7,
    evidence=Evidence(condition=same("c"), held_for=HOUR, values=(), params={}, excluded=()),
)
PAST = replace(LIVE, since=NOON - 3 * HOUR, since_at_least=False, raised_at=NOON - 2 * HOUR, past=True, ticket=None)


def put(known: Episode | None, true: Episode | None, **told: datetime | None) -> Amendment | None:
    correction = Correction(rule=RULE.id, was=told.get("was"), since=told.get("since"), until=told.get("until"))
    return amend(correction, RULE, known, true)


def test_a_live_alarm_and_that_of_the_history_are_one() -> None:
    told = put(LIVE, PAST, was=LIVE.since, since=PAST.since)
    assert told == Amendment(removed=LIVE.since, put=replace(PAST, past=False, ticket=7))


def test_a_live_alarm_that_was_only_pending_in_the_history_is_as_old_as_that() -> None:
    told = put(LIVE, None, was=LIVE.since, since=NOON - HOUR)
    assert told == Amendment(removed=NOON, put=replace(LIVE, since=NOON - HOUR, since_at_least=False))


def test_an_alarm_of_the_history_ends_with_the_first_words_after_it() -> None:
    told = put(None, PAST, since=PAST.since, until=NOON)
    assert told == Amendment(removed=None, put=replace(PAST, cleared_at=NOON))


def test_one_ticket_may_tell_of_two_alarms_with_an_end_between_them() -> None:
    """Raised before the outage, cleared within it, and raised again before it was over."""
    told = put(replace(LIVE, cleared_at=NOON + HOUR), None, was=NOON, since=NOON + 2 * HOUR)
    assert told is not None
    assert told.removed is None
    assert (told.put.since, told.put.cleared_at, told.put.ticket) == (NOON + 2 * HOUR, None, 7)


def test_an_alarm_that_only_both_parts_together_show_is_written_down_as_past() -> None:
    told = put(None, None, since=NOON, until=NOON + HOUR)
    assert told is not None
    assert (told.put.past, told.put.ticket, told.put.cleared_at) == (True, None, NOON + HOUR)
    assert told.put.evidence.held_for == HOUR


def test_nothing_is_written_where_there_was_no_alarm_in_truth() -> None:
    assert put(LIVE, None, was=LIVE.since) is None
    assert put(None, None, since=NOON) is None
