"""A chain as head office hears it: every device of every store polled in full, no reading left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from collector.partitions import ALL, Partitions
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import Telemetry
from edge_agent.contract.topics import batch_topic
from tests.bench.sample import BEGIN_AT, status, telemetry

POLL_EVERY = timedelta(seconds=10)
READINGS = 20
"""Of a device; a round of a store is one message."""
HALVES = (Partitions(first=0, last=127), Partitions(first=128, last=255))
"""For two collectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message, how many readings it has, and the highest of its numbers."""

    store: str
    payload: bytes
    readings: int
    last_seq: int

    @property
    def topic(self) -> str:
        return batch_topic(self.store)


@dataclass(slots=True)
class Chain:
    """`round` is called again and again: every store tells of one more poll of each of its devices."""

    stores: int = 200
    devices: int = 40
    partitions: Partitions = ALL
    _rounds: int = 0
    _names: list[str] = field(default_factory=list)
    _dice: Random = field(default_factory=lambda: Random(4))

    def __post_init__(self) -> None:
        every = (f"store-{number:04}" for number in range(self.stores))
        self._names = [name for name in every if self.partitions.holds(name)]

    def inventories(self) -> Iterator[Mail]:
        body = encode_body(status(self.devices))
        for name in self._names:
            yield Mail(store=name, payload=encode_batch("s", [(1, body)]), readings=0, last_seq=1)

    def round(self) -> Iterator[Mail]:
        """Temperatures wander and switches switch as in `telemetry`, each store out of step with the others."""
        self._rounds += 1
        at, begin = self.now, 2 + (self._rounds - 1) * self.devices
        for name in self._names:
            step = self._rounds + self._dice.randrange(30)
            bodies = [encode_body(_poll(number, step, at)) for number in range(self.devices)]
            payload = encode_batch("s", list(enumerate(bodies, start=begin)))
            yield Mail(store=name, payload=payload, readings=self.devices * READINGS, last_seq=begin + self.devices - 1)

    @property
    def now(self) -> datetime:
        return BEGIN_AT + self._rounds * POLL_EVERY


def _poll(number: int, step: int, at: datetime) -> Telemetry:
    like = telemetry(number, step)
    return replace(like, at=at)
