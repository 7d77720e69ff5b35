"""Readings on a server elsewhere, by way of a table of work in our database: its outage loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Connection

from collector.store.database import Database, TryLater
from collector.telemetry import pending
from collector.telemetry.base import Arrival, Chart, Sample, Span, Stock
from collector.telemetry.lines import check_line, lines, pack
from collector.telemetry.rollup import Bucket
from collector.telemetry.steps import HOUR, choose_step
from edge_agent.contract.clock import to_ms

READINGS_AT_ONCE = 5_000

log = logging.getLogger(__name__)


class Unacceptable(Exception):
    """The server will never take these lines, or not so many at once."""


class Writer(Protocol):
    """The way to the server. The same line again changes nothing there."""

    def write(self, written: bytes) -> None:
        """Returns when the server has the lines. Raises TryLater, or Unacceptable."""

    def close(self) -> None:
        """Lets go of its connections."""


class Reader(Protocol):
    """How the server is asked. Both raise TryLater."""

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        """As TelemetryStore.read."""

    def chart(
        self, store: str, device: str, points: Sequence[str], span: Span, step: timedelta
    ) -> dict[str, list[Bucket]]:
        """By point, oldest first. The mean is of the readings, each weighing the same."""


class RemoteTelemetry:
    """A TelemetryStore. What waits to be written is not read.

    Two entries of one device and instant are one reading there: the later one stands.
    """

    def __init__(
        self, database: Database, writer: Writer, reader: Reader, pending_at_most: int, now: Callable[[], datetime]
    ) -> None:
        """`pending_at_most` is how many bytes may wait; beyond, the oldest are dropped and counted."""
        self._database = database
        self._writer = writer
        self._reader = reader
        self._pending_at_most = pending_at_most
        self._now = now
        self._weighed_at: datetime | None = None

    def record(self, transaction: Connection, arrivals: Sequence[Arrival]) -> int:
        total = 0
        for some in _portions(arrivals):
            readings = sum(len(arrival.telemetry.readings) for arrival in some)
            pending.append(transaction, to_ms(self._now()), readings, pack(some))
            total += readings
        return total

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        return self._reader.read(store, device, points, span)

    def chart(self, store: str, device: str, points: Sequence[str], span: Span, now: datetime) -> Chart:
        _, step = choose_step(span.since, span.until, span.most, now, {})
        return Chart(step=step, points=self._reader.chart(store, device, points, span, step))

    def work(self, now: datetime) -> bool:
        """Writes some of what waits. On trouble keeps what waits within its bound."""
        with self._database.reading() as connection:
            waiting = pending.oldest(connection, READINGS_AT_ONCE)
        if not waiting:
            return False
        try:
            self._deliver(waiting)
        except TryLater:
            self._keep_bound(now)
            raise
        return True

    def stock(self) -> Stock:
        with self._database.reading() as connection:
            return Stock(waiting=pending.count_waiting(connection), lost=pending.count_lost(connection))

    def close(self) -> None:
        self._writer.close()

    def _deliver(self, waiting: Sequence[pending.Waiting]) -> None:
        refused = self._write([line for one in waiting for line in lines(one.body)])
        if refused:
            self._check(waiting[-1].at_ms)
        with self._database.writing() as connection:
            for reason in refused:
                pending.note_lost(connection, waiting[0].at_ms, waiting[-1].at_ms, 1, reason)
            pending.settle(connection, waiting[-1].id)
        for reason in refused[:1]:
            log.error("telemetry server refuses readings count=%d reason=%s", len(refused), reason)

    def _check(self, at_ms: int) -> None:
        """Before anything is given up. Raises TryLater where the server refuses whatever it is sent."""
        try:
            self._writer.write(check_line(at_ms))
        except Unacceptable as refusal:
            raise TryLater(f"the telemetry server refuses everything: {refusal}") from refusal

    def _write(self, written: Sequence[bytes]) -> list[str]:
        """Why single lines were refused for ever: halves what is refused until it is known which they are."""
        try:
            self._writer.write(b"\n".join(written))
        except Unacceptable as refusal:
            if len(written) == 1:
                return [str(refusal)]
            middle = len(written) // 2
            return self._write(written[:middle]) + self._write(written[middle:])
        return []

    def _keep_bound(self, now: datetime) -> None:
        if self._weighed_at is not None and abs(now - self._weighed_at) < HOUR / 60:
            return
        self._weighed_at = now
        with self._database.writing() as connection:
            lost = pending.drop_oldest(connection, self._pending_at_most)
        if lost:
            log.error("telemetry that waited too long was dropped readings=%d", lost)


def _portions(arrivals: Sequence[Arrival]) -> list[list[Arrival]]:
    """Of no more than about as many readings as are written at once."""
    portions: list[list[Arrival]] = []
    room = 0
    for arrival in arrivals:
        count = len(arrival.telemetry.readings)
        if count:
            if count > room:
                portions.append([])
                room = READINGS_AT_ONCE
            portions[-1].append(arrival)
            room -= count
    return portions
