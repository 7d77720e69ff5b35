"""The line to the broker: nothing is dropped when the ingest is slow, and what was not settled comes again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from collector.inbox import Lane, Message
from collector.lanes import Capacity
from collector.partitions import ALL, Partitions
from collector.settings import BrokerSettings
from collector.subscriber import Subscriber
from edge_agent.contract.topics import batch_topic, history_topic
from simulators.broker import Broker, free_port

TOPIC, HISTORY_TOPIC = batch_topic("shop-1"), history_topic("shop-1")
WITHIN_S = 20.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    (tmp_path / "password").write_text("a password")
    with Broker.start(tmp_path / "broker", free_port(), "bench", "a password") as broker:
        yield broker


@contextmanager
def subscribed(
    broker: Broker, folder: Path, capacity: Capacity | None = None, partitions: Partitions = ALL
) -> Iterator[Subscriber]:
    settings = BrokerSettings(url=broker.url, username="bench", password_file=folder / "password", client_id="head")
    subscriber = Subscriber(settings, time.perf_counter, dict.fromkeys(Lane, capacity or Capacity()), partitions)
    subscriber.start()
    give_up_by = time.perf_counter() + WITHIN_S
    while not subscriber.connected:
        assert time.perf_counter() < give_up_by
        threading.Event().wait(0.02)
    yield subscriber
    subscriber.stop()


def publish(broker: Broker, payloads: list[bytes], topic: str = TOPIC) -> None:
    client = Client(CallbackAPIVersion.VERSION2, client_id="shop")
    client.username_pw_set("bench", "a password")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for payload in payloads:
        client.publish(topic, payload, qos=1).wait_for_publish(WITHIN_S)
    client.disconnect()
    client.loop_stop()


def taken(subscriber: Subscriber, wanted: int) -> list[Message]:
    """The next messages; fewer where no more come."""
    messages: list[Message] = []
    give_up_by = time.perf_counter() + WITHIN_S
    while len(messages) < wanted and time.perf_counter() < give_up_by:
        messages += subscriber.take(wanted - len(messages), 0.01)
    return messages


def test_two_that_divide_the_stores_hear_each_its_own(broker: Broker, tmp_path: Path) -> None:
    stores = [f"shop-{number}" for number in range(8)]
    halves = [Partitions(last=127), Partitions(first=128)]
    with subscribed(broker, tmp_path, None, halves[0]) as low, subscribed(broker, tmp_path, None, halves[1]) as high:
        for store in stores:
            publish(broker, [store.encode()], batch_topic(store))
        for subscriber, part in ((low, halves[0]), (high, halves[1])):
            wanted = {store for store in stores if part.holds(store)}
            assert {message.payload.decode() for message in taken(subscriber, len(wanted))} == wanted
            assert subscriber.lanes.depth(Lane.LIVE) == 0


def test_it_takes_no_more_than_it_can_hold_and_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    payloads = [b"%d" % number for number in range(30)]
    with subscribed(broker, tmp_path, Capacity(messages=3)) as subscriber:
        publish(broker, payloads)
        threading.Event().wait(0.5)
        assert subscriber.lanes.depth(Lane.LIVE) == 3
        messages = taken(subscriber, 30)
        assert [message.payload for message in messages] == payloads
        assert messages[0].topic == TOPIC


def test_it_ends_at_once_while_its_queue_is_full(broker: Broker, tmp_path: Path) -> None:
    with subscribed(broker, tmp_path, Capacity(messages=1)) as subscriber:
        publish(broker, [b"1", b"2", b"3"])
        threading.Event().wait(0.3)
        began = time.perf_counter()
        subscriber.stop()
        assert time.perf_counter() - began < 2.0


def test_it_gets_again_what_it_had_not_settled(broker: Broker, tmp_path: Path) -> None:
    with subscribed(broker, tmp_path) as subscriber:
        publish(broker, [b"settled", b"not settled"])
        first, second = taken(subscriber, 2)
        subscriber.settle(first)
        threading.Event().wait(0.3)
    with subscribed(broker, tmp_path) as subscriber:
        (again,) = taken(subscriber, 1)
        assert again.payload == second.payload
        subscriber.settle(again)
        assert subscriber.take(5, 0.0) == []


def test_it_settles_nothing_of_an_earlier_session(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[int] = []
    with subscribed(broker, tmp_path) as subscriber:
        monkeypatch.setattr(subscriber._lines[Lane.LIVE]._client, "ack", lambda mid, _qos: settled.append(mid))
        for session in (0, 1, 2):
            subscriber.settle(Message(topic=TOPIC, payload=b"", mid=session, session=session, arrived=0.0))
    assert settled == [1]


def test_it_holds_no_more_bytes_than_it_may(broker: Broker, tmp_path: Path) -> None:
    payloads = [bytes([number]) * 1_000 for number in range(20)]
    with subscribed(broker, tmp_path, Capacity(bytes=5_000)) as subscriber:
        publish(broker, payloads, HISTORY_TOPIC)
        threading.Event().wait(0.5)
        assert subscriber.lanes.bytes(Lane.HISTORY) == 5_000
        assert [message.payload for message in taken(subscriber, 20)] == payloads


def test_live_comes_through_while_history_is_full(broker: Broker, tmp_path: Path) -> None:
    """At the broker too: what waits there as history holds up nothing."""
    with subscribed(broker, tmp_path, Capacity(messages=2)) as subscriber:
        publish(broker, [b"old"] * 30, HISTORY_TOPIC)
        threading.Event().wait(0.3)
        publish(broker, [b"now"])
        threading.Event().wait(0.3)
        first, *_ = subscriber.take(10, 0.0)
        assert (first.payload, first.lane, first.topic) == (b"now", Lane.LIVE, TOPIC)


def test_it_settles_each_message_on_the_line_that_brought_it(broker: Broker, tmp_path: Path) -> None:
    with subscribed(broker, tmp_path) as subscriber:
        publish(broker, [b"old"], HISTORY_TOPIC)
        publish(broker, [b"now"])
        for message in taken(subscriber, 2):
            if message.lane is Lane.HISTORY:
                subscriber.settle(message)
        threading.Event().wait(0.3)
    with subscribed(broker, tmp_path) as subscriber:
        assert [message.payload for message in taken(subscriber, 1)] == [b"now"]
        assert subscriber.take(5, 0.0) == []
