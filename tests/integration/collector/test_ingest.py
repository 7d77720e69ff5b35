"""From messages to rows: what is new is kept once, judged once, and acknowledged only when it is safe."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import select

from collector import referee
from collector.domain.receipts import Receipts
from collector.store import feed, inventory, memories, streams, tickets
from collector.store.database import TryLater
from collector.store.memory_tables import memory
from collector.store.tables import gap, unjudged
from edge_agent.contract.readings import Ack, Gap, Quality
from tests.integration.collector.bench import (
    FREEZER,
    MORNING,
    NOW,
    STORE,
    STREAM,
    TOO_WARM,
    Bench,
    listed,
    message,
    poll,
    status,
    warm_freezer,
)


def test_it_keeps_readings_and_says_so_after_the_commit(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)), (3, poll(1, Quality.NO_ANSWER)))
    assert bench.count_readings() == 2
    assert bench.inbox.acks == [(STORE, Ack(stream=STREAM, upto=3, at=NOW))]
    assert len(bench.inbox.settled) == 1


def test_it_keeps_each_reading_once_however_often_it_comes(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    bench.send((2, poll(0, -20.0)), (2, poll(0, -20.0)), (3, poll(1, -20.0)))
    assert bench.stored_seqs() == [2, 3]
    assert b"collector_duplicates_total 2.0" in bench.meters.expose({})


def test_it_confirms_live_data_ahead_of_a_backlog(bench: Bench) -> None:
    bench.send((1, status()), (90, poll(90, -20.0)), (91, poll(91, -20.0)))
    assert bench.inbox.acks == [(STORE, Ack(stream=STREAM, upto=1, ranges=((90, 91),), at=NOW))]
    bench.send((2, poll(2, -20.0)))
    assert bench.inbox.acks[-1] == (STORE, Ack(stream=STREAM, upto=2, at=NOW))


def test_it_takes_each_stream_of_a_store_by_its_own_numbers(bench: Bench) -> None:
    bench.send((1, poll(0, -20.0)))
    bench.send((1, poll(5, -20.0)), stream="outbox-b")
    assert bench.count_readings() == 2


def test_it_opens_one_ticket_with_evidence_and_says_so_in_the_feed(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.reading() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
        case = tickets.case_of(connection, placed.ticket.id)
        (event,) = feed.after(connection, 0, 10)
    assert (placed.ticket.fault, placed.ticket.key_value, placed.ticket.key_limit) == (TOO_WARM, -5.0, -12.0)
    assert case.evidence.held_for >= timedelta(minutes=30)
    assert case.diagnosis
    assert msgspec.json.decode(event.data)["device"]["name"]["zh"] == FREEZER.name.zh
    assert bench.woken == 1


def test_it_remembers_an_alarm_through_a_restart(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    bench.start()
    bench.send((11, poll(45, -5.0)))
    bench.send(*[(12 + turn, poll(50 + turn * 5, -20.0)) for turn in range(4)])
    with bench.database.reading() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
        kinds = [event.kind for event in tickets.history(connection, placed.ticket.id)]
    assert kinds == ["opened", "cleared"]
    assert placed.ticket.normal_since is not None
    assert not placed.ticket.alarm_active


def test_it_judges_on_when_what_it_remembered_was_written_by_another_version(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    with bench.database.writing() as connection:
        connection.execute(memory.update().values(memory='{"points": 7}'))
    with bench.database.reading() as connection:
        known = memories.recall(connection, [(STORE, FREEZER.id)])
    assert [one.memory.points for one in known.values()] == [{}]
    bench.start()
    bench.send((3, poll(1, -20.0)))
    assert bench.count_readings() == 2


def test_it_reads_what_an_earlier_version_remembered_as_json(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(0, -20.0)))
    with bench.database.writing() as connection:
        before = memories.recall(connection, [(STORE, FREEZER.id)])
        (known,) = before.values()
        connection.execute(memory.update().values(memory=msgspec.json.encode(known.memory).decode()))
    with bench.database.reading() as connection:
        assert memories.recall(connection, [(STORE, FREEZER.id)]) == before


def test_it_opens_a_new_ticket_when_the_fault_returns_after_the_old_one_is_closed(bench: Bench) -> None:
    bench.send((1, status()), *warm_freezer())
    with bench.database.writing() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
        assert tickets.change(connection, "new", replace(placed.ticket, state="closed"))
    bench.send(*[(11 + turn, poll(50 + turn * 5, -20.0)) for turn in range(4)])
    bench.send(*[(15 + turn, poll(80 + turn * 5, -5.0)) for turn in range(9)])
    assert bench.count_tickets() == 2


def test_a_clock_that_was_never_set_decides_nothing_whatever_its_store_thinks_of_it(bench: Bench) -> None:
    bench.send((1, status()), (2, replace(poll(0, -5.0), at=datetime.min.replace(tzinfo=UTC))))
    with bench.database.reading() as connection:
        assert connection.execute(select(unjudged.c.seq, unjudged.c.reason)).all() == [(2, "clock")]
    assert bench.count_readings() == 1


def test_it_stores_what_it_may_not_judge_and_says_why(bench: Bench) -> None:
    bench.send((1, poll(0, -5.0)))
    bench.send((2, status()), (3, replace(poll(1, -5.0), clock_trusted=False)), (4, poll(2, -5.0, device="other")))
    with bench.database.reading() as connection:
        reasons = connection.execute(select(unjudged.c.seq, unjudged.c.reason).order_by(unjudged.c.seq)).all()
    assert [tuple(row) for row in reasons] == [(1, "no_inventory"), (3, "clock"), (4, "unknown_device")]
    assert bench.count_readings() == 3


def test_it_does_not_judge_what_a_clock_far_ahead_has_dated(bench: Bench) -> None:
    """Were it judged, all that comes later would look late and decide nothing."""
    tomorrow = poll(24 * 60, -20.0)
    bench.send((1, status()), (2, tomorrow), *warm_freezer(first_seq=3))
    assert bench.count_readings() == 10
    assert bench.count_tickets() == 1


def test_it_takes_the_inventory_of_a_message_before_its_polls(bench: Bench) -> None:
    bench.send((1, poll(0, -20.0)), (2, status()))
    with bench.database.reading() as connection:
        (state,) = inventory.states(connection)
    assert state.devices[0].last_at == MORNING
    assert state.label.timezone == "Asia/Shanghai"


def test_it_keeps_the_newest_inventory_whatever_comes_late(bench: Bench) -> None:
    bench.send((5, status(FREEZER, replace(FREEZER, id="freezer-2"))))
    bench.send((1, status()))
    with bench.database.reading() as connection:
        assert listed(connection) == ["freezer-1", "freezer-2"]
    bench.send((6, status()))
    with bench.database.reading() as connection:
        assert listed(connection) == ["freezer-1"]


def test_it_says_whether_a_device_answered_last(bench: Bench) -> None:
    bench.send((1, status()), (2, poll(5, Quality.NO_ANSWER)), (3, poll(1, -20.0)))
    with bench.database.reading() as connection:
        (state,) = inventory.states(connection)
    assert state.devices[0].answers is False
    assert state.devices[0].last_at == MORNING + timedelta(minutes=5)


def test_it_counts_a_gap_as_received(bench: Bench) -> None:
    bench.send((1, status()), (9, Gap(from_seq=2, to_seq=8, count=7, reason="full")), (10, poll(0, -20.0)))
    assert bench.inbox.acks[-1][1] == Ack(stream=STREAM, upto=10, at=NOW)
    with bench.database.reading() as connection:
        assert connection.execute(select(gap.c.count)).scalar_one() == 7
        assert streams.receipts(connection, STORE, STREAM) == Receipts(upto=10)


def test_the_loop_goes_on_after_any_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []

    def turn() -> None:
        turns.append(len(turns))
        if len(turns) == 3:
            bench.ingest.stop()
        raise RuntimeError("a bug")

    monkeypatch.setattr(bench.ingest, "turn", turn)
    monkeypatch.setattr("collector.ingest.FIRST_DELAY_S", 0.001)
    bench.ingest.run()
    assert turns == [0, 1, 2]
    assert not bench.ingest.ready


def test_it_keeps_readings_when_the_rules_fail_and_says_so_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(referee, "judge", broken)
    bench.send((1, status()), (2, poll(0, -20.0)), (3, poll(1, -20.0)))
    assert bench.count_readings() == 2
    assert caplog.text.count("rules failed") == 1
    assert b'collector_unjudged_total{reason="rules"} 2.0' in bench.meters.expose({})


def test_it_acknowledges_nothing_while_the_database_is_locked_and_goes_on_afterwards(
    impatient_bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bench = impatient_bench
    bench.inbox.waiting = [message((1, poll(0, -20.0)))]
    waits: list[float] = []
    with closing(sqlite3.connect(bench.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def release(delay: float) -> None:
            waits.append(delay)
            assert not bench.inbox.acks
            assert not bench.inbox.settled
            assert not bench.ingest.ready
            if len(waits) == 2:
                other.execute("ROLLBACK")

        monkeypatch.setattr(bench.ingest._stop, "wait", release)
        bench.ingest.turn()
    assert waits == [0.5, 1.0]
    assert bench.inbox.acks == [(STORE, Ack(stream=STREAM, upto=1, at=NOW))]
    assert caplog.text.count("database cannot write") == 1
    assert "writes again" in caplog.text


def test_it_acknowledges_nothing_that_was_not_committed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        bench.ingest.stop()
        raise TryLater("database or disk is full")

    monkeypatch.setattr(streams, "remember", full)
    bench.inbox.waiting = [message((1, poll(0, -20.0)))]
    bench.ingest.turn()
    assert bench.count_readings() == 0
    assert not bench.inbox.acks
    assert not bench.inbox.settled
