"""Somebody talks on an RS-485 line without being asked: named within a minute, and gone within ten seconds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from edge_agent.contract.readings import BusHealth
from edge_agent.drivers.base import BusDown, NoAnswer, Refused
from edge_agent.drivers.rtu_line import RtuLine
from simulators.controllers import Manner
from simulators.line_faults import FaultShare, LineFault
from simulators.line_timing import LineTiming
from tests import babblers
from tests.babblers import BABBLER, BABBLING, UNITS, WAYS, WELL, Kind, Way, bench, rtu
from tests.conversations import GAP, PATIENCE
from tests.sick_lines import CASES, SICK, sick
from tests.sick_lines import WELL as WELL_UNIT
from tests.sick_lines import Bench as SickLine
from tests.truth import BLOCKS
from tests.virtual_time import run_virtually

NAMED_WITHIN, RECOVERED_WITHIN = 60.0, 10.0
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@EVERY_WAY
@pytest.mark.parametrize("kind", list(Kind))
def test_who_babbles_is_named_within_a_minute_and_the_line_is_well_ten_seconds_after_it_ends(
    way: Way, kind: Kind
) -> None:
    async def play() -> tuple[BusHealth, float, float, BusHealth]:
        async with bench(way, kind) as line:
            await line.run(60.0)
            assert not line.poller.health().babbling
            line.controllers.behave(BABBLER, BABBLING)
            named = await line.run(90.0, lambda: line.poller.health().babbling)
            await line.run(120.0)
            health, ended = line.poller.health(), asyncio.get_running_loop().time()
            line.controllers.behave(BABBLER, WELL)
            recovered = await line.run(60.0, lambda: line.all_good_since(ended))
            await line.run(60.0)
            return health, named, recovered, line.poller.health()

    health, named, recovered, after = run_virtually(play)
    assert health.babbling
    assert named <= NAMED_WITHIN
    assert recovered <= RECOVERED_WITHIN
    assert health.babbling_unit == (BABBLER if kind in {Kind.FRAMES, Kind.FOREIGN} else None)
    assert health.other_master == (kind is Kind.MASTER)
    assert [one.device for one in health.devices if one.babbles] == (
        [f"device-{BABBLER}"] if health.babbling_unit else []
    )
    assert not after.babbling
    assert all(one.answers for one in after.devices)


def test_noise_in_the_pauses_of_the_line_accuses_nobody_for_being_the_last_of_the_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So fast a line is idle nearly all the time, and noise is heard when the next round begins."""
    monkeypatch.setattr(babblers, "TIMING", LineTiming(baud=115200, grain=8))

    async def play() -> BusHealth:
        async with bench(rtu, Kind.NOISE) as line:
            line.controllers.behave(UNITS - 1, Manner(faults=(FaultShare(faults=(LineFault.SILENCE,)),)))
            await line.run(300.0)
            line.controllers.behave(BABBLER, BABBLING)
            await line.run(120.0)
            return line.poller.health()

    health = run_virtually(play)
    assert (health.babbling, health.babbling_unit) == (True, None)


SERIAL_CASES = [case for case in CASES if case[0].__name__ != "gateway" and case[1] is not LineFault.BABBLE]


@pytest.mark.parametrize(("on", "fault"), SERIAL_CASES, ids=lambda one: getattr(one, "__name__", one))
def test_a_sick_device_that_only_answers_badly_is_not_called_a_babbler(on: SickLine, fault: LineFault) -> None:
    async def play() -> bool:
        async with on({SICK: sick(fault)}) as (line, _):
            assert isinstance(line, RtuLine)
            accused = False
            for number in range(200):
                for unit in (SICK, WELL_UNIT):
                    with suppress(NoAnswer, Refused, BusDown):
                        await line.read(unit, BLOCKS[number % len(BLOCKS)], PATIENCE, GAP)
                accused |= line.account.listening.babble.babbling
                await asyncio.sleep(0.5)
            return accused

    assert not run_virtually(play)
