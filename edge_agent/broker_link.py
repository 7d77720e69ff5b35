"""One connection to the broker, from dialling to its loss; the only file that speaks to paho."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.settings import Broker

CONNECT_WITHIN_S = 10.0
SUBSCRIBED_WITHIN_S = 20.0
CLOSE_WITHIN_S = 1.0
TAKEN_WITHIN_S = 120.0
"""A broker that takes no message over for so long, and yet is there, has forgotten them: another connection may do."""

KEEPALIVE_S = 20


class TryLater(ConnectionError):
    """The broker cannot be reached, or has been lost: connect again after a while."""


class Link(Protocol):
    """What the publisher needs of a connection. All methods are called on the event loop."""

    @property
    def unsent(self) -> int:
        """How many messages the broker has not taken over yet."""

    async def open(self, topic: str) -> None:
        """Connects and subscribes to `topic`. Raises TryLater."""

    def publish(self, topic: str, payload: bytes) -> None:
        """Hands one message over for QoS 1. Raises TryLater."""

    async def close(self) -> None: ...


Heard = Callable[[bytes], None]
Lost = Callable[[TryLater], None]


class PahoLink:
    """A paho client that is used for one connection and thrown away: it keeps no queue that could survive the loss.

    `heard` and `lost` are called on the event loop; `lost` at most once, and only after `open` has returned.
    """

    def __init__(self, broker: Broker, client_id: str, password: str | None, *, heard: Heard, lost: Lost) -> None:
        self._broker = broker
        self._heard = heard
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._open: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._dialler: threading.Thread | None = None
        self._closing = threading.Event()
        self._unsent = 0
        self._was_lost = False
        self._taken_at = 0.0
        self._look: asyncio.TimerHandle | None = None
        self._topic = ""
        self._client = self._make_client(client_id, password)

    @property
    def unsent(self) -> int:
        return self._unsent

    async def open(self, topic: str) -> None:
        self._topic = topic
        # A daemon of our own: looking up a name can hang for minutes, and must delay neither the loop nor the end.
        self._dialler = threading.Thread(target=self._dial, name="broker-dial", daemon=True)
        self._dialler.start()
        try:
            async with asyncio.timeout(SUBSCRIBED_WITHIN_S):
                await self._open
        except TimeoutError as error:
            raise TryLater(f"no answer to connect and subscribe in {SUBSCRIBED_WITHIN_S:.0f} s") from error

    def publish(self, topic: str, payload: bytes) -> None:
        info = self._client.publish(topic, payload, qos=1)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise TryLater(mqtt.error_string(info.rc))
        if not self._unsent:
            self._taken_at = self._loop.time()
        self._unsent += 1
        if self._look is None:
            self._look = self._loop.call_later(TAKEN_WITHIN_S, self._look_whether_taken)

    async def close(self) -> None:
        self._closing.set()
        self._open.cancel()
        if self._look is not None:
            self._look.cancel()
        connected = self._client.is_connected()
        self._client.disconnect()
        if connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._ended

    def _make_client(self, client_id: str, password: str | None) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_WITHIN_S
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, password)
        if self._broker.tls:
            client.tls_set()
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _dial(self) -> None:
        try:
            self._client.connect(self._broker.host, self._broker.port, KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self._tell(self._fail, f"{type(error).__name__}: {error}")
            return
        self._client.loop_start()
        if self._closing.is_set():
            self._client.disconnect()

    # The callbacks run on paho's thread, where an exception would end it: they only pass on.

    def _on_connect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:  # noqa: ARG002 — paho's shape
        if reason.is_failure:
            self._tell(self._fail, f"the broker refuses: {reason}")
        else:
            client.subscribe(self._topic, qos=1)

    def _on_subscribe(self, client: mqtt.Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:  # noqa: ARG002 — paho's shape
        if any(reason.is_failure for reason in reasons):
            self._tell(self._fail, f"the broker refuses the subscription to {self._topic}")
        else:
            self._tell(self._succeed)

    def _on_disconnect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:  # noqa: ARG002 — paho's shape
        self._tell(self._end, str(reason))

    def _on_publish(self, client: mqtt.Client, userdata: Any, mid: int, reason: Any, properties: Any) -> None:  # noqa: ARG002 — paho's shape
        self._tell(self._count_taken)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002 — paho's shape
        self._tell(self._heard, bytes(message.payload))

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has ended before this thread
            self._loop.call_soon_threadsafe(what, *arguments)

    # From here on the event loop again.

    def _succeed(self) -> None:
        if not self._open.done():
            self._open.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self._open.done():
            self._open.set_exception(TryLater(reason))

    def _end(self, reason: str) -> None:
        was_open = self._open.done() and not self._open.cancelled() and self._open.exception() is None
        self._fail(f"connection lost: {reason}")
        if was_open:
            self._lose(f"connection lost: {reason}")
        if not self._ended.done():
            self._ended.set_result(None)

    def _count_taken(self) -> None:
        self._unsent -= 1
        self._taken_at = self._loop.time()

    def _look_whether_taken(self) -> None:
        self._look = None
        left = self._taken_at + TAKEN_WITHIN_S - self._loop.time()
        if not self._unsent or self._closing.is_set():
            return
        if left > 0:
            self._look = self._loop.call_later(left, self._look_whether_taken)
        else:
            self._lose(f"the broker has taken nothing over for {TAKEN_WITHIN_S:.0f} s")

    def _lose(self, reason: str) -> None:
        if not self._was_lost and not self._closing.is_set():
            self._was_lost = True
            self._lost(TryLater(reason))
