"""Of what was over when a store was heard again nobody is told; what stood then, and comes later, is told as ever."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from collector import referee
from collector.domain.segments import HOLE_LASTS
from collector.domain.suppression import Kind, Suppression
from collector.record import WITHHELD_AT_MOST
from collector.store import suppressions
from collector.store.alarm_tables import alarm
from collector.store.tables import episode, feed_event, stream, ticket, ticket_event
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import Body
from edge_agent.contract.topics import batch_topic
from rules.book import book_of
from tests.integration.collector.bench import FREEZER, STORE, STREAM, TOO_WARM, Bench, raw_message, status, warm_freezer
from tests.integration.collector.judged_stores import Office, Word, outbox_of, truth_of
from tests.integration.collector.test_history import (
    BETWEEN,
    CHANCE,
    COLD,
    TOLD,
    WARM,
    WORDS,
    check,
    deliver,
    kinds,
    offices,
    polled,
)

Episode = tuple[str, datetime]
"""Rule and beginning."""


def before(outbox: Mapping[int, Body], seq: int) -> dict[int, Body]:
    return {number: body for number, body in outbox.items() if number < seq}


def to_be_told(outbox: dict[int, Body], known: int, present_from: int) -> set[Episode]:
    """What was told before the outage, what stood when its end was reached, and what came then."""
    past = truth_of(before(outbox, present_from))
    told = truth_of(before(outbox, known + 1)).episodes.keys() | set(past.raised.items())
    return told | (truth_of(outbox).episodes.keys() - past.episodes.keys())


def told(office: Office) -> set[Episode]:
    return {(row["rule"], row["since"]) for row in office.rows(episode) if row["ticket"]}


@TOLD
@given(WORDS, CHANCE)
def test_whatever_comes_in_whatever_order_only_what_stands_at_the_present_is_told(
    words: list[Word], chance: random.Random
) -> None:
    outbox = outbox_of(words)
    known, last = sorted(chance.sample(range(1, len(outbox) + 1), 2))
    rest = [seq for seq in outbox if seq > known]
    with offices(outbox, outbox) as (ordered, shuffled):
        for office in (ordered, shuffled):
            office.hear(range(1, known + 1))
        ordered.hear(rest, present_from=last + 1)
        deliver(shuffled, rest, chance, present_from=last + 1)
        assert shuffled.everything() == ordered.everything()
        assert told(ordered) == to_be_told(outbox, known, last + 1)
        check(ordered)


@TOLD
@given(WORDS, CHANCE)
def test_history_beside_it_changes_nothing_of_that(words: list[Word], chance: random.Random) -> None:
    outbox = outbox_of(words)
    known, live_from, last = sorted(chance.randint(1, len(outbox)) for _ in range(3))
    with offices(outbox) as (office,):
        office.hear(range(1, known + 1))
        deliver(office, [seq for seq in outbox if seq >= live_from], chance, live_from, last + 1)
        deliver(office, list(outbox), chance, live_from, last + 1)
        check(office)
        over = truth_of(before(outbox, last + 1))
        stale = over.episodes.keys() - set(over.raised.items()) - truth_of(before(outbox, known + 1)).episodes.keys()
        assert not [row for row in office.rows(ticket) if episodes_of(office, row["id"]) <= stale]


def episodes_of(office: Office, number: int) -> set[Episode]:
    return {(row["rule"], row["since"]) for row in office.rows(episode) if row["ticket"] == number}


@TOLD
@given(WORDS, CHANCE)
def test_connections_that_break_before_the_present_leave_it_to_the_next(
    words: list[Word], chance: random.Random
) -> None:
    outbox = outbox_of(words)
    with offices(outbox) as (office,):
        known, first, second, third = sorted(chance.randint(1, len(outbox)) for _ in range(4))
        office.hear(range(1, known + 1))
        deliver(office, list(range(known, first + 1)), chance, present_from=second + 1)
        deliver(office, [seq for seq in outbox if seq >= known], chance, present_from=third + 1)
        check(office)
        earlier = to_be_told(outbox, known, second + 1) if first == second else set()
        assert told(office) <= to_be_told(outbox, known, third + 1) | earlier


OVER: list[Word] = [(5, COLD, False), *[(10, WARM, False)] * 6, *[(10, COLD, False)] * 10]
"""Cold at number 2, warm from 3 to 8, cold again from 9 to 18."""
STANDING: list[Word] = [(5, COLD, False), (5, COLD, False), *[(10, WARM, False)] * 20]
"""Cold at numbers 2 and 3, and warm from number 4 on."""


def test_an_episode_that_the_live_lane_shows_from_its_beginning_to_its_end_is_past() -> None:
    with offices(outbox_of(OVER)) as (office,):
        office.hear([1, 2])
        office.hear(range(3, 19), present_from=19)
        (row,) = office.rows(episode)
        assert (row["since"], row["past"], row["ticket"]) == (polled(office, 3), True, None)
        assert row["cleared_at"] is not None
        assert office.rows(ticket) == office.rows(feed_event) == []


def test_what_stands_is_told_as_soon_as_the_present_is_reached_with_its_beginning() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear([1, 2])
        office.hear(range(3, 15), present_from=16)
        assert office.rows(ticket) == office.rows(feed_event) == []
        office.hear([15], present_from=16)
        (row,) = office.rows(ticket)
        assert (row["since"], row["alarm_active"], kinds(office)) == (polled(office, 4), True, ["opened"])
        assert row["evidence"].values[0].at == polled(office, 15)
        assert row["diagnosis"]
        assert told(office) == {(row["fault"], row["since"])}


def test_what_ends_a_moment_after_the_present_is_told_twice_as_ever() -> None:
    with offices(outbox_of(OVER)) as (office,):
        office.hear([1, 2])
        office.hear(range(3, 19), present_from=9)
        assert kinds(office) == ["opened", "cleared"]


ANEW: list[Word] = [*OVER[:7], *[(10, COLD, False)] * 4, *[(10, WARM, False)] * 6]
"""Warm from number 3 to 8, cold from 9 to 12, and warm again from number 13 on."""


def test_a_ticket_whose_fault_went_and_came_back_meanwhile_is_still_active_and_says_nothing() -> None:
    with offices(outbox_of(ANEW)) as (office,):
        office.hear(range(1, 9))
        office.hear(range(9, 19), present_from=19)
        (row,) = office.rows(ticket)
        assert (row["since"], row["alarm_active"], kinds(office)) == (polled(office, 3), True, ["opened"])
        assert told(office) == {(row["fault"], polled(office, 3)), (row["fault"], polled(office, 13))}


def test_a_ticket_whose_fault_is_over_at_the_present_is_told_as_over_since_then() -> None:
    with offices(outbox_of(OVER)) as (office,):
        office.hear(range(1, 9))
        office.hear(range(9, 17), present_from=18)
        assert kinds(office) == ["opened"]
        office.hear([17], present_from=18)
        (row,), (over,) = office.rows(ticket), office.rows(episode)
        assert (row["normal_since"], kinds(office)) == (over["cleared_at"], ["opened", "cleared"])


def test_a_ticket_that_a_person_closed_while_the_fault_stands_is_not_opened_again() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear(range(1, 9))
        with office.database.writing() as connection:
            connection.execute(ticket.update().values(state="closed"))
        office.hear(range(9, 15), present_from=15)
        assert kinds(office) == ["opened"]


def test_what_is_held_back_and_over_before_the_present_is_told_to_nobody_ever() -> None:
    with offices(outbox_of(OVER)) as (office,):
        office.hear([1, 2])
        out = out_of_service(office, timedelta(hours=2))
        office.hear(range(3, 9))
        assert [row["told_at"] for row in office.rows(alarm)] == [None]
        office.hear(range(9, 19), present_from=19)
        assert office.rows(alarm) == []
        office.now = out + timedelta(minutes=1)
        office.recorder.release(office.database, office.now)
        assert office.rows(ticket) == []


def test_an_alarm_of_a_closed_ticket_that_is_over_before_the_present_stands_no_longer() -> None:
    with offices(outbox_of(OVER)) as (office,):
        office.hear(range(1, 9))
        with office.database.writing() as connection:
            connection.execute(ticket.update().values(state="closed"))
        office.hear(range(9, 17), present_from=18)
        assert [row["standing"] for row in office.rows(alarm)] == ["unacknowledged"]
        office.hear([17], present_from=18)
        (returned,), (over,) = office.rows(alarm), office.rows(episode)
        assert (returned["standing"], returned["cleared_at"]) == ("returned", over["cleared_at"])


def test_what_is_held_back_is_told_with_the_beginning_that_its_history_tells() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear([1, 2])
        out = out_of_service(office, timedelta(hours=2))
        office.hear(range(12, 21), live_from=12)
        assert [row["since"] for row in office.rows(alarm)] == [polled(office, 12)]
        office.hear(range(3, 12), live_from=12)
        office.now = out + timedelta(minutes=1)
        office.recorder.release(office.database, office.now)
        (told,), (known,), (standing,) = office.rows(ticket), office.rows(episode), office.rows(alarm)
        assert {told["since"], standing["since"], known["since"]} == {polled(office, 4)}
        assert (told["since_at_least"], known["ticket"], known["cleared_at"]) == (False, told["id"], None)


def test_what_is_held_back_and_went_and_came_back_meanwhile_is_told_with_its_second_beginning() -> None:
    with offices(outbox_of(ANEW)) as (office,):
        office.hear([1, 2])
        out = out_of_service(office, timedelta(hours=2))
        office.hear(range(3, 9))
        assert [row["since"] for row in office.rows(alarm)] == [polled(office, 3)]
        office.hear(range(9, 19), present_from=19)
        assert [(row["since"], row["told_at"]) for row in office.rows(alarm)] == [(polled(office, 13), None)]
        office.now = out + timedelta(minutes=1)
        office.recorder.release(office.database, office.now)
        assert [row["since"] for row in office.rows(ticket)] == [polled(office, 13)]
        assert told(office) == {(TOO_WARM, polled(office, 13))}


def test_what_was_told_and_then_held_back_is_told_again_with_the_beginning_of_what_stands() -> None:
    with offices(outbox_of(ANEW)) as (office,):
        office.hear(range(1, 9))
        out = out_of_service(office, timedelta(hours=2))
        with office.database.writing() as connection:
            connection.execute(ticket.update().values(state="closed"))
        office.hear(range(9, 19), present_from=19)
        office.now = out + timedelta(minutes=1)
        office.recorder.release(office.database, office.now)
        assert [row["since"] for row in office.rows(ticket)] == [polled(office, 3), polled(office, 13)]
        assert [row["since"] for row in office.rows(alarm)] == [polled(office, 13)]


def test_an_alarm_whose_rule_is_gone_and_that_is_over_before_the_present_stands_no_longer() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear(range(1, 9))
        office.book = book_of([rule for rule in office.book.rules if rule.id != TOO_WARM])
        office.start()
        office.hear(range(9, 17), present_from=18)
        assert [row["alarm_active"] for row in office.rows(ticket)] == [True]
        office.hear([17], present_from=18)
        (returned,), (known,) = office.rows(alarm), office.rows(episode)
        assert (returned["standing"], returned["cleared_at"]) == ("returned", known["cleared_at"])
        assert [row["alarm_active"] for row in office.rows(ticket)] == [False]


def out_of_service(office: Office, duration: timedelta) -> datetime:
    """The freezer, from now on; until when."""
    until = office.now + duration
    held = Suppression(
        kind=Kind.OUT_OF_SERVICE,
        reason="repair",
        actor="li",
        begins_at=office.now,
        until=until,
        store=STORE,
        device=FREEZER.id,
    )
    with office.database.writing() as connection:
        suppressions.begin(connection, held)
    return until


def test_what_a_dead_line_keeps_back_is_told_after_five_minutes_as_it_stands() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear([1, 2])
        office.hear(range(3, 12), present_from=20)
        assert office.wait(WITHHELD_AT_MOST - timedelta(seconds=1)) == 0
        assert office.wait(timedelta(seconds=1)) == 1
        assert office.wait(WITHHELD_AT_MOST) == 0
        office.hear(range(12, 22), present_from=20)
        assert kinds(office) == ["opened"]
        assert office.rows(stream)[0]["withheld_since"] is None


def test_a_hole_before_the_present_keeps_nothing_back_once_it_is_judged_around() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear([1, 2])
        office.hear(range(5, 16), present_from=16)
        office.now += HOLE_LASTS
        office.hear([16], present_from=16)
        assert kinds(office) == ["opened"]


def test_a_number_of_an_earlier_connection_that_comes_late_counts_no_more() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear([1, 2])
        office.hear([3], present_from=16)
        office.hear(range(4, 12), present_from=8)
        assert office.rows(ticket) == []


def test_a_store_that_names_no_present_is_told_at_once() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear(range(1, 12))
        assert kinds(office) == ["opened"]


def test_what_the_stream_before_kept_back_is_told_by_the_next_one() -> None:
    with offices(outbox_of(STANDING)) as (office,):
        office.hear([1, 2])
        office.hear(range(3, 12), present_from=20)
        office.hear([1], stream="outbox-b")
        assert kinds(office) == ["opened"]
        assert office.wait(WITHHELD_AT_MOST) == 0


def test_an_end_that_only_a_join_before_the_present_shows_is_told_at_the_present() -> None:
    words: list[Word] = [*STANDING[:10], *[(10, COLD, False)] * 4, *[(10, BETWEEN, False)] * 5]
    with offices(outbox_of(words)) as (office,):
        office.hear(range(1, 12))
        office.hear(range(16, 20), live_from=16, present_from=21)
        office.hear(range(12, 16), live_from=16, present_from=21)
        assert kinds(office) == ["opened"]
        office.hear([20], live_from=16, present_from=21)
        assert kinds(office) == ["opened", "cleared"]


def test_alarms_that_cannot_be_told_cost_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(referee, "restate", broken)
    with offices(outbox_of(STANDING)) as (office,):
        office.hear(range(1, 12), present_from=12)
        office.hear([12], present_from=12)
        assert office.rows(stream)[0]["upto"] == 12
        assert office.rows(ticket_event) == []


def test_the_ingest_tells_it_where_no_message_comes_any_more_and_wakes_the_feed(bench: Bench) -> None:
    told: list[tuple[int, Body]] = [(1, status()), *warm_freezer()]
    payload = encode_batch(STREAM, [(seq, encode_body(body)) for seq, body in told], present_from=50)
    bench.inbox.waiting = [raw_message(payload, batch_topic(STORE))]
    bench.ingest.turn()
    assert (bench.count_tickets(), bench.woken) == (0, 0)
    bench.hand.seconds += WITHHELD_AT_MOST.total_seconds()
    bench.ingest.turn()
    assert (bench.count_tickets(), bench.woken) == (1, 1)
