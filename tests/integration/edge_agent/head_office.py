"""A head office of thirty lines: it keeps every entry that arrives, and acknowledges what it has."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.contract.codec import decode_batch, encode_ack
from edge_agent.contract.readings import Ack, Body
from edge_agent.contract.topics import EVERY_BATCH, ack_topic, parse_topic


class HeadOffice:
    """`entries` maps stream and number to what came; `deaf` makes it store and acknowledge nothing."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.entries: dict[tuple[str, int], Body] = {}
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
        client.subscribe(EVERY_BATCH, qos=1)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002 — paho's shape
        if self.deaf:
            return
        batch = decode_batch(parse_topic(message.topic).store, bytes(message.payload))
        with self._lock:
            self.messages += 1
            self.entries |= {(batch.stream, entry.seq): entry.body for entry in batch.entries}
            stored = {number for stream, number in self.entries if stream == batch.stream}
        upto = next(number for number in range(len(stored) + 1) if number + 1 not in stored)
        beyond = tuple((entry.seq, entry.seq) for entry in batch.entries if entry.seq > upto)
        client.publish(ack_topic(batch.store), encode_ack(Ack(stream=batch.stream, upto=upto, ranges=beyond)), qos=1)
