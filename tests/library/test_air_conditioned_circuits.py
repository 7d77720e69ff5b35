"""A circuit that feeds air conditioners carries what the weather asks for, which is no overload."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.contract.readings import Reading, Telemetry, Value
from rules.load import load_rules
from rules.scoring.data import StoreInventory
from rules.scoring.match import ScoredTicket
from rules.scoring.replay import replay
from tests.unit.rules.judged import freezer

BOOK = load_rules()
BEGIN = datetime(2026, 4, 1, tzinfo=UTC)
STEP = timedelta(minutes=15)
LEARNED, DAY, NIGHT = 1440, 40, 1440 + 64
CIRCUIT = replace(freezer("circuit-ac", "circuit"), device_class="energy_meter")
UNIT = replace(freezer("ac-1", "sales_area"), device_class="ac_unit", fed_by="circuit-ac")
STORE = StoreInventory(store="store-1", devices=(CIRCUIT, UNIT), timezone="Asia/Shanghai")


def told(device: str, step: int, points: dict[str, Value]) -> Telemetry:
    readings = tuple(Reading(point=point, value=value) for point, value in points.items())
    at = BEGIN + step * STEP
    return Telemetry(
        device=device, at=at, boot="b", mono=step * STEP.total_seconds(), clock_trusted=True, readings=readings
    )


def told_of(
    watts: float, *, cools: bool, says: float | None = None, begins: int = LEARNED, after: int = 0
) -> list[ScoredTicket]:
    """What comes of ten hours in which the circuit takes so much, and its air conditioner `says` what it takes, after
    two weeks in which only fans ran, as they do for the steps `after` it."""
    polls = []
    for step in range(begins + DAY + after):
        works = begins <= step < begins + DAY
        unit: dict[str, Value] = {"power": True, "mode": "cool", "out.compressor": works and cools}
        if says is not None:
            unit["p.total"] = says if works else 60.0
        polls.append(told("ac-1", step, unit))
        polls.append(told("circuit-ac", step, {"p.total": watts if works else 400.0}))
    return [ticket for ticket in replay(BOOK, STORE, polls).tickets if ticket.device == "circuit-ac"]


def tickets(watts: float, *, cools: bool, says: float | None = None, begins: int = LEARNED) -> list[str]:
    return [ticket.rule for ticket in told_of(watts, cools=cools, says=says, begins=begins)]


@pytest.mark.parametrize(("watts", "cools"), [(1800.0, True), (400.0, False)])
def test_the_first_warm_day_is_no_overload(watts: float, cools: bool) -> None:
    assert tickets(watts, cools=cools) == []


@pytest.mark.parametrize(("watts", "cools"), [(1800.0, False), (6000.0, True)])
def test_what_no_compressor_explains_is_one(watts: float, cools: bool) -> None:
    assert tickets(watts, cools=cools) == ["energy.overload"]


@pytest.mark.parametrize(
    ("says", "night_loads"),
    [(3800.0, []), (600.0, ["energy.night_load_abnormal"]), (None, ["energy.night_load_abnormal"])],
)
def test_what_the_machines_say_they_take_is_no_abnormal_night(says: float | None, night_loads: list[str]) -> None:
    found = tickets(4000.0, cools=True, says=says, begins=NIGHT)
    assert [rule for rule in found if rule == "energy.night_load_abnormal"] == night_loads


def test_an_abnormal_night_is_over_with_a_usual_one_though_the_machines_tell_what_they_take() -> None:
    found = told_of(4000.0, cools=False, says=600.0, begins=NIGHT, after=3 * 96)
    (night,) = [ticket for ticket in found if ticket.rule == "energy.night_load_abnormal"]
    assert night.ended_at is not None
