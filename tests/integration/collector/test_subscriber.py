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
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from collector.inbox import Lane, Message
from collector.lanes import Capacity
from collector.partitions import ALL, Partitions
from collector.settings import BrokerSettings
from collector.subscriber import Subscriber
from edge_agent.contract.readings import Ack
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


def publish(broker: Broker, payloads: list[bytes], topic: str = TOPIC, *, qos: int = 1, retain: bool = False) -> None:
    client = Client(CallbackAPIVersion.VERSION2, client_id="shop")
    client.username_pw_set("bench", "a password")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for payload in payloads:
        client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(WITHIN_S)
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


def test_what_the_broker_repeats_while_it_waits_waits_once(broker: Broker, tmp_path: Path) -> None:
    """This broker sends again after three seconds; what was taken and not settled may come again."""
    with subscribed(broker, tmp_path) as subscriber:
        publish(broker, [b"slow", b"slower"], HISTORY_TOPIC)
        threading.Event().wait(4.5)
        assert subscriber.lanes.depth(Lane.HISTORY) == 2
        assert [message.payload for message in taken(subscriber, 3)[:3]] == [b"slow", b"slower", b"slow"]


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


def test_a_message_without_a_number_does_not_cost_the_session(broker: Broker, tmp_path: Path) -> None:
    """QoS 0: to settle it would be an error that the broker answers by hanging up."""
    with subscribed(broker, tmp_path) as subscriber:
        publish(broker, [b"light"], qos=0)
        (message,) = taken(subscriber, 1)
        settled: list[int] = []
        with pytest.MonkeyPatch.context() as spied:
            spied.setattr(subscriber._lines[Lane.LIVE]._client, "ack", lambda mid, _qos: settled.append(mid))
            subscriber.settle(message)
        assert (message.mid, settled) == (0, [])


def test_what_is_retained_makes_no_store_seem_to_speak(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(broker, [b"of yesterday"], retain=True)
    for _ in range(2):
        with subscribed(broker, tmp_path) as subscriber:
            publish(broker, [b"now"])
            (message,) = taken(subscriber, 1)
            subscriber.settle(message)
            assert message.payload == b"now"
            assert subscriber.take(5, 0.2) == []
    assert "a retained message is not taken" in caplog.text


def test_it_asks_again_for_what_it_was_not_allowed(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.subscriber.ASK_AGAIN_S", 0.05)
    with subscribed(broker, tmp_path) as subscriber:
        line = subscriber._lines[Lane.LIVE]
        refused = ReasonCode(PacketTypes.SUBACK, identifier=128)
        line._on_subscribe(line._client, None, 1, [refused], None)
        assert not subscriber.connected
        give_up_by = time.perf_counter() + WITHIN_S
        while not subscriber.connected:
            assert time.perf_counter() < give_up_by
            threading.Event().wait(0.02)


def test_it_says_so_when_another_takes_its_session_away(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with subscribed(broker, tmp_path) as subscriber:
        line = subscriber._lines[Lane.LIVE]
        for _ in range(5):
            line._note_short(1.0)
        line._note_short(3600.0)
    assert caplog.text.count("has another collector its client_id=head?") == 1


def test_answers_that_the_broker_does_not_take_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.subscriber.ANSWERS_AT_MOST", 5)
    subscriber = Subscriber(BrokerSettings(url="mqtt://127.0.0.1:1"), time.perf_counter)
    for upto in range(20):
        subscriber.answer("shop-1", Ack(stream="a", upto=upto))
    assert len(subscriber._lines[Lane.LIVE]._client._out_messages) == 5
