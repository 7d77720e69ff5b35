"""The RS-485 line over a real pty pair, byte by byte."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import ModbusPDU

from edge_agent.profiles.load import profile
from simulators.answers import answer
from simulators.plants import case
from simulators.registers import image_of
from simulators.serial_server import SerialLine

# Unit 3, function 3, register 2531, one word: the request of a Danfoss master, CRC 0x0DF7 low byte first.
REQUEST = bytes.fromhex("03 03 09E3 0001")
REPLY = bytes.fromhex("03 03 02 FF38")


def framed(frame: bytes) -> bytes:
    return frame + FramerRTU.compute_CRC(frame).to_bytes(2, "big")


class Freezer:
    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        return answer(request, image_of(profile("danfoss_ekc204a1"), case.said(case.start("freezer")))).pdu


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """The master's end of a line with a freezer as unit 3."""
    line = SerialLine({3: Freezer()}, tmp_path / "line-a")
    await line.start()
    port = os.open(tmp_path / "line-a", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(port)
    yield port
    os.close(port)
    await line.close()


async def hear(port: int, within: float = 0.2) -> bytes:
    await asyncio.sleep(within)
    try:
        return os.read(port, 256)
    except BlockingIOError:
        return b""


async def test_it_answers_with_a_real_frame(port: int) -> None:
    os.write(port, framed(REQUEST))
    assert await hear(port) == framed(REPLY)


async def test_a_frame_may_arrive_in_pieces(port: int) -> None:
    whole = framed(REQUEST)
    os.write(port, whole[:3])
    await asyncio.sleep(0.01)
    os.write(port, whole[3:])
    assert await hear(port) == framed(REPLY)


async def test_a_frame_with_a_wrong_crc_is_not_answered_and_forgotten(port: int) -> None:
    os.write(port, REQUEST + b"\x00\x00")
    assert await hear(port) == b""
    os.write(port, framed(REQUEST))
    assert await hear(port) == framed(REPLY)


async def test_half_a_frame_is_forgotten_after_a_silence(port: int) -> None:
    os.write(port, framed(REQUEST)[:5])
    assert await hear(port) == b""
    os.write(port, framed(REQUEST))
    assert await hear(port) == framed(REPLY)


async def test_nobody_answers_for_another_unit(port: int) -> None:
    os.write(port, framed(b"\x04" + REQUEST[1:]))
    assert await hear(port) == b""


async def test_a_refusal_is_a_frame_too(port: int) -> None:
    os.write(port, framed(bytes.fromhex("03 03 0000 0001")))
    assert await hear(port) == framed(bytes.fromhex("03 83 02"))


async def test_a_master_may_leave_and_come_back(tmp_path: Path) -> None:
    line = SerialLine({3: Freezer()}, tmp_path / "line-a")
    await line.start()
    for _ in range(2):
        port = os.open(tmp_path / "line-a", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        os.write(port, framed(REQUEST))
        assert await hear(port) == framed(REPLY)
        os.close(port)
    await line.close()
    assert not (tmp_path / "line-a").is_symlink()


async def test_one_that_was_never_started_closes_too(tmp_path: Path) -> None:
    await SerialLine({}, tmp_path / "line-a").close()


async def test_it_leaves_a_file_alone_that_is_no_link_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_text("somebody's work", encoding="utf-8")
    line = SerialLine({}, path)
    with pytest.raises(FileExistsError):
        await line.start()
    await line.close()
    assert path.read_text(encoding="utf-8") == "somebody's work"
