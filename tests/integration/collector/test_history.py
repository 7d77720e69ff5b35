"""After an outage: whatever the order and however often, everything is judged once, and the truth comes first."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import referee
from collector.domain.segments import HOLE_LASTS, Segment
from collector.store import streams
from collector.store.memory_tables import segment_memory
from collector.store.streams import Progress
from collector.store.tables import ahead, episode, feed_event, stream, ticket, ticket_event, unjudged
from collector.succession import ENDED, TAKEN_BACK_AFTER
from edge_agent.contract.readings import Body, Gap, Quality, Telemetry
from tests.integration.collector.bench import STORE, STREAM
from tests.integration.collector.judged_stores import Office, Word, outbox_of, truth_of

WARM, BETWEEN, COLD = -5.0, -13.0, -20.0
AIR = [WARM, WARM, WARM, BETWEEN, COLD, Quality.OUT_OF_RANGE, Quality.PROBE_FAULT, Quality.NO_ANSWER]
WORDS: st.SearchStrategy[list[Word]] = st.lists(
    st.tuples(st.sampled_from([5, 10, 15, 19, 21]), st.sampled_from(AIR), st.sampled_from([False, False, False, True])),
    min_size=8,
    max_size=40,
)
CHANCE = st.randoms(use_true_random=False)
TOLD = settings(max_examples=30, deadline=None)


@contextmanager
def offices(*outboxes: dict[int, Body]) -> Iterator[list[Office]]:
    with TemporaryDirectory() as folder:
        made = [Office(Path(folder) / f"{number}.sqlite", outbox=outbox) for number, outbox in enumerate(outboxes)]
        yield made
        for office in made:
            office.database.close()


def deliver(office: Office, seqs: list[int], chance: random.Random, live_from: int = 0, present_from: int = 0) -> None:
    """All of them, in any order and some of them again, with power cuts and restarts in between."""
    waiting = [*seqs, *chance.sample(seqs, len(seqs) // 2)]
    chance.shuffle(waiting)
    while waiting:
        size = chance.randint(1, 6)
        message, waiting = waiting[:size], waiting[size:]
        if chance.random() < 0.2:
            office.hear(message, live_from, present_from, dies=True)
        office.hear(message, live_from, present_from)
        if chance.random() < 0.2:
            office.start()


@TOLD
@given(WORDS, CHANCE)
def test_any_order_of_arrival_ends_where_the_right_one_does(words: list[Word], chance: random.Random) -> None:
    outbox = outbox_of(words)
    lost = sorted(chance.sample(range(2, len(outbox)), 2))
    outbox[len(outbox) + 1] = Gap(from_seq=lost[0], to_seq=lost[1], count=lost[1] - lost[0] + 1, reason="full")
    there = [seq for seq in outbox if not lost[0] <= seq <= lost[1]]
    with offices(outbox, outbox) as (ordered, shuffled):
        ordered.hear(there)
        deliver(shuffled, there, chance)
        assert shuffled.everything() == ordered.everything()


@TOLD
@given(WORDS, CHANCE)
def test_history_ends_where_an_unbroken_judgement_does(words: list[Word], chance: random.Random) -> None:
    outbox = outbox_of(words)
    known, first, second = sorted(chance.randint(1, len(outbox)) for _ in range(3))
    with offices(outbox) as (office,):
        office.hear(range(1, known + 1))
        deliver(office, list(range(first, min(first + 3, second))) or [first], chance, live_from=first)
        deliver(office, [seq for seq in outbox if seq >= second] or [second], chance, live_from=second)
        deliver(office, list(outbox), chance, live_from=second)
        check(office)


def check(office: Office) -> None:
    told = truth_of(office.outbox)
    memory = office.memory()
    assert memory.openings is None
    raised = {rule: alarm.since for rule, alarm in memory.alarms.items() if alarm.raised}
    assert raised == told.raised
    episodes = office.rows(episode)
    assert {(row["rule"], row["since"]): row["cleared_at"] for row in episodes} == told.episodes
    assert not any(row["since_at_least"] for row in episodes)
    tickets = [row for row in office.rows(ticket) if row["alarm_active"]]
    assert sorted(row["fault"] for row in tickets) == sorted(told.raised)
    assert len(office.rows(feed_event)) == len(office.rows(ticket_event))
    for row in office.rows(ticket):
        assert not row["since_at_least"]
        assert row["since"] == min(one["since"] for one in episodes if one["ticket"] == row["id"])


MORNING_OF_FAULT: list[Word] = [(5, COLD, False), (5, COLD, False), *[(10, WARM, False)] * 20]
"""Cold at numbers 2 and 3, and warm from number 4 on."""


def kinds(office: Office) -> list[str]:
    return [row["kind"] for row in office.rows(ticket_event)]


def test_what_is_wrong_now_is_told_before_its_history_and_its_beginning_is_corrected() -> None:
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear([1, 2, 3])
        office.hear(range(15, 20), live_from=15)
        (told,) = office.rows(ticket)
        assert (told["since"], told["since_at_least"]) == (polled(office, 15), True)
        office.hear(range(4, 15), live_from=15)
        (told,) = office.rows(ticket)
        assert (told["since"], told["since_at_least"]) == (polled(office, 4), False)
        assert kinds(office) == ["opened", "since_corrected"]
        assert len(office.rows(feed_event)) == 2
        (row,) = office.rows(episode)
        assert (row["since"], row["ticket"], row["past"]) == (polled(office, 4), told["id"], False)


def test_what_was_wrong_and_is_over_is_written_down_and_told_to_nobody() -> None:
    words: list[Word] = [(5, COLD, False), *[(10, WARM, False)] * 6, *[(10, COLD, False)] * 10]
    with offices(outbox_of(words)) as (office,):
        office.hear([1, 2])
        office.hear(range(14, 19), live_from=14)
        office.hear(range(3, 14), live_from=14)
        (row,) = office.rows(episode)
        assert (row["since"], row["past"], row["ticket"]) == (polled(office, 3), True, None)
        assert row["cleared_at"] is not None
        assert office.rows(ticket) == office.rows(feed_event) == []


def test_a_ticket_of_before_the_outage_stays_one_ticket() -> None:
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear(range(1, 10))
        office.hear(range(15, 20), live_from=15)
        office.hear(range(10, 15), live_from=15)
        (told,) = office.rows(ticket)
        assert (told["since"], kinds(office)) == (polled(office, 4), ["opened"])


def test_an_end_that_only_the_history_and_the_live_together_show_clears_the_ticket() -> None:
    """Normal within the outage, and since then neither normal nor faulty: the live segment could not tell."""
    words = [*MORNING_OF_FAULT[:10], *[(10, COLD, False)] * 4, *[(10, BETWEEN, False)] * 4]
    with offices(outbox_of(words)) as (office,):
        office.hear(range(1, 12))
        office.hear(range(16, 20), live_from=16)
        assert office.rows(ticket)[0]["alarm_active"]
        office.hear(range(12, 16), live_from=16)
        assert not office.rows(ticket)[0]["alarm_active"]
        assert kinds(office) == ["opened", "cleared"]


def test_a_hole_that_nothing_fills_holds_nobody_up_for_long() -> None:
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear([1, *range(10, 16)])
        assert office.rows(ticket) == []
        assert len(office.rows(ahead)) == 6
        office.now += HOLE_LASTS
        office.hear([16])
        (told,) = office.rows(ticket)
        assert told["since_at_least"]
        assert office.rows(ahead) == []


def test_the_history_of_too_many_outages_is_stored_and_not_judged() -> None:
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear([1])
        for seq in range(4, 22, 2):
            office.hear([seq], live_from=seq)
        office.hear([2, 3])
        assert [(row["seq"], row["reason"]) for row in office.rows(unjudged)] == [
            (2, "history_given_up"),
            (3, "history_given_up"),
        ]


def test_history_that_cannot_be_joined_costs_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(referee, "join", broken)
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear([1, 2, 3])
        office.hear(range(15, 20), live_from=15)
        office.hear(range(4, 15), live_from=15)
        assert office.memory().openings is None
        assert office.rows(ticket)[0]["since_at_least"]
        assert len(office.rows(stream)[0]["segments"]) == 1


def test_what_an_earlier_version_judged_around_is_stored_and_not_judged() -> None:
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear([1])
        with office.database.writing() as connection:
            streams.remember(connection, {(STORE, STREAM): Progress(segments=(Segment(1, 9),))})
        office.hear([5])
        assert [(row["seq"], row["reason"]) for row in office.rows(unjudged)] == [(5, "late")]


def test_a_new_outbox_ends_the_history_of_the_old_one() -> None:
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear([1, 2])
        office.hear([10, 12], live_from=10)
        office.hear([1], stream="outbox-b")
        office.hear([3])
        assert {(row["seq"], row["reason"]) for row in office.rows(unjudged)} == {(3, ENDED), (12, ENDED)}
        assert office.rows(ahead) == office.rows(segment_memory) == []


def test_a_left_over_of_an_old_outbox_ends_the_new_one_for_an_hour_at_most() -> None:
    """As after a database set up anew: the broker still held a message of the outbox that was replaced long ago."""
    with offices(outbox_of(MORNING_OF_FAULT)) as (office,):
        office.hear(range(1, 4), stream="outbox-b")
        office.hear([1])
        office.hear([4, 5], stream="outbox-b")
        office.now += TAKEN_BACK_AFTER
        office.hear(range(6, 12), stream="outbox-b")
        assert [row["seq"] for row in office.rows(unjudged)] == [4, 5]
        assert len(office.rows(ticket)) == 1


def polled(office: Office, seq: int) -> datetime:
    body = office.outbox[seq]
    assert isinstance(body, Telemetry)
    return body.at
