"""What the collector needs of a store of readings, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from edge_agent.contract.readings import Quality, Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
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


class TelemetryStore(Protocol):
    """Readings, kept exactly once."""

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        """Keeps the readings of all that a transaction brought if and only if it commits; called once in each.

        A store elsewhere keeps them in the transaction as work to be done, and does it afterwards. Returns how many
        readings were new.
        """

    def read(
        self, store: str, device: str, points: Sequence[str], since: datetime, until: datetime, limit: int
    ) -> dict[str, list[Sample]]:
        """Of each point the newest `limit` samples within the closed time range, oldest first."""

    def count(self) -> int:
        """How many readings are kept."""
