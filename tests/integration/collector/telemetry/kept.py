"""Two stores of readings that must answer alike: the embedded one, and a real server elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.store.database import Database
from collector.telemetry.base import Arrival, Sample, Span, TelemetryStore
from edge_agent.contract.readings import Quality, Reading, Telemetry, Value

STORE, DEVICE = "shop-1", "freezer-1"
MORNING = datetime(2026, 7, 15, 2, tzinfo=UTC)
NOW = MORNING + timedelta(days=1)
TEMP = "temp.control"


@dataclass
class Keeper:
    """A store of readings with its database; `settle` has all background work done, unless it is `lazy`."""

    database: Database
    telemetry: TelemetryStore
    flush: Callable[[], None]
    lazy: bool = False

    def record(self, *arrivals: Arrival) -> int:
        with self.database.writing() as connection:
            return self.telemetry.record(connection, arrivals)

    def settle(self, now: datetime = NOW) -> None:
        while not self.lazy and self.telemetry.work(now):
            pass
        self.flush()

    def read(
        self, *points: str, since: datetime = MORNING, until: datetime = NOW, most: int = 1_000, device: str = DEVICE
    ) -> dict[str, list[tuple[float, float | str | None, Quality]]]:
        """Seconds after the morning began, value, quality."""
        span = Span(since=since, until=until, most=most)
        told = self.telemetry.read(STORE, device, points or (TEMP,), span)
        return {point: [_short(sample) for sample in samples] for point, samples in told.items()}

    def numbers(self) -> list[float | str | None]:
        return [value for _, value, _ in self.read(TEMP)[TEMP]]

    def close(self) -> None:
        with closing(self.database):
            self.telemetry.close()


def poll(
    second: float, value: Value | Quality, *, seq: int = 0, point: str = TEMP, device: str = DEVICE, store: str = STORE
) -> Arrival:
    """One reading, so many seconds into the morning; without a number of its own, the second is it."""
    return polls(second, {point: value}, seq=seq, device=device, store=store)


def polls(
    second: float, values: dict[str, Value | Quality], *, seq: int = 0, device: str = DEVICE, store: str = STORE
) -> Arrival:
    readings = tuple(
        Reading(point=point, value=None, quality=value)
        if isinstance(value, Quality)
        else Reading(point=point, value=value)
        for point, value in values.items()
    )
    at = MORNING + timedelta(seconds=second)
    telemetry = Telemetry(device=device, at=at, boot="b", mono=second, clock_trusted=True, readings=readings)
    return Arrival(store=store, seq=seq or int(second) + 1, telemetry=telemetry)


def every(seconds: int, numbers: Sequence[float], *, first: int = 0) -> list[Arrival]:
    return [poll(first + seconds * index, number) for index, number in enumerate(numbers)]


def _short(sample: Sample) -> tuple[float, float | str | None, Quality]:
    return sample.at_ms / 1000 - MORNING.timestamp(), sample.value, sample.quality
