"""What the collector needs of a store of readings, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from sqlalchemy import Connection

from collector.telemetry.rollup import Bucket
from edge_agent.contract.readings import Quality, Telemetry


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a point. `value` is None where quality is not good; a flag is 0.0 or 1.0."""

    at_ms: int
    value: float | str | None
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One poll of one device as a store sent it, under the sequence number that it had there."""

    store: str
    seq: int
    telemetry: Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A closed range of time, and how many steps of it may be told at most of each point."""

    since: datetime
    until: datetime
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """By point, oldest first, buckets that are `step` long."""

    step: timedelta
    points: dict[str, list[Bucket]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What a store of readings has to do, for its gauges: readings not yet where they belong, and given up for ever."""

    waiting: int = 0
    lost: int = 0


class TelemetryStore(Protocol):
    """Readings, kept exactly once."""

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        """Keeps the readings of all that a transaction brought if and only if it commits; called once in each.

        The caller's receipts, in the same transaction, see to it that an arrival comes once; one that came again would
        change nothing all the same, for a reading is known by device, instant and number. A store elsewhere keeps them
        in the transaction as work to be done, and does it afterwards. Returns how many readings there were.
        """

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        """Of each point the newest samples of the span, oldest first. Raises TryLater."""

    def chart(self, store: str, device: str, points: Sequence[str], span: Span, now: datetime) -> Chart:
        """Roll-ups in the finest steps that the span allows and that are kept so long. Raises TryLater."""

    def work(self, now: datetime) -> bool:
        """A bounded piece of what is to be done beside the ingest; True where more waits. Raises TryLater.

        Called by one thread at a time.
        """

    def stock(self) -> Stock:
        """Raises TryLater."""

    def close(self) -> None:
        """Lets go of connections of its own."""
