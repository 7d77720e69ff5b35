"""What no store should have sent: put aside with its bytes, counted, and no burden to what came with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from collector import unpack
from collector.store import inventory, streams
from collector.store import quarantine as quarantine_store
from collector.store.tables import quarantine
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import Ack, Body, Device, Gap
from edge_agent.contract.text import Text
from edge_agent.contract.topics import batch_topic
from tests.integration.collector.bench import (
    FREEZER,
    NOW,
    STORE,
    STREAM,
    Bench,
    message,
    poll,
    raw_message,
    status,
)

TOPIC = batch_topic(STORE)


def frame(seq: int, body: Body, stream: str = STREAM) -> bytes:
    return encode_batch(stream, [(seq, encode_body(body))])


@pytest.mark.parametrize(
    ("payload", "topic"),
    [
        (b"\xff\x00 not json", TOPIC),
        (frame(1, poll(0, 1.0)), "sw/1/zz/shop-1/up/batch"),
        (frame(0, poll(0, 1.0)), TOPIC),
        (frame(2**70, poll(0, 1.0)), TOPIC),
        (frame(1, poll(0, 1.0), stream=""), TOPIC),
        (frame(1, poll(0, 1.0, device="../etc")), TOPIC),
        (frame(1, status(replace(FREEZER, id="A B"))), TOPIC),
        (frame(1, Gap(from_seq=5, to_seq=4, count=1, reason="?")), TOPIC),
        (frame(1, Gap(from_seq=1, to_seq=2**64, count=1, reason="?")), TOPIC),
    ],
)
def test_it_puts_poison_aside_and_goes_on(
    bench: Bench, payload: bytes, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench.inbox.waiting = [raw_message(payload, topic), message((1, poll(0, -20.0)), store="shop-2")]
    bench.ingest.turn()
    with bench.database.reading() as connection:
        row = connection.execute(select(quarantine)).one()
    assert (row.payload, row.topic) == (payload, topic)
    assert row.reason
    assert bench.count_readings() == 1
    assert len(bench.inbox.settled) == 2
    assert "quarantined" in caplog.text


def test_it_takes_the_good_entries_of_a_message_and_puts_the_others_aside(bench: Bench) -> None:
    """As a newer agent would send them; without an acknowledgement it would send them for ever."""
    unknown = b'{"kind":"hologram"}'
    payload = encode_batch(STREAM, [(1, encode_body(status())), (2, unknown), (3, encode_body(poll(0, -20.0)))])
    bench.inbox.waiting = [raw_message(payload, TOPIC)]
    bench.ingest.turn()
    assert bench.stored_seqs() == [3]
    assert bench.inbox.acks == [(STORE, Ack(stream=STREAM, upto=3, at=NOW))]
    with bench.database.reading() as connection:
        assert connection.execute(select(quarantine.c.payload)).scalar_one() == payload


def test_it_keeps_no_more_poison_than_a_disk_can_bear(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine_store, "QUARANTINED_AT_MOST", 3)
    for number in range(5):
        bench.inbox.waiting = [raw_message(b"%d" % number, TOPIC)]
        bench.ingest.turn()
    with bench.database.reading() as connection:
        assert list(connection.execute(select(quarantine.c.payload)).scalars()) == [b"2", b"3", b"4"]


def test_it_isolates_the_message_that_breaks_a_batch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    known_devices = inventory.known_devices

    def fail_for_shop_2(connection: Connection, stores: set[str]) -> dict[str, dict[str, Device]]:
        if "shop-2" in stores and not aside(connection):
            raise RuntimeError("a bug")
        return known_devices(connection, stores)

    def aside(connection: Connection) -> int:
        return quarantine_store.count_quarantined(connection)

    monkeypatch.setattr(inventory, "known_devices", fail_for_shop_2)
    bench.inbox.waiting = [message((1, poll(0, 1.0)), store=store) for store in ("shop-1", "shop-2", "shop-3")]
    bench.ingest.turn()
    assert bench.count_readings() == 2
    with bench.database.reading() as connection:
        assert connection.execute(select(quarantine.c.reason)).scalar_one() == "RuntimeError: a bug"
    assert [(store, ack.upto) for store, ack in bench.inbox.acks] == [("shop-1", 1), ("shop-2", 1), ("shop-3", 1)]


def test_it_keeps_the_bytes_of_a_message_that_cannot_even_be_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(streams, "remember", broken)
    bench.inbox.waiting = [message((1, poll(0, 1.0)))]
    bench.ingest.turn()
    with bench.database.reading() as connection:
        assert quarantine_store.count_quarantined(connection) == 1
    assert len(bench.inbox.settled) == 1
    assert not bench.inbox.acks


def test_it_counts_the_entries_of_a_message_that_is_too_long_to_be_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "LARGEST_PAYLOAD", 100)
    bench.send((1, status()), (2, poll(0, -20.0)))
    assert bench.inbox.acks == [(STORE, Ack(stream=STREAM, upto=2, at=NOW))]
    assert bench.count_readings() == 0
    with bench.database.reading() as connection:
        assert streams.count_lost(connection) == {STORE: 2}


LONG = "x" * 301


@pytest.mark.parametrize(
    "body",
    [
        status(replace(FREEZER, name=Text(zh="", en=LONG))),
        status(replace(FREEZER, profile=LONG)),
        status(replace(FREEZER, profile_version=2**62)),
        status(*(replace(FREEZER, id=f"d-{number}") for number in range(2_001))),
        replace(status(), timezone=LONG),
        poll(0, 1.0, point=LONG),
        replace(poll(0, 1.0), boot=LONG),
        Gap(from_seq=2, to_seq=2, count=1, reason=LONG),
    ],
    ids=lambda body: type(body).__name__,
)
def test_it_keeps_no_names_without_end(bench: Bench, body: Body) -> None:
    bench.send((1, body), (2, poll(0, -20.0)))
    assert bench.stored_seqs() == [2]
    assert bench.inbox.acks == [(STORE, Ack(stream=STREAM, upto=2, at=NOW))]
    with bench.database.reading() as connection:
        assert quarantine_store.count_quarantined(connection) == 1


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Asia/Shanghai", "Asia/Shanghai"),
        ("Mars/Olympus", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("", "UTC"),
        ("Asia", "UTC"),
    ],
)
def test_a_time_zone_that_is_none_spoils_no_page(bench: Bench, told: str, shown: str) -> None:
    bench.send((1, replace(status(), timezone=told)))
    with bench.database.reading() as connection:
        assert inventory.label(connection, STORE).timezone == shown
