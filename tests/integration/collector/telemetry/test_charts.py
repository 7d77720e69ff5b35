"""What a page is given of a span: each reading where they are few, steps where they are many."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from collector.telemetry.base import Arrival
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Quality
from tests.integration.collector.bench import MORNING, NOW, STORE, Bench, status
from tests.integration.collector.telemetry.kept import poll
from tests.integration.collector.visitor import Visitor

ADDRESS = f"/api/v1/stores/{STORE}/devices/freezer-1/readings"
DAY = timedelta(days=1)


def record(bench: Bench, *arrivals: Arrival) -> None:
    bench.send((1, status()))
    with bench.database.writing() as connection:
        bench.telemetry.record(connection, arrivals)


def ask(visitor: Visitor, begin: datetime, end: datetime = NOW, **more: Any) -> dict[str, Any]:
    asked = {"points": "temp.control", "since": begin.isoformat(), "until": end.isoformat(), **more}
    answer = visitor.get(ADDRESS, params=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_day_of_few_readings_is_told_as_it_was(bench: Bench, technician: Visitor) -> None:
    record(bench, *[poll(600 * row, float(row)) for row in range(12)])
    told = ask(technician, NOW - DAY)
    assert told["step_s"] == 0
    assert [row[1] for row in told["points"]["temp.control"]] == [float(row) for row in range(12)]


def test_a_day_of_many_readings_is_told_in_minutes(bench: Bench, technician: Visitor) -> None:
    """The beginning of the curve is there, and so is its highest point."""
    record(bench, *[poll(2 * row, 8.0 if row == 40 else -20.0) for row in range(2_500)])
    told = ask(technician, NOW - DAY)
    rows = told["points"]["temp.control"]
    assert (told["step_s"], len(rows)) == (60, 84)
    assert rows[0] == [to_ms(MORNING), -20.0, "good", -20.0, -20.0, 30]
    assert rows[1][3:] == [-20.0, 8.0, 30]
    assert -20.0 < rows[1][1] < -18.0


def test_the_newest_readings_can_be_asked_for_by_number(bench: Bench, technician: Visitor) -> None:
    record(bench, *[poll(2 * row, float(row)) for row in range(2_500)])
    told = ask(technician, NOW - 300 * DAY, limit=3)
    assert told["step_s"] == 0
    assert [row[1] for row in told["points"]["temp.control"]] == [2497.0, 2498.0, 2499.0]


@pytest.mark.parametrize(("days", "step"), [(7, 600), (30, 1800), (365, 21_600), (1500, 86_400)])
def test_no_span_has_more_than_two_thousand_steps(bench: Bench, technician: Visitor, days: int, step: int) -> None:
    apart = days * 86_400 / 3_000
    record(bench, *[poll(-row * apart, float(row), seq=row + 1) for row in range(3_000)])
    told = ask(technician, MORNING - days * DAY, MORNING)
    assert told["step_s"] == step
    assert days * 86_400 / step * 0.9 <= len(told["points"]["temp.control"]) <= 2_000


def test_flags_and_words_keep_their_kind_in_steps(bench: Bench, technician: Visitor) -> None:
    flags = [poll(10 * row, row == 3, point="defrost.active", seq=row + 1) for row in range(6)]
    words = [poll(1 + row, word, point="state.mode", seq=10 + row) for row, word in enumerate(("cooling", "defrost"))]
    bad = poll(61, Quality.REFUSED, point="state.mode", seq=20)
    record(bench, *flags, *words, bad)
    told = ask(technician, MORNING - 3 * DAY, points="defrost.active,state.mode")["points"]
    assert told["defrost.active"] == [[to_ms(MORNING), True, "good", 0.0, 1.0, 6]]
    assert told["state.mode"] == [[to_ms(MORNING), "defrost", "refused", None, None, 3]]
