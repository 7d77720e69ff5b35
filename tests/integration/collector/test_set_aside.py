"""A message that cannot be stored, whatever is wrong with it: counted as lost and acknowledged; the line goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from collector import ingest, record
from collector.domain.receipts import Receipts
from collector.record import Recorder
from collector.retry import Retried, take_in_again
from collector.store import inventory, quarantine, streams
from collector.store.at_hand import AtHand
from collector.store.database import TryLater
from collector.store.quarantine import Quarantined
from collector.store.streams import UNREADABLE, Loss
from edge_agent.contract.codec import decode_ack, encode_ack, encode_batch, encode_body
from edge_agent.contract.readings import Ack, Gap
from edge_agent.contract.topics import batch_topic
from tests.integration.collector.bench import (
    BOOK,
    NOW,
    STORE,
    STREAM,
    Bench,
    message,
    poll,
    raw_message,
    status,
    warm_freezer,
)
from tests.integration.collector.visitor import Visitor

TOPIC = batch_topic(STORE)
BYTES = encode_batch(STREAM, [(2, encode_body(poll(0, -20.0))), (3, encode_body(poll(1, -20.0)))])


def broken(*_given: object, **_named: object) -> None:
    raise RuntimeError("a bug\nwith a second line")


@contextmanager
def bug_in(place: object, name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as bug:
        bug.setattr(place, name, broken)
        yield


def send(bench: Bench, payload: bytes = BYTES) -> None:
    bench.inbox.waiting.append(raw_message(payload, TOPIC))
    bench.ingest.turn()


def losses(bench: Bench) -> list[Loss]:
    with bench.database.reading() as connection:
        return sorted(streams.losses(connection, STORE, 50), key=lambda loss: loss.from_seq)


def held(bench: Bench) -> list[Quarantined]:
    with bench.database.reading() as connection:
        return list(quarantine.quarantined(connection, 50, 20))


def retry(bench: Bench) -> Retried:
    (one,) = held(bench)
    with bench.database.writing() as connection:
        payload = quarantine.payload_of(connection, one.id) or b""
        return take_in_again(connection, one, payload, Recorder(BOOK, bench.telemetry), bench.telemetry, NOW)


@pytest.fixture(params=[(record, "advance"), (record, "succeed"), (AtHand, "enter")])
def bug(request: pytest.FixtureRequest) -> tuple[object, str]:
    """Where even a message without entries fails."""
    place, name = request.param
    return place, str(name)


def test_what_even_the_receipts_fail_on_is_acknowledged_and_told_as_lost(bench: Bench, bug: tuple[object, str]) -> None:
    bench.send((1, status()))
    with bug_in(*bug):
        send(bench)
    assert decode_ack(encode_ack(bench.inbox.acks[-1][1])) == Ack(stream=STREAM, upto=3, at=NOW)
    assert len(bench.inbox.settled) == 2
    assert [(one.from_seq, one.to_seq, one.count, one.reason) for one in losses(bench)] == [
        (2, 2, 1, UNREADABLE),
        (3, 3, 1, UNREADABLE),
    ]
    (aside,) = held(bench)
    assert (aside.refused, aside.reason, aside.size) == ((2, 3), "RuntimeError: a bug", len(BYTES))


def test_it_is_told_once_however_often_it_comes(bench: Bench, bug: tuple[object, str]) -> None:
    with bug_in(*bug):
        for _ in range(3):
            send(bench)
    assert len(losses(bench)) == 2
    assert [one.refused for one in held(bench)] == [(2, 3)]
    assert [ack.ranges for _, ack in bench.inbox.acks] == [((2, 3),)] * 3


def test_the_line_goes_on_as_behind_any_gap(bench: Bench, bug: tuple[object, str]) -> None:
    bench.send((1, status()))
    with bug_in(*bug):
        send(bench)
    bench.send(*warm_freezer(first_seq=4))
    assert bench.count_tickets() == 1
    with bench.database.reading() as connection:
        assert streams.receipts(connection, STORE, STREAM) == Receipts(upto=12)


def test_a_store_that_nobody_knew_may_begin_with_it(bench: Bench, bug: tuple[object, str]) -> None:
    with bug_in(*bug):
        send(bench)
    bench.send((1, status()), *warm_freezer(first_seq=4))
    assert bench.count_tickets() == 1


def test_its_neighbours_are_stored(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    known_devices = inventory.known_devices

    def picky(connection: object, stores: set[str]) -> object:
        if STORE in stores:
            broken()
        return known_devices(connection, stores)  # type: ignore[arg-type]

    monkeypatch.setattr(inventory, "known_devices", picky)
    bench.inbox.waiting = [message((1, poll(0, 1.0)), store=store) for store in ("shop-0", STORE, "shop-2")]
    bench.ingest.turn()
    assert [(store, ack.upto) for store, ack in bench.inbox.acks] == [("shop-0", 1), (STORE, 1), ("shop-2", 1)]
    assert bench.count_readings() == 2


def test_bytes_that_the_decoder_itself_falls_over_are_counted_too(bench: Bench) -> None:
    with bug_in(ingest, "unpack"):
        send(bench)
    assert bench.inbox.acks[-1][1].ranges == ((2, 3),)
    assert [one.refused for one in held(bench)] == [(2, 3)]


def test_an_entry_that_cannot_be_read_counts_as_lost_until_it_can(bench: Bench) -> None:
    send(bench, encode_batch(STREAM, [(1, encode_body(status())), (2, b'{"kind":"hologram"}')]))
    assert [(one.from_seq, one.reason) for one in losses(bench)] == [(2, UNREADABLE)]
    with bench.database.reading() as connection:
        assert streams.count_lost(connection) == {STORE: 1}


def test_what_is_taken_in_again_is_lost_no_longer(bench: Bench, bug: tuple[object, str]) -> None:
    with bug_in(*bug):
        send(bench)
    assert retry(bench) == Retried(taken=2, left=0, reason="")
    assert losses(bench) == []
    assert bench.stored_seqs() == [2, 3]


def test_a_gap_that_was_put_aside_can_be_taken_in(bench: Bench, bug: tuple[object, str]) -> None:
    with bug_in(*bug):
        send(bench, encode_batch(STREAM, [(9, encode_body(Gap(from_seq=2, to_seq=8, count=7, reason="full")))]))
    retry(bench)
    assert [(one.from_seq, one.count, one.reason) for one in losses(bench)] == [(2, 7, "full")]


def test_one_of_which_first_nothing_could_be_counted_is_not_forgotten_when_it_can(bench: Bench) -> None:
    with bug_in(streams, "remember"):
        send(bench)
    assert [one.refused for one in held(bench)] == [()]
    with bug_in(record, "advance"):
        send(bench)
    assert [one.refused for one in held(bench)] == [(2, 3)]
    assert retry(bench).taken == 2
    assert bench.stored_seqs() == [2, 3]


def test_what_was_stored_and_settled_is_not_settled_again_while_the_next_one_waits(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker may have given the first one's number to another message by then."""
    monkeypatch.setattr(bench.ingest._stop, "wait", lambda _delay: None)
    record_all, calls = bench.ingest._recorder.record, [0]

    def troubled(*given: object) -> object:
        calls[0] += 1
        if calls[0] == 1:
            broken()
        if calls[0] == 3:
            raise TryLater("locked")
        return record_all(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.ingest._recorder, "record", troubled)
    bench.inbox.waiting = [message((1, poll(0, 1.0)), store=store) for store in ("shop-0", "shop-1")]
    bench.ingest.turn()
    assert [one.topic for one in bench.inbox.settled] == [batch_topic("shop-0"), batch_topic("shop-1")]
    assert [(store, ack.upto) for store, ack in bench.inbox.acks] == [("shop-0", 1), ("shop-1", 1)]


