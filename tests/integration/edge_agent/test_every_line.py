"""What holds on every kind of line: a pty, a serial server, a gateway."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import uvloop

from edge_agent.core.health import LineAccount
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.core.write_request import WriteRequest
from edge_agent.drivers import rtu_line, socket_port, tcp_line
from edge_agent.drivers.base import BusDown, NoAnswer, Refused, WritableLine
from simulators.controllers import Manner
from simulators.line_faults import fault_share
from tests.integration.edge_agent.lines import KINDS, Board, line_of

SOON = timedelta(milliseconds=100)
NO_GAP = timedelta()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_line, "FORWARDING", 0.05)
    monkeypatch.setattr(socket_port, "FORWARDING", 0.05)


async def read(line: WritableLine, unit: int = 3, at: int = 5, count: int = 1) -> tuple[int, ...]:
    request = ReadRequest(table=Table.HOLDING, start=at, count=count, points=())
    return await line.read(unit, request, SOON, NO_GAP)


async def write(line: WritableLine, table: Table, at: int, *words: int, single: bool = True) -> None:
    await line.write(3, WriteRequest(table=table, start=at, words=words, single=single), SOON, NO_GAP)


def faulty(fault: str) -> dict[int, Manner]:
    return {3: Manner(patience=0.1, faults=(fault_share(f"{fault}:1"),))}


@pytest.mark.parametrize("kind", KINDS)
async def test_it_reads(kind: str, tmp_path: Path) -> None:
    async with line_of(kind, tmp_path, {3: Board()}) as line:
        assert await read(line, count=4) == (5, 6, 7, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_in_the_loop_that_the_agent_runs_in(kind: str, tmp_path: Path) -> None:
    async def play() -> tuple[int, ...]:
        async with line_of(kind, tmp_path, {3: Board()}) as line:
            return await read(line, count=4)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(play()) == (5, 6, 7, 8)


@pytest.mark.parametrize("kind", KINDS)
async def test_registers_and_coils_are_set_one_or_several_at_a_time(kind: str, tmp_path: Path) -> None:
    board = Board()
    async with line_of(kind, tmp_path, {3: board}) as line:
        await write(line, Table.HOLDING, 1, 0xFFCE)
        await write(line, Table.HOLDING, 2, 7, 8, single=False)
        await write(line, Table.COIL, 0, 1)
        await write(line, Table.COIL, 1, 1, 0, 1, single=False)
        assert await read(line, at=1, count=3) == (0xFFCE, 7, 8)
    assert board.served == [6, 16, 5, 15, 3]
    assert board.coils[:5] == [True, True, False, True, False]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_write_is_told(kind: str, tmp_path: Path) -> None:
    async with line_of(kind, tmp_path, {3: Board()}) as line:
        with pytest.raises(Refused):
            await write(line, Table.HOLDING, 99, 1)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_goes_ahead_of_the_reads_that_wait(kind: str, tmp_path: Path) -> None:
    board = Board()
    async with line_of(kind, tmp_path, {3: board}) as line:
        reads = [asyncio.create_task(read(line)) for _ in range(4)]
        await asyncio.sleep(0)
        await write(line, Table.HOLDING, 1, 1)
        await asyncio.gather(*reads)
    assert board.served == [3, 6, 3, 3, 3]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [("rtu", "truncated"), ("rtu", "crc"), ("rtu_tcp", "crc"), ("tcp", "mute"), ("tcp", "closed"), ("tcp", "late")],
)
async def test_a_write_is_never_repeated(kind: str, fault: str, tmp_path: Path) -> None:
    board = Board()
    async with line_of(kind, tmp_path, {3: board}, faulty(fault)) as line:
        with pytest.raises((NoAnswer, BusDown)):
            await write(line, Table.HOLDING, 1, 1)
        await asyncio.sleep(0.2)
    assert board.served == [6]


@pytest.mark.parametrize(("kind", "module"), [("rtu", rtu_line), ("rtu_tcp", rtu_line), ("tcp", tcp_line)])
async def test_a_late_answer_is_never_taken_for_the_next(
    kind: str, module: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LATE_ANSWER", 0.5)
    fault = {3: Manner(turnaround=0.25)}
    async with line_of(kind, tmp_path, {3: Board(), 4: Board()}, fault) as line:
        with pytest.raises(NoAnswer):
            await read(line, at=5)
        with pytest.raises(NoAnswer):
            await read(line, at=6)
        assert await read(line, 4, at=7) == (7,)
        await asyncio.sleep(0.6)
        # A serial line has seen the late answer and may wait for the next one as long as that took.
        with suppress(NoAnswer):
            assert await read(line, at=8) == (8,)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_account_tells_what_was_asked_and_answered(kind: str, tmp_path: Path) -> None:
    account = LineAccount()
    manners = {3: Manner(turnaround=0.02)}
    async with line_of(kind, tmp_path, {3: Board()}, manners, account) as line:
        for _ in range(3):
            await read(line)
        with pytest.raises(Refused):
            await read(line, at=99)
    unit = account.unit(3)
    assert (unit.requests, unit.answers, unit.refusals, unit.no_answers) == (4, 4, 1, 0)
    assert 0.015 < (unit.spread.quantile(0.5) or 0.0) < 0.06
    assert account.busy_s > 0.08


async def test_damaged_and_late_answers_are_counted(tmp_path: Path) -> None:
    account = LineAccount()
    async with line_of("rtu", tmp_path, {3: Board()}, faulty("crc"), account) as line:
        with pytest.raises(NoAnswer):
            await read(line)
    assert account.unit(3).damaged >= 1
    account = LineAccount()
    async with line_of("rtu", tmp_path, {3: Board(), 4: Board()}, {3: Manner(turnaround=0.15)}, account) as line:
        with pytest.raises(NoAnswer):
            await read(line)
        await asyncio.sleep(0.1)
        await read(line, 4)
    assert (account.unit(3).no_answers, account.unit(3).late) == (1, 1)
    assert account.unit(3).turnaround.time_out(0.1) > 0.15
