"""The collector's lines to the broker: batches in through bounded queues, acknowledgements out."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from random import SystemRandom
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.inbox import Lane, Message
from collector.lanes import Capacity, Lanes
from collector.partitions import ALL, Partitions
from collector.settings import BrokerSettings
from edge_agent.contract.codec import encode_ack
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import ack_topic

KEEP_ALIVE_S = 60
CONNECT_WITHIN_S = 3.0
STOP_WITHIN_S = 2.0
FIRST_MESSAGE_WITHIN_S = 0.5
ASK_AGAIN_S = 15.0
SHORT_S, SHORT_AT_MOST = 30.0, 3
ANSWERS_AT_MOST = 10_000
"""That wait for the broker; a store whose answer is dropped sends again."""

LEAVES = {Lane.LIVE: "batch", Lane.HISTORY: "history"}

log = logging.getLogger(__name__)


class Subscriber:
    """An Inbox over MQTT. Each lane has a session of its own: at the broker too, history never stands before live."""

    def __init__(
        self,
        broker: BrokerSettings,
        steady: Callable[[], float],
        capacity: Mapping[Lane, Capacity] | None = None,
        partitions: Partitions = ALL,
    ) -> None:
        self.lanes = Lanes(capacity)
        self._lines = {lane: _Line(lane, broker, steady, self.lanes, partitions) for lane in Lane}
        self._taken: list[Message] = []

    @property
    def connected(self) -> bool:
        return all(line.connected for line in self._lines.values())

    def start(self) -> None:
        """Connects from threads of its own, and again for ever."""
        for line in self._lines.values():
            line.start()

    def stop(self) -> None:
        """What has been answered still goes out; a line that hangs is left to hang."""
        ending = [threading.Thread(target=line.stop, daemon=True) for line in self._lines.values()]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(STOP_WITHIN_S / len(ending))

    def take(self, most: int, linger: float) -> list[Message]:
        while self._taken:  # what is not settled by now failed, and may come again
            message = self._taken.pop()
            self._lines[message.lane].let_repeat(message)
        if not self.lanes.wait(FIRST_MESSAGE_WITHIN_S):
            return []
        self.lanes.wait_for_enough(most, linger)
        messages = self.lanes.take(most)
        self._taken = list(messages)
        return messages

    def answer(self, store: str, ack: Ack) -> None:
        self._lines[Lane.LIVE].publish(ack_topic(store), encode_ack(ack))

    def settle(self, message: Message) -> None:
        self._lines[message.lane].settle(message)


class _Line:
    """One session. While its lane is full nothing more is read from the line, and the broker keeps the rest."""

    def __init__(
        self, lane: Lane, broker: BrokerSettings, steady: Callable[[], float], lanes: Lanes, partitions: Partitions
    ) -> None:
        self._lane = lane
        self._broker = broker
        self._steady = steady
        self._lanes = lanes
        self._partitions = partitions
        self._stopping = threading.Event()
        self._session = 0
        self._waiting: set[int] = set()
        self._told_down = False
        self._told_retained = False
        self._asking: threading.Timer | None = None
        self._connected_at = 0.0
        self._short = 0
        self.connected = False
        self._client = self._configure()

    @property
    def _topics(self) -> list[str]:
        return self._partitions.topics(LEAVES[self._lane])

    def start(self) -> None:
        self._client.connect_async(self._broker.host, self._broker.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        self._stopping.set()
        if self._asking:
            self._asking.cancel()
        self._client.disconnect()
        self._client.loop_stop()
        for callback in ("on_connect", "on_connect_fail", "on_subscribe", "on_disconnect", "on_message"):
            setattr(self._client, callback, None)  # else it is part of a cycle, and its sockets outlive us

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def let_repeat(self, message: Message) -> None:
        """From now on a repetition is let in again."""
        if message.session == self._session:
            self._waiting.discard(message.mid)

    def settle(self, message: Message) -> None:
        """In another session the broker may use this mid for another message; one of QoS 0 has none."""
        if message.mid and message.session == self._session:
            self._waiting.discard(message.mid)
            self._client.ack(message.mid, 1)

    def _configure(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=_client_id(self._broker, self._lane, self._partitions),
            clean_session=False,
            manual_ack=True,
        )
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password())
        if self._broker.tls:
            client.tls_set_context(ssl.create_default_context(cafile=self._broker.ca_file))
        dice = SystemRandom()  # so that collectors that fell together do not come back together
        client.reconnect_delay_set(min_delay=dice.randint(1, 3), max_delay=dice.randint(8, 15))
        client.connect_timeout = CONNECT_WITHIN_S
        client.max_queued_messages_set(ANSWERS_AT_MOST)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._down(f"the broker refused: {reason}")
            return
        self._session += 1
        self._waiting = set()
        self._connected_at = self._steady()
        self._subscribe(self._session)

    def _subscribe(self, session: int) -> None:
        if session == self._session and not self._stopping.is_set():
            self._client.subscribe([(topic, 1) for topic in self._topics])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._down(f"the broker does not let us subscribe to {self._topics[0]}")
            self._asking = threading.Timer(ASK_AGAIN_S, self._subscribe, [self._session])
            self._asking.daemon = True
            self._asking.start()  # its access rules may be mended without a word to us
            return
        self.connected, self._told_down = True, False
        log.info("broker connected host=%s port=%d lane=%s", self._broker.host, self._broker.port, self._lane)

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._down("no connection")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if not self._stopping.is_set():
            self._down(str(reason))
            self._note_short(self._steady() - self._connected_at)
        self.connected = False

    def _note_short(self, lasted: float) -> None:
        self._short = self._short + 1 if lasted < SHORT_S else 0
        if self._short == SHORT_AT_MOST:
            client_id = _client_id(self._broker, self._lane, self._partitions)
            log.error("broker ends the session again and again: has another collector its client_id=%s?", client_id)

    def _down(self, reason: str) -> None:
        self.connected = False
        if not self._told_down:
            where = (self._broker.host, self._broker.port, self._lane)
            log.warning("broker down host=%s port=%d lane=%s reason=%s", *where, reason)
        self._told_down = True

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.retain:
            self._drop_retained(client, message)
            return
        if message.dup and message.mid in self._waiting:
            return  # NATS repeats what takes us long: copies would fill the lane, and then the line would stand still
        self._waiting.add(message.mid)
        arrived = Message(
            topic=_topic(message),
            payload=bytes(message.payload),
            mid=message.mid,
            session=self._session,
            arrived=self._steady(),
            lane=self._lane,
        )
        while not self._stopping.is_set():
            if self._lanes.put(arrived, FIRST_MESSAGE_WITHIN_S):
                return

    def _drop_retained(self, client: Client, message: MQTTMessage) -> None:
        """It was told when it was said; now it only seems that its store speaks, at each of our subscriptions anew."""
        client.ack(message.mid, message.qos)
        if not self._told_retained:
            log.warning("a retained message is not taken: no store sends any topic=%r", _topic(message))
        self._told_retained = True


def _client_id(broker: BrokerSettings, lane: Lane, partitions: Partitions) -> str:
    """Live keeps the name that the broker knows from before there were lanes, and what waits there under it.

    Collectors that divide the stores have sessions of their own.
    """
    name = broker.client_id if partitions.all else f"{broker.client_id}-{partitions}"
    return name if lane is Lane.LIVE else f"{name}-{lane}"


def _topic(message: MQTTMessage) -> str:
    """Empty, which is no topic of ours, where the bytes are no UTF-8: an error here would end the network thread."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""