def test_absurd_counts_of_one_store_do_not_hide_all_stores(bench: Bench, technician: Visitor) -> None:
    most = 2**53
    bench.send(
        (1, status()),
        *((seq, Gap(from_seq=seq, to_seq=most, count=most, reason="full")) for seq in range(2, 1100)),
    )
    answer = technician.get("/api/v1/stores")
    assert answer.status_code == 200
    assert answer.json()["stores"][0]["lost"] > most


def test_what_the_clock_dated_far_ahead_says_nothing_of_when_a_device_answered(bench: Bench) -> None:
    ahead = poll(timedelta(days=400) / timedelta(minutes=1), -20.0)
    bench.send((1, status()), (2, ahead), (3, poll(5, -20.0)))
    with bench.database.reading() as connection:
        (state,) = inventory.states(connection)
    assert state.devices[0].last_at == poll(5, 0.0).at


def test_a_stream_of_holes_is_kept_at_the_store_until_they_are_filled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered of each hole would else be read and written with every message."""
    monkeypatch.setattr(record, "ISLANDS_AT_MOST", 2)
    for seq in (2, 4, 6, 8):
        bench.send((seq, poll(seq, -20.0)))
    assert bench.stored_seqs() == [2, 4]
    assert [ack.ranges for _, ack in bench.inbox.acks] == [((2, 2),), ((4, 4),)]
    bench.send((1, status()), (3, poll(3, -20.0)))
    bench.send((6, poll(6, -20.0)))
    assert bench.stored_seqs() == [2, 3, 4, 6]
    with bench.database.reading() as connection:
        assert streams.count_lost(connection) == {}
