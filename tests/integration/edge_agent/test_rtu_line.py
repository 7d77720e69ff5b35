"""A real pty, a scripted controller at its other end: late, foreign, damaged and missing answers."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import SerialFormat, Table
from edge_agent.drivers import rtu_line
from edge_agent.drivers.base import BusDown, NoAnswer, Refused
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.drivers.serial_line import open_serial
from tests.frames import exception_reply, rtu, word_reply

EKC = SerialFormat(baud=9600, parity="E", stop_bits=1)
SOON = timedelta(milliseconds=80)

Script = Callable[["Controller", int, int], Awaitable[None]]


class Controller:
    """The other end of the line; `script` is called with unit and address of each request that comes."""

    def __init__(self, path: Path, script: Script) -> None:
        self._path = path
        self._script = script
        self.heard_at: list[float] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.plug_in()

    def plug_in(self) -> None:
        self.ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self.ours, False)
        self._path.symlink_to(os.ttyname(self._theirs))
        asyncio.get_running_loop().add_reader(self.ours, self._hear)

    def say(self, frame: bytes) -> None:
        os.write(self.ours, frame)

    async def unplug(self) -> None:
        asyncio.get_running_loop().remove_reader(self.ours)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for descriptor in (self.ours, self._theirs):
            os.close(descriptor)
        self._path.unlink()

    def _hear(self) -> None:
        received = os.read(self.ours, 256)
        assert len(received) == 8, received.hex()
        self.heard_at.append(asyncio.get_running_loop().time())
        answering = self._script(self, received[0], int.from_bytes(received[2:4], "big"))
        task = asyncio.ensure_future(answering)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def line_to(folder: Path, script: Script, baud: int = EKC.baud) -> AsyncIterator[tuple[RtuLine, Controller]]:
    controller = Controller(folder / "line-a", script)
    line = RtuLine(partial(open_serial, str(folder / "line-a"), EKC), baud)
    try:
        yield line, controller
    finally:
        await line.close()
        await controller.unplug()


async def read(line: RtuLine, unit: int = 3, at: int = 100, count: int = 1) -> tuple[int, ...]:
    request = ReadRequest(table=Table.HOLDING, start=at, count=count, points=())
    return await line.read(unit, request, SOON, timedelta(milliseconds=5))


async def honest(controller: Controller, unit: int, at: int) -> None:
    controller.say(rtu(unit, word_reply(3, at)))


async def silent(controller: Controller, unit: int, at: int) -> None:
    pass


async def test_it_reads_over_a_port_with_parity(tmp_path: Path) -> None:
    async with line_to(tmp_path, honest) as (line, _):
        assert [await read(line, at=at) for at in (100, 200)] == [(100,), (200,)]


async def test_an_answer_in_pieces_is_put_together(tmp_path: Path) -> None:
    async def haltingly(controller: Controller, unit: int, at: int) -> None:
        for byte in rtu(unit, word_reply(3, at)):
            controller.say(bytes([byte]))
            await asyncio.sleep(0.003)

    async with line_to(tmp_path, haltingly) as (line, _):
        assert await read(line) == (100,)


async def test_a_late_answer_is_never_taken_for_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtu_line, "LATE_ANSWER", 0.4)

    async def late_once(controller: Controller, unit: int, at: int) -> None:
        if at == 100:
            await asyncio.sleep(0.25)
        await honest(controller, unit, at)

    async with line_to(tmp_path, late_once) as (line, controller):
        for at in (100, 200):
            with pytest.raises(NoAnswer):
                await read(line, at=at)
        assert len(controller.heard_at) == 1
        await asyncio.sleep(0.45)
        assert await read(line, at=200) == (200,)


async def test_a_unit_known_to_be_quick_owes_its_answer_as_long_as_its_profile_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtu_line, "LATE_ANSWER", 0.0)

    async def quick_or_silent(controller: Controller, unit: int, at: int) -> None:
        if at != 200:
            await honest(controller, unit, at)

    async with line_to(tmp_path, quick_or_silent) as (line, controller):
        for at in (100, 100, 200, 100):
            request = ReadRequest(table=Table.HOLDING, start=at, count=1, points=())
            with pytest.raises(NoAnswer) if len(controller.heard_at) >= 2 else nullcontext():
                await line.read(3, request, timedelta(seconds=1), timedelta())
        assert len(controller.heard_at) == 3


async def test_a_unit_whose_late_answer_has_come_is_asked_again_at_once(tmp_path: Path) -> None:
    async def always_late(controller: Controller, unit: int, at: int) -> None:
        await asyncio.sleep(0.2 if at == 100 else 0.0)
        await honest(controller, unit, at)

    async with line_to(tmp_path, always_late) as (line, _):
        with pytest.raises(NoAnswer):
            await read(line, at=100)
        with pytest.raises(NoAnswer):
            await read(line, at=200)
        await asyncio.sleep(0.2)
        assert await read(line, at=200) == (200,)


async def test_a_frame_of_another_kind_does_not_settle_what_a_unit_owes(tmp_path: Path) -> None:
    async with line_to(tmp_path, silent) as (line, controller):
        with pytest.raises(NoAnswer):
            await read(line)
        controller.say(rtu(3, word_reply(3, 1, 2)) + rtu(4, word_reply(3, 1)) + rtu(3, word_reply(3, 1))[:-1])
        await asyncio.sleep(0.02)
        with pytest.raises(NoAnswer):
            await read(line, at=200)
        assert len(controller.heard_at) == 1


async def test_neighbours_are_asked_at_once_and_the_late_frame_between_is_skipped(tmp_path: Path) -> None:
    async def both(controller: Controller, unit: int, at: int) -> None:
        if unit == 4:
            controller.say(rtu(3, word_reply(4, 100)) + rtu(4, word_reply(3, at)))

    async with line_to(tmp_path, both) as (line, _):
        with pytest.raises(NoAnswer):
            await read(line, 3)
        assert await read(line, 4, at=200) == (200,)
        with pytest.raises(NoAnswer):
            await read(line, 3, at=300)


async def test_a_read_that_was_cancelled_leaves_its_unit_alone_too(tmp_path: Path) -> None:
    async with line_to(tmp_path, silent) as (line, controller):
        reading = asyncio.create_task(read(line))
        while not controller.heard_at:
            await asyncio.sleep(0.005)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        with pytest.raises(NoAnswer):
            await read(line, at=200)
        assert len(controller.heard_at) == 1


@pytest.mark.parametrize(
    "reply",
    [
        rtu(4, word_reply(3, 7)),
        rtu(3, word_reply(4, 7)),
        rtu(3, word_reply(3, 7, 8)),
        rtu(3, word_reply(3, 7))[:-1],
        b"",
    ],
    ids=["unit", "function", "length", "truncated", "silence"],
)
async def test_what_is_no_answer_is_none(tmp_path: Path, reply: bytes) -> None:
    async def answer(controller: Controller, unit: int, at: int) -> None:
        controller.say(reply)

    async with line_to(tmp_path, answer) as (line, controller):
        with pytest.raises(NoAnswer):
            await read(line)
        assert len(controller.heard_at) == 1


async def test_a_damaged_answer_is_asked_for_once_more(tmp_path: Path) -> None:
    async def damaged_once(controller: Controller, unit: int, at: int) -> None:
        frame = rtu(unit, word_reply(3, at))
        controller.say(frame[:-1] + b"\0" if len(controller.heard_at) == 1 else frame)

    async with line_to(tmp_path, damaged_once) as (line, _):
        assert await read(line) == (100,)


async def test_a_refusal_is_told_and_the_unit_asked_on(tmp_path: Path) -> None:
    async def refuse(controller: Controller, unit: int, at: int) -> None:
        controller.say(rtu(unit, exception_reply(3, 2) if at == 100 else word_reply(3, at)))

    async with line_to(tmp_path, refuse) as (line, _):
        with pytest.raises(Refused):
            await read(line)
        assert await read(line, at=200) == (200,)


async def test_there_is_silence_before_each_request(tmp_path: Path) -> None:
    async with line_to(tmp_path, honest) as (line, controller):
        for _ in range(5):
            await read(line)
        pauses = [after - before for before, after in zip(controller.heard_at, controller.heard_at[1:], strict=False)]
        assert min(pauses) >= 3.5 * 11 / 9600


async def test_who_talks_unasked_is_not_asked_until_he_has_been_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtu_line, "LATE_ANSWER", 0.2)
    async with line_to(tmp_path, honest) as (line, controller):
        await read(line)
        controller.say(rtu(3, word_reply(3, 666)))
        await asyncio.sleep(0.02)
        with pytest.raises(NoAnswer):
            await read(line, at=200)
        assert await read(line, unit=4, at=200) == (200,)
        await asyncio.sleep(0.2)
        assert await read(line, at=200) == (200,)


async def test_a_line_on_which_somebody_never_stops_talking_gives_no_answer(tmp_path: Path) -> None:
    async def babble(controller: Controller, unit: int, at: int) -> None:
        await honest(controller, unit, at)
        for _ in range(200):
            controller.say(b"\x55")
            await asyncio.sleep(0.001)

    async with line_to(tmp_path, babble, baud=1200) as (line, controller):  # whose silence no busy machine makes
        assert await read(line) == (100,)
        with pytest.raises(NoAnswer):
            await read(line)
        assert len(controller.heard_at) == 1


async def test_one_conversation_at_a_time(tmp_path: Path) -> None:
    async with line_to(tmp_path, honest) as (line, _):
        found = await asyncio.gather(*(read(line, unit, at=100 + unit) for unit in range(1, 9)))
        assert found == [(100 + unit,) for unit in range(1, 9)]


async def test_a_port_that_is_missing_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.drivers.reopening.FIRST_PAUSE", 0.05)
    line = RtuLine(partial(open_serial, str(tmp_path / "line-a"), EKC), EKC.baud)
    for _ in range(2):
        with pytest.raises(BusDown):
            await read(line)
    controller = Controller(tmp_path / "line-a", honest)
    await asyncio.sleep(0.1)
    assert await read(line) == (100,)
    await line.close()
    await controller.unplug()


async def test_a_port_that_vanishes_takes_the_bus_down_and_comes_back(tmp_path: Path) -> None:
    async with line_to(tmp_path, honest) as (line, controller):
        assert await read(line) == (100,)
        await controller.unplug()
        with pytest.raises(BusDown):
            await read(line)
        controller.plug_in()
        await asyncio.sleep(0.6)
        assert await read(line, at=200) == (200,)


async def test_a_port_belongs_to_one_program(tmp_path: Path) -> None:
    async with line_to(tmp_path, honest) as (line, _):
        await read(line)
        with pytest.raises(BusDown, match=r"cannot be opened: another program uses it$"):
            await open_serial(str(tmp_path / "line-a"), EKC)


async def test_what_is_no_port_is_told_in_one_breath(tmp_path: Path) -> None:
    for place, why in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file or directory")):
        with pytest.raises(BusDown, match=f"^{place} cannot be opened: {why}$"):
            await open_serial(str(place), EKC)
    (tmp_path / "file").write_text("no port")
    with pytest.raises(BusDown, match="file cannot be opened: "):
        await open_serial(str(tmp_path / "file"), EKC)
