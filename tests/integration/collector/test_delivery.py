"""The delivery promise: whatever is repeated, reordered, cut off or started again, everything is there once."""

from __future__ import annotations

import random
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy.exc import IntegrityError

from collector.store import streams, tickets
from collector.store.database import TryLater
from collector.telemetry.base import Span
from edge_agent.contract.readings import Body
from tests.integration.collector.bench import STORE, STREAM, TOO_WARM, Bench, message, poll, status, warm_freezer

_ALWAYS = Span(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2027, 1, 1, tzinfo=UTC), most=10)

OUTBOX: dict[int, Body] = {1: status(), **dict(warm_freezer())}


class Delivery(RuleBasedStateMachine):
    """A store that sends any part of its outbox, in any order; a collector that dies before or after its commit."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.folder.name) / "collector.sqlite")
        self.sent: set[int] = set()

    @rule(seqs=st.lists(st.sampled_from(sorted(OUTBOX)), min_size=1, max_size=6))
    def send(self, seqs: list[int]) -> None:
        self.bench.send(*[(seq, OUTBOX[seq]) for seq in seqs])
        self.sent |= set(seqs)

    @rule(seqs=st.lists(st.sampled_from(sorted(OUTBOX)), min_size=1, max_size=6))
    def die_before_the_commit(self, seqs: list[int]) -> None:
        """All is done and then undone, as a crash undoes it."""
        answered = len(self.bench.inbox.acks)
        remember = streams.remember
        with pytest.MonkeyPatch.context() as patch:

            def die(*arguments: object) -> None:
                remember(*arguments)  # type: ignore[arg-type]
                self.bench.ingest.stop()
                raise TryLater("power cut")

            patch.setattr(streams, "remember", die)
            self.bench.send(*[(seq, OUTBOX[seq]) for seq in seqs])
        assert len(self.bench.inbox.acks) == answered
        self.bench.start()

    @rule()
    def start_again(self) -> None:
        self.bench.start()

    @invariant()
    def nothing_is_lost_and_nothing_is_there_twice(self) -> None:
        assert Counter(self.bench.stored_seqs()) == Counter(self.sent - {1})

    @invariant()
    def there_is_at_most_one_ticket(self) -> None:
        assert self.bench.count_tickets() <= 1

    @invariant()
    def it_is_acknowledged_exactly_what_is_stored(self) -> None:
        with self.bench.database.reading() as connection:
            receipts = streams.receipts(connection, STORE, STREAM)
        assert {seq for seq in OUTBOX if seq in receipts} == self.sent

    def teardown(self) -> None:
        self.bench.database.close()
        self.folder.cleanup()


Delivery.TestCase.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
TestDelivery = Delivery.TestCase


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_it_opens_one_ticket_however_the_messages_are_repeated(chance: random.Random) -> None:
    """In order, as a store sends; each message any number of times, with crashes in between."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder) / "collector.sqlite")
        for seq, body in sorted(OUTBOX.items()):
            for _ in range(chance.randint(1, 3)):
                bench.send((seq, body))
            again = chance.randint(1, seq)
            bench.send(*[(old, OUTBOX[old]) for old in range(again, seq + 1)])
            if chance.random() < 0.3:
                bench.start()
        assert bench.stored_seqs() == sorted(set(OUTBOX) - {1})
        assert bench.count_tickets() == 1
        bench.database.close()


def test_two_collectors_race_for_one_ticket_and_one_opens_it(tmp_path: Path) -> None:
    """Both get all messages of the store, as after a broker that delivered twice."""
    path = tmp_path / "collector.sqlite"
    racers = [Bench(path), Bench(path)]
    for racer in racers:
        racer.inbox.waiting = [message((seq, body)) for seq, body in sorted(OUTBOX.items())]
    start = threading.Barrier(len(racers))

    def race(racer: Bench) -> None:
        start.wait()
        while racer.inbox.waiting:
            one, *racer.inbox.waiting = racer.inbox.waiting
            racer.ingest._keep_trying([one])

    threads = [threading.Thread(target=race, args=[racer]) for racer in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert racers[0].stored_seqs() == sorted(set(OUTBOX) - {1})
    assert racers[0].count_tickets() == 1
    for racer in racers:
        racer.database.close()


def test_the_database_itself_allows_one_open_ticket_of_a_fault(bench: Bench) -> None:
    bench.send(*sorted(OUTBOX.items()))
    with bench.database.writing() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
        why = tickets.case_of(connection, placed.ticket.id)
        assert placed.ticket.fault == TOO_WARM
        with pytest.raises(IntegrityError):
            tickets.open_new(connection, placed.ticket, why)
    assert bench.count_tickets() == 1


def test_a_rolled_back_series_leaves_no_trace_in_the_next_batch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of series that were never committed must not be used for readings of another series."""
    bench.send((1, status()))

    def die(*_arguments: object) -> None:
        bench.ingest.stop()
        raise TryLater("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(bench.telemetry, "record", _then(bench.telemetry.record, die))
        bench.send((2, poll(0, -20.0, point="temp.control")))
    bench.ingest._stop.clear()
    bench.send((3, poll(0, 3.0, point="temp.air_off")))
    bench.send((2, poll(0, -20.0, point="temp.control")))
    read = bench.telemetry.read(STORE, "freezer-1", ["temp.control", "temp.air_off"], _ALWAYS)
    assert {point: [one.value for one in samples] for point, samples in read.items()} == {
        "temp.control": [-20.0],
        "temp.air_off": [3.0],
    }


def _then(first: Callable[..., object], second: Callable[..., object]) -> Callable[..., object]:
    def both(*arguments: object) -> object:
        first(*arguments)
        return second()

    return both
