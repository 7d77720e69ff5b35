"""What both stores of readings promise: the embedded one, and a real server that takes InfluxDB's writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from collector.telemetry.base import Arrival, Chart, Span
from collector.telemetry.rollup import Bucket
from collector.telemetry.settings import EmbeddedSettings
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Quality, Value
from tests.integration.collector.telemetry.conftest import influx, open_keeper
from tests.integration.collector.telemetry.kept import DEVICE, MORNING, NOW, STORE, TEMP, Keeper, every, poll, polls

_runs = count(1)
GOOD = Quality.GOOD
START = to_ms(MORNING)


class Place:
    """A device of its own for each test: the server outlives them."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.device = f"{DEVICE}-{next(_runs)}"

    def record(self, *arrivals: Arrival) -> int:
        mine = [self._mine(one) for one in arrivals]
        return self.keeper.record(*mine)

    def _mine(self, one: Arrival) -> Arrival:
        values = {seen.point: seen.quality if seen.value is None else seen.value for seen in one.telemetry.readings}
        second = (one.telemetry.at - MORNING).total_seconds()
        return polls(second, values, seq=one.seq, device=self.device, store=one.store)

    def read(self, *points: str, most: int = 1_000) -> dict[str, list[tuple[float, float | str | None, Quality]]]:
        return self.keeper.read(*points, most=most, device=self.device)

    def chart(self, *points: str, hours: float, most: int = 2_000) -> Chart:
        span = Span(since=MORNING, until=MORNING + timedelta(hours=hours), most=most)
        return self.keeper.telemetry.chart(STORE, self.device, points or (TEMP,), span, NOW)


@pytest.fixture(params=["embedded", "sealed", "influx"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """`sealed` is the embedded store with its background work done, `embedded` is it before."""
    if request.param == "influx":
        server = request.getfixturevalue("server")
        keeper = open_keeper(tmp_path / "c.sqlite", influx(server), server)
    else:
        keeper = open_keeper(tmp_path / "c.sqlite", EmbeddedSettings())
    keeper.lazy = request.param == "embedded"
    yield Place(keeper)
    keeper.close()


class TestTelemetryStore:
    def test_it_gives_back_every_kind_of_value(self, place: Place) -> None:
        values: dict[str, Value | Quality] = {
            "number": -20.5,
            "flag": True,
            "word": 'coo,l=ing "1"',
            "odd name, é": 3.25,
        }
        values |= {str(bad): bad for bad in Quality if bad is not GOOD}
        assert place.record(polls(0, values)) == len(values)
        place.keeper.settle()
        told = place.read(*values, "unknown")
        assert told.pop("unknown") == []
        assert told == {
            point: [(0, None, value) if isinstance(value, Quality) else (0, value, GOOD)]
            for point, value in values.items()
        }

    def test_it_keeps_what_commits_and_nothing_else(self, place: Place) -> None:
        database, telemetry = place.keeper.database, place.keeper.telemetry
        with suppress(ZeroDivisionError), database.writing() as connection:
            telemetry.record(connection, [place._mine(poll(0, 1.0))])
            raise ZeroDivisionError
        place.record(poll(30, 2.0))
        place.keeper.settle()
        assert place.read() == {TEMP: [(30, 2.0, GOOD)]}

    def test_what_comes_again_changes_nothing(self, place: Place) -> None:
        arrivals = every(30, [1.0, 2.0, 3.0])
        place.record(*arrivals)
        place.keeper.settle()
        place.record(*arrivals)
        place.keeper.settle()
        assert place.read() == {TEMP: [(0, 1.0, GOOD), (30, 2.0, GOOD), (60, 3.0, GOOD)]}

    def test_it_gives_the_newest_of_a_span_in_the_order_of_time(self, place: Place) -> None:
        place.record(*reversed(every(600, [float(number) for number in range(30)])))
        place.keeper.settle()
        assert place.read(most=3)[TEMP] == [(number * 600.0, number, GOOD) for number in (27, 28, 29)]
        edges = place.keeper.read(
            TEMP, since=MORNING + timedelta(minutes=10), until=MORNING + timedelta(minutes=30), device=place.device
        )
        assert [value for _, value, _ in edges[TEMP]] == [1.0, 2.0, 3.0]

    def test_it_tells_a_day_in_minutes(self, place: Place) -> None:
        place.record(*every(30, [1.0, 3.0, 5.0, 5.0]), poll(120, Quality.PROBE_FAULT), poll(150, 7.0))
        place.keeper.settle()
        chart = place.chart(hours=24)
        assert chart.step == timedelta(minutes=1)
        assert chart.points[TEMP] == [
            Bucket(START, 2, GOOD, 1.0, 3.0, 2.0),
            Bucket(START + 60_000, 2, GOOD, 5.0, 5.0, 5.0),
            Bucket(START + 120_000, 2, Quality.PROBE_FAULT, 7.0, 7.0, 7.0),
        ]

    def test_it_tells_a_year_in_quarters_of_days(self, place: Place) -> None:
        place.record(*every(1800, [float(number) for number in range(24)]))
        place.keeper.settle()
        chart = place.chart(hours=365 * 24)
        assert chart.step == timedelta(hours=6)
        told = [(one.at_ms - START, one.count, one.low, one.high, one.mean) for one in chart.points[TEMP]]
        hours = 3_600_000
        assert told == [
            (-2 * hours, 8, 0.0, 7.0, 3.5),
            (4 * hours, 12, 8.0, 19.0, 13.5),
            (10 * hours, 4, 20.0, 23.0, 21.5),
        ]

    def test_a_chart_tells_the_last_word_of_each_step(self, place: Place) -> None:
        words = [(0, "cooling"), (20, "defrost"), (70, "cooling")]
        place.record(*[poll(second, word, point="state.mode") for second, word in words])
        place.keeper.settle()
        told = place.chart("state.mode", hours=24).points["state.mode"]
        assert [(one.count, one.word, one.mean, one.worst) for one in told] == [
            (2, "defrost", None, GOOD), (1, "cooling", None, GOOD),
        ]  # fmt: skip

    def test_a_point_without_readings_has_an_empty_chart(self, place: Place) -> None:
        place.record(poll(0, 1.0))
        place.keeper.settle()
        chart = place.chart("never.seen", TEMP, hours=1)
        assert chart.points["never.seen"] == []
        assert len(chart.points[TEMP]) == 1

    def test_stores_and_devices_do_not_mix(self, place: Place) -> None:
        place.record(poll(0, 1.0), poll(0, 2.0, store="shop-2"))
        place.keeper.settle()
        assert place.read() == {TEMP: [(0, 1.0, GOOD)]}
        assert place.keeper.read(TEMP, device="nobody") == {TEMP: []}
