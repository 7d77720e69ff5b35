"""The way between stores and head office: a broker that forgets, delays, repeats and reorders by seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import Any

from collector.inbox import Message
from edge_agent.broker_link import Heard, Lost, TryLater
from edge_agent.contract.codec import bounds_of, encode_ack, split_batch
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import ack_topic, history_topic, parse_topic

REDELIVER_AFTER_S = 30.0
UNSETTLED_AT_MOST = 2_000


@dataclass(slots=True, kw_only=True)
class Weather:
    """How bad the network is now; shares of messages, seconds. `cuts` counts what keeps the line down, `clogs` what
    keeps history from arriving while all else does: a busy broker, or a head office that takes what is live first."""

    cuts: int = 0
    clogs: int = 0
    lost: float = 0.0
    repeated: float = 0.0
    delay_s: float = 0.05
    spread_s: float = 0.05

    @property
    def up(self) -> bool:
        return self.cuts == 0

    @property
    def fair(self) -> bool:
        return self.up and self.lost == 0 and self.spread_s < 1


@dataclass(slots=True)
class Network:
    """One broker. `weather` is the store's by id; what head office has not settled comes again to its next session.

    `transcript` is a digest of all that was ever said, and when; `presents` is when each beginning of a present was
    first named, by store, stream and number.
    """

    dice: Random
    weather: dict[str, Weather] = field(default_factory=dict)
    links: dict[str, SimulatedLink] = field(default_factory=dict)
    office: Callable[[Message], None] | None = None
    session: int = 0
    messages: int = 0
    transcript: Any = field(default_factory=lambda: blake2b(digest_size=16))
    presents: dict[tuple[str, str, int], float] = field(default_factory=dict)
    _mid: int = 0
    _unsettled: dict[int, tuple[str, bytes]] = field(default_factory=dict)

    def sky(self, store: str) -> Weather:
        return self.weather.setdefault(store, Weather())

    def upward(self, topic: str, payload: bytes) -> None:
        """To head office, perhaps; a message for an office that is away is kept, as far as the broker cares to."""
        self._write_down(topic, payload)
        store = parse_topic(topic).store
        (stream, _), (_, present_from) = split_batch(payload), bounds_of(payload)
        self.presents.setdefault((store, stream, present_from), asyncio.get_running_loop().time())
        sky = self.sky(store)
        if sky.clogs and topic == history_topic(store):
            return
        for delay in self._fates(sky):
            _later(delay, lambda: self._arrive(topic, payload))

    def downward(self, store: str, payload: bytes) -> None:
        self._write_down(store, payload)
        for delay in self._fates(self.sky(store)):
            _later(delay, lambda: self._hear(store, payload))

    def attach(self, office: Callable[[Message], None]) -> None:
        """Head office is there (again): what it has not settled comes anew."""
        self.office = office
        self.session += 1
        waiting, self._unsettled = list(self._unsettled.values()), {}
        for topic, payload in waiting:
            _later(REDELIVER_AFTER_S * self.dice.random(), lambda t=topic, p=payload: self._arrive(t, p))  # type: ignore[misc]

    def detach(self) -> None:
        self.office = None

    def settle(self, message: Message) -> None:
        if message.session == self.session:
            self._unsettled.pop(message.mid, None)

    def forget(self) -> None:
        """The broker is killed: every connection is lost, and so is all that it kept."""
        self._unsettled.clear()
        for link in list(self.links.values()):
            link.lose("the broker has gone")

    def cut(self, store: str) -> None:
        if link := self.links.get(store):
            link.lose("the line is cut")

    def _write_down(self, to: str, payload: bytes) -> None:
        self.messages += 1
        self.transcript.update(f"{asyncio.get_running_loop().time()!r} {to} {len(payload)} ".encode() + payload)

    def _fates(self, sky: Weather) -> list[float]:
        """The delay of each copy that will arrive."""
        if not sky.up or self.dice.random() < sky.lost:
            return []
        copies = 2 if self.dice.random() < sky.repeated else 1
        return [sky.delay_s + sky.spread_s * self.dice.random() for _ in range(copies)]

    def _arrive(self, topic: str, payload: bytes) -> None:
        self._mid += 1
        if len(self._unsettled) < UNSETTLED_AT_MOST:
            self._unsettled[self._mid] = (topic, payload)
        if self.office:
            now = asyncio.get_running_loop().time()
            self.office(Message(topic=topic, payload=payload, mid=self._mid, session=self.session, arrived=now))

    def _hear(self, store: str, payload: bytes) -> None:
        link = self.links.get(store)
        if link and self.sky(store).up:
            link.heard(payload)


class SimulatedLink:
    """A Link of the publisher, for one connection."""

    def __init__(self, network: Network, store: str, heard: Heard, lost: Lost) -> None:
        self._network = network
        self._store = store
        self.heard = heard
        self._lost = lost
        self._open = False

    @property
    def unsent(self) -> int:
        return 0

    async def open(self, topic: str) -> None:
        assert topic == ack_topic(self._store)
        await asyncio.sleep(0.05 + 0.1 * self._network.dice.random())
        if not self._network.sky(self._store).up:
            raise TryLater("no line")
        self._open = True
        self._network.links[self._store] = self

    def publish(self, topic: str, payload: bytes) -> None:
        if not self._open:
            raise TryLater("the connection has gone")
        self._network.upward(topic, payload)

    async def close(self) -> None:
        self._open = False
        if self._network.links.get(self._store) is self:
            del self._network.links[self._store]

    def lose(self, why: str) -> None:
        if self._open:
            self._open = False
            self._lost(TryLater(why))


def answer(network: Network, store: str, ack: Ack) -> None:
    network.downward(store, encode_ack(ack))


def _later(delay: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay, call)
