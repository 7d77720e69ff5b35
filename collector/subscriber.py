"""The collector's line to the broker: batches in through a bounded queue, acknowledgements out."""

from __future__ import annotations

import logging
import queue
import ssl
import threading
from collections.abc import Callable
from random import SystemRandom
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.ingest import Message
from collector.settings import BrokerSettings
from edge_agent.contract.codec import encode_ack
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import EVERY_BATCH, ack_topic

CAPACITY = 1_000
KEEP_ALIVE_S = 60
CONNECT_WITHIN_S = 3.0
STOP_WITHIN_S = 2.0
FIRST_MESSAGE_WITHIN_S = 0.5

log = logging.getLogger(__name__)


class Subscriber:
    """An Inbox over MQTT. While the queue is full nothing more is read from the line, and the broker keeps the rest."""

    def __init__(self, broker: BrokerSettings, steady: Callable[[], float], capacity: int = CAPACITY) -> None:
        self._broker = broker
        self._steady = steady
        self._queue: queue.Queue[Message] = queue.Queue(capacity)
        self._stopping = threading.Event()
        self._session = 0
        self._told_down = False
        self.connected = False
        self._client = self._configure()

    def start(self) -> None:
        """Connects from a thread of its own, and again for ever."""
        self._client.connect_async(self._broker.host, self._broker.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """What has been answered still goes out; a line that hangs is left to hang."""
        self._stopping.set()
        self._client.disconnect()
        closing = threading.Thread(target=self._client.loop_stop, daemon=True)
        closing.start()
        closing.join(STOP_WITHIN_S)

    def depth(self) -> int:
        return self._queue.qsize()

    def take(self, most: int, linger: float) -> list[Message]:
        try:
            taken = [self._queue.get(timeout=FIRST_MESSAGE_WITHIN_S)]
        except queue.Empty:
            return []
        end = self._steady() + linger
        while len(taken) < most:
            try:
                taken.append(self._queue.get(timeout=max(0.0, end - self._steady())))
            except queue.Empty:
                break
        return taken

    def answer(self, store: str, ack: Ack) -> None:
        self._client.publish(ack_topic(store), encode_ack(ack), qos=1)

    def settle(self, message: Message) -> None:
        if message.session == self._session:  # in another session the broker may use this mid for another message
            self._client.ack(message.mid, 1)

    def _configure(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=self._broker.client_id, clean_session=False, manual_ack=True
        )
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password())
        if self._broker.tls:
            client.tls_set_context(ssl.create_default_context(cafile=self._broker.ca_file))
        dice = SystemRandom()  # so that collectors that fell together do not come back together
        client.reconnect_delay_set(min_delay=dice.randint(1, 3), max_delay=dice.randint(8, 15))
        client.connect_timeout = CONNECT_WITHIN_S
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._down(f"the broker refused: {reason}")
            return
        self._session += 1
        client.subscribe(EVERY_BATCH, qos=1)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._down(f"the broker does not let us subscribe to {EVERY_BATCH}")
            return
        self.connected, self._told_down = True, False
        log.info("broker connected host=%s port=%d", self._broker.host, self._broker.port)

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._down("no connection")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if not self._stopping.is_set():
            self._down(str(reason))
        self.connected = False

    def _down(self, reason: str) -> None:
        self.connected = False
        if not self._told_down:
            log.warning("broker down host=%s port=%d reason=%s", self._broker.host, self._broker.port, reason)
        self._told_down = True

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        arrived = Message(
            topic=_topic(message),
            payload=bytes(message.payload),
            mid=message.mid,
            session=self._session,
            arrived=self._steady(),
        )
        while not self._stopping.is_set():
            try:
                self._queue.put(arrived, timeout=FIRST_MESSAGE_WITHIN_S)
            except queue.Full:
                continue
            return


def _topic(message: MQTTMessage) -> str:
    """Empty, which is no topic of ours, where the bytes are no UTF-8: an error here would end the network thread."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""
