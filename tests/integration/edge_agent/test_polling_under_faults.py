"""The whole turn of a bus under each fault: planner, asking, decoding and reporting, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.bus.poller import Poller
from edge_agent.contract.readings import Quality, Reading, Telemetry
from edge_agent.contract.text import same
from edge_agent.core.profile import Poll
from edge_agent.drivers.base import Line
from edge_agent.settings import SiteDevice
from simulators.line_faults import LineFault
from tests.sick_lines import CASES, SICK, WELL, Bench, sick
from tests.truth import PROFILE, wrong
from tests.virtual_time import run_virtually

BEGIN_AT = datetime(2026, 7, 1, tzinfo=UTC)
PERIOD = timedelta(seconds=2)
TURNS = 60
LONGEST_TURN = 12.0
"""Seconds: what was begun within the budget is carried to its end."""

UNITS = {"sick": SICK, "well": WELL}


def poller_on(line: Line) -> Poller:
    devices = [
        SiteDevice(id=name, name=same(name), duty="freezer", bus="line", unit=unit, profile=PROFILE)
        for name, unit in UNITS.items()
    ]
    periods = dict.fromkeys((Poll.FAST, Poll.NORMAL, Poll.SLOW), PERIOD)
    return Poller(bus="line", line=line, devices=devices, periods=periods, at_least_every=PERIOD, boot="boot")


async def turn(poller: Poller) -> list[Telemetry]:
    """What it told, each value of it held by its device during the turn."""
    clock = asyncio.get_running_loop().time
    began = clock()
    told = await poller.turn(BEGIN_AT + timedelta(seconds=began), began)
    assert clock() - began < LONGEST_TURN
    for one in told:
        assert wrong(one.readings, UNITS[one.device], began, clock()) == [], one.device
    return told


async def polls(poller: Poller) -> list[Telemetry]:
    told = []
    for _ in range(TURNS):
        told += await turn(poller)
        await asyncio.sleep(1.0)
    return told


def good(told: list[Telemetry], device: str) -> list[Reading]:
    readings = (reading for one in told if one.device == device for reading in one.readings)
    return [reading for reading in readings if reading.quality is Quality.GOOD]


@pytest.mark.parametrize(("bench", "fault"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_a_turn_ends_tells_nothing_false_and_reads_the_neighbour(bench: Bench, fault: LineFault) -> None:
    async def play() -> list[Telemetry]:
        async with bench({SICK: sick(fault)}) as (line, _):
            return await polls(poller_on(line))

    told = run_virtually(play)
    if fault is not LineFault.BABBLE:
        assert len(good(told, "well")) > 10 * len(PROFILE.points)
