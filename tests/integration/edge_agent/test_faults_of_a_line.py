"""Each fault on its own, on each kind of line, in virtual time: reads end in time, and the neighbour is read on."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from edge_agent.drivers.base import BusDown, Line, NoAnswer, Refused
from simulators.controllers import Manner
from simulators.line_faults import LineFault
from tests.conversations import GAP, PATIENCE
from tests.sick_lines import CASES, SICK, WELL, Bench, sick
from tests.truth import BLOCKS, readings_of, wrong
from tests.virtual_time import run_virtually

ROUNDS = 30
LONGEST_READ = 5.0
"""Seconds: two attempts, each three times the patience and what a gateway may take to forward."""

TALKS_OVER_OTHERS = {LineFault.BABBLE}
EACH_CASE = pytest.mark.parametrize(("bench", "fault"), CASES, ids=lambda one: getattr(one, "__name__", one))


async def read(line: Line, unit: int, number: int) -> str:
    """How it ended; a wrong value or a read that takes too long is a failure here and now."""
    request, clock = BLOCKS[number % len(BLOCKS)], asyncio.get_running_loop().time
    asked_at = clock()
    try:
        words = await line.read(unit, request, PATIENCE, GAP)
    except (NoAnswer, Refused, BusDown) as error:
        return type(error).__name__
    finally:
        assert clock() - asked_at < LONGEST_READ
    assert wrong(readings_of(request, words), unit, asked_at, clock()) == []
    return "read"


async def rounds(line: Line, unit: int) -> Counter[str]:
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        await read(line, SICK, 3 * number + 1)
        ends[await read(line, unit, number)] += 1
        await asyncio.sleep(0.5)
    return ends


@EACH_CASE
def test_reads_end_in_time_and_the_neighbour_is_read_on(bench: Bench, fault: LineFault) -> None:
    async def play() -> Counter[str]:
        async with bench({SICK: sick(fault)}) as (line, _):
            return await rounds(line, WELL)

    ends = run_virtually(play)
    assert ends.total() == ROUNDS
    if fault not in TALKS_OVER_OTHERS:
        assert ends["read"] >= 0.9 * ROUNDS, ends


@EACH_CASE
def test_it_recovers_within_ten_seconds_of_the_fault(bench: Bench, fault: LineFault) -> None:
    async def play() -> Counter[str]:
        async with bench({SICK: sick(fault)}) as (line, controllers):
            await rounds(line, WELL)
            controllers.behave(SICK, Manner())
            await asyncio.sleep(10)
            return Counter([await read(line, unit, number) for unit in (SICK, WELL) for number in range(10)])

    assert run_virtually(play) == {"read": 20}
