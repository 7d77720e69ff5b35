"""Figures of a bus → advice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from edge_agent.core.babble import Babble
from edge_agent.core.health import UnitAccount
from edge_agent.core.profile import Poll
from edge_agent.tools.advice import advise
from edge_agent.tools.figures import BusFigures, DeviceFigures, Visit, bus_figures, device_figures
from tests.unit.edge_agent.points import CASE, PERIODS, device_of

WELL = DeviceFigures(
    device="freezer-1",
    unit=3,
    requests=1000,
    answers=1000,
    time_outs=0,
    crc_errors=0,
    late=0,
    refused_points=(),
    turnaround_p50_s=0.02,
    turnaround_p99_s=0.03,
    patience_s=0.3,
)
SILENT = replace(
    WELL, device="freezer-2", answers=0, time_outs=5, requests=5, turnaround_p50_s=None, turnaround_p99_s=None
)


def bus_of(*devices: DeviceFigures, cycle_s: float = 2.0, share: float = 0.2, down: str = "") -> BusFigures:
    return BusFigures(bus="line-a", down=down, cycle_s=cycle_s, cycle_limit_s=10.0, line_share=share, devices=devices)


def said(bus: BusFigures) -> str:
    return "\n".join(f"{one.weight} {one.device} {one.what.en} → {one.fix.en}" for one in advise(bus))


def test_a_healthy_bus_needs_no_advice() -> None:
    assert advise(bus_of(WELL)) == ()


@pytest.mark.parametrize(
    ("bus", "words"),
    [
        (bus_of(WELL, down="no such port"), "the bus is down: no such port"),
        (bus_of(SILENT), "no device answers at all"),
        (bus_of(replace(SILENT, crc_errors=5)), "nothing but garbage"),
        (bus_of(WELL, SILENT), "freezer-2 never answers"),
        (bus_of(WELL, replace(SILENT, crc_errors=5)), "two devices with one unit id"),
        (bus_of(replace(WELL, crc_errors=400)), "two devices with one unit id"),
        (bus_of(replace(WELL, crc_errors=30)), "terminators"),
        (bus_of(replace(WELL, time_outs=30)), "terminals"),
        (bus_of(replace(WELL, time_outs=30, late=3)), "answer_within"),
        (bus_of(replace(WELL, turnaround_p99_s=0.28)), "near the limit of 300 ms"),
        (bus_of(replace(WELL, refused_points=("in.door",))), "skip"),
        (bus_of(WELL, cycle_s=12.0), "longer than its period"),
        (bus_of(WELL, share=0.8), "80% of the line"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(bus: BusFigures, words: str) -> None:
    assert words in said(bus)


@pytest.mark.parametrize("neighbours", [(), (WELL,), (SILENT,)])
def test_who_was_not_asked_is_accused_of_nothing(neighbours: tuple[DeviceFigures, ...]) -> None:
    told = said(bus_of(*neighbours, replace(SILENT, device="freezer-9", requests=0, time_outs=0)))
    assert "freezer-9 never" not in told
    if neighbours == (SILENT,):
        assert "no device answers at all" in told
    else:
        assert told.startswith("note  not asked yet in the time watched: freezer-9 → watch longer")


def test_what_is_no_fault_is_a_note() -> None:
    assert [one.weight for one in advise(bus_of(replace(WELL, refused_points=("in.door",))))] == ["note"]


def test_a_bus_needs_the_time_of_its_visits_as_often_as_they_come() -> None:
    visits = [Visit(device="a", poll=Poll.FAST, seconds=seconds) for seconds in (1.0, 2.0, 9.0)]
    visits += [
        Visit(device="b", poll=Poll.FAST, seconds=1.0),
        Visit(device="b", poll=Poll.NORMAL, seconds=3.0),
        Visit(device="b", poll=Poll.ONCE, seconds=5.0),
    ]
    found = bus_figures("line-a", visits, PERIODS, [WELL])
    assert (found.cycle_s, found.cycle_limit_s) == (3.0, 10.0)
    assert found.line_share == pytest.approx(3.0 / 10 + 3.0 / 30)


def test_a_devices_figures_are_those_of_its_unit() -> None:
    account = UnitAccount(requests=3, no_answers=1)
    for seconds in (0.02, 0.2):
        account.note_answer(seconds)
    found = device_figures(device_of(CASE), account, {"b", "a"})
    assert (found.requests, found.answers, found.time_outs, found.refused_points) == (3, 2, 1, ("a", "b"))
    assert found.turnaround_p99_s
    assert found.turnaround_p99_s >= 0.2
    assert found.patience_s == timedelta(milliseconds=50).total_seconds()


@pytest.mark.parametrize(
    ("babble", "words"),
    [
        (Babble(babbling=True, unit=3), "wrong freezer-1 unit 3 talks without being asked → unplug it"),
        (Babble(babbling=True, unit=99), "unit 99 talks without being asked (it is not in the site file)"),
        (Babble(babbling=True, begun_after=3), "freezer-1 was asked last before it began"),
        (Babble(babbling=True), "unplug one device after the other"),
        (Babble(babbling=True, other_master=True), "another master asks"),
    ],
)
def test_who_babbles_is_told_and_the_silent_ones_beside_him_are_not_blamed(babble: Babble, words: str) -> None:
    told = said(replace(bus_of(replace(WELL, answers=0), replace(SILENT, unit=4)), babble=babble))
    assert words in told
    assert "never answers" not in told
