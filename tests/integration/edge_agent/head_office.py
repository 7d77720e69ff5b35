"""A head office of forty lines: it keeps every entry that arrives, in which order, and acknowledges what it has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract.codec import decode_batch, encode_ack
from edge_agent.contract.readings import Ack, Body
from edge_agent.contract.topics import EVERY_BATCH, EVERY_HISTORY, ack_topic, parse_topic


class HeadOffice:
    """`entries` maps stream and number to what came first under it; `deaf` makes it store and acknowledge nothing.

    `came` has the leaf of the topic and the numbers of each message, in their order; `now` is head office's time.
    """

    def __init__(
        self, port: int, username: str, password: str, *, now: Callable[[], datetime | None] = lambda: None
    ) -> None:
        self._now = now
        self.entries: dict[tuple[str, int], Body] = {}
        self.came: list[tuple[str, list[int]]] = []
        self._upto: dict[str, int] = {}
        self.messages = 0
        self.deaf = False
        self._lock = threading.Lock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="head-office", clean_session=False)
        self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect_async("127.0.0.1", port)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def numbers(self) -> list[int]:
        with self._lock:
            return sorted(number for _, number in self.entries)

    def _on_connect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:  # noqa: ARG002 — paho's shape
        client.subscribe([(EVERY_BATCH, 1), (EVERY_HISTORY, 1)])

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002 — paho's shape
        if self.deaf:
            return
        topic = parse_topic(message.topic)
        batch = decode_batch(topic.store, bytes(message.payload))
        with self._lock:
            self.messages += 1
            self.came.append((topic.leaf, [entry.seq for entry in batch.entries]))
            for entry in batch.entries:
                self.entries.setdefault((batch.stream, entry.seq), entry.body)
            upto = self._upto.get(batch.stream, 0)
            while (batch.stream, upto + 1) in self.entries:
                upto += 1
            self._upto[batch.stream] = upto
        beyond = tuple((entry.seq, entry.seq) for entry in batch.entries if entry.seq > upto)
        ack = Ack(stream=batch.stream, upto=upto, ranges=beyond, at=self._now())
        client.publish(ack_topic(batch.store), encode_ack(ack), qos=1)
