"""Bench lines over real ptys and sockets: speed of the line, faults, and a serial server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import serial
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse

from simulators.controllers import Manner
from simulators.line_faults import FaultShare, LineFault, fault_share
from simulators.line_timing import LineTiming
from simulators.modbus_server import Gateway
from simulators.serial_gateway import SerialGateway
from simulators.serial_server import SerialLine
from tests.frames import exception_reply, rtu, tcp, word_reply

ASK = rtu(3, bytes.fromhex("03 0064 0001"))
REPLY = rtu(3, word_reply(3, 100))
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
TCP_ASK, TCP_REPLY = tcp(7, 3, bytes.fromhex("03 0064 0001")), tcp(7, 3, word_reply(3, 100))


class Echoing:
    """Every register holds its own address."""

    def answer(self, request: ModbusPDU) -> ModbusPDU:
        return ReadHoldingRegistersResponse(registers=list(range(request.address, request.address + request.count)))


def manner(*faults: str, turnaround: float = 0.0) -> dict[int, Manner]:
    return {3: Manner(turnaround=turnaround, patience=0.05, faults=tuple(fault_share(one) for one in faults))}


@asynccontextmanager
async def pty(folder: Path, manners: dict[int, Manner], timing: LineTiming | None = None) -> AsyncIterator[int]:
    """The master's end of the line."""
    line = SerialLine({3: Echoing()}, folder / "line", manners=manners, timing=timing)
    await line.start()
    port = os.open(folder / "line", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(port)
    yield port
    os.close(port)
    await line.close()


async def hear(port: int, count: int, within: float = 2.0) -> tuple[bytes, list[float]]:
    """What came, and when each piece came."""
    loop = asyncio.get_running_loop()
    got, times, end = b"", [], loop.time() + within
    while len(got) < count and loop.time() < end:
        with contextlib.suppress(BlockingIOError):
            if piece := os.read(port, 256):
                got += piece
                times.append(loop.time())
        await asyncio.sleep(0.0005)
    return got, times


@asynccontextmanager
async def connected(
    server: Gateway | SerialGateway,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.start())
    yield reader, writer
    writer.close()
    await writer.wait_closed()
    await server.close()


async def test_bytes_take_the_time_of_the_line(tmp_path: Path) -> None:
    timing, loop = LineTiming(baud=1200), asyncio.get_running_loop()
    async with pty(tmp_path, manner(turnaround=0.02), timing) as port:
        began = loop.time()
        os.write(port, ASK)
        got, times = await hear(port, len(REPLY))
    first = timing.heard_after(len(ASK)) + 0.02 + timing.character
    assert got == REPLY
    assert times[0] - began == pytest.approx(first, abs=0.02)
    assert times[-1] - times[0] == pytest.approx(6 * timing.character, abs=0.02)


async def test_who_does_not_wait_for_silence_is_not_heard(tmp_path: Path) -> None:
    async with pty(tmp_path, manner(), LineTiming(baud=1200)) as port:
        os.write(port, ASK)
        assert (await hear(port, len(REPLY)))[0] == REPLY
        os.write(port, ASK)
        assert (await hear(port, 1, within=0.3))[0] == b""
        os.write(port, ASK)
        assert (await hear(port, len(REPLY)))[0] == REPLY


@pytest.mark.parametrize(("baud", "understood"), [(9600, True), (19200, False)])
async def test_a_line_of_one_speed_understands_no_other(tmp_path: Path, baud: int, *, understood: bool) -> None:
    line = SerialLine({3: Echoing()}, tmp_path / "line", timing=LineTiming(baud=9600), one_speed=True)
    await line.start()
    with serial.Serial(str(tmp_path / "line"), baud) as port:
        port.write(ASK)
        assert (await hear(port.fileno(), len(REPLY), within=0.3))[0] == (REPLY if understood else b"")
    await line.close()


async def test_a_pty_line_has_faults(tmp_path: Path) -> None:
    async with pty(tmp_path, manner("busy")) as port:
        os.write(port, ASK)
        assert (await hear(port, 5))[0] == rtu(3, exception_reply(3, 6))


async def test_a_late_answer_is_sent_in_the_end(tmp_path: Path) -> None:
    async with pty(tmp_path, manner("delay")) as port:
        os.write(port, ASK)
        assert (await hear(port, 1, within=0.04))[0] == b""
        assert (await hear(port, len(REPLY)))[0] == REPLY


async def test_one_that_babbles_is_heard_unasked(tmp_path: Path) -> None:
    async with pty(tmp_path, manner("babble")) as port:
        assert len((await hear(port, 20))[0]) >= 20


async def test_a_serial_server_carries_frames_of_the_line() -> None:
    async with connected(SerialGateway({3: Echoing()})) as (reader, writer):
        writer.write(ASK)
        assert await reader.readexactly(len(REPLY)) == REPLY


async def test_a_serial_server_keeps_the_time_of_its_line() -> None:
    timing, loop = LineTiming(baud=1200), asyncio.get_running_loop()
    async with connected(SerialGateway({3: Echoing()}, timing=timing)) as (reader, writer):
        began = loop.time()
        writer.write(ASK)
        assert await reader.readexactly(len(REPLY)) == REPLY
        assert loop.time() - began == pytest.approx(timing.heard_after(8) + 7 * timing.character, abs=0.03)


async def test_a_serial_server_may_close_the_connection() -> None:
    async with connected(SerialGateway({3: Echoing()}, manners=manner("closed"))) as (reader, writer):
        writer.write(ASK)
        assert len(await reader.read()) < len(REPLY)


@pytest.mark.parametrize("fault", ["mute", "stale", "silence"])
async def test_a_gateway_speaks_for_the_silent_unless_it_is_mute_itself(fault: str) -> None:
    gateway = Gateway({3: Echoing()}, manners=manner(fault), gives_up_after=0.02)
    async with connected(gateway) as (reader, writer):
        writer.write(TCP_ASK)
        if fault == "mute":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.2)
        else:
            assert await reader.readexactly(9) == tcp(7, 3, exception_reply(3, 11))


async def test_a_stale_gateway_hands_the_late_answer_to_the_next_request() -> None:
    gateway = Gateway({3: Echoing()}, manners=manner("stale"), gives_up_after=0.02)
    async with connected(gateway) as (reader, writer):
        writer.write(TCP_ASK)
        await reader.readexactly(9)
        gateway.controllers.behave(3, Manner())
        writer.write(tcp(8, 3, bytes.fromhex("03 00C8 0001")))
        assert await reader.readexactly(11) == tcp(8, 3, word_reply(3, 100))
        writer.write(tcp(9, 3, bytes.fromhex("03 00C8 0001")))
        assert await reader.readexactly(11) == tcp(9, 3, word_reply(3, 200))


async def test_a_gateway_takes_the_time_of_the_line_behind_it() -> None:
    timing, loop = LineTiming(baud=1200), asyncio.get_running_loop()
    async with connected(Gateway({3: Echoing()}, timing=timing)) as (reader, writer):
        began = loop.time()
        writer.write(TCP_ASK)
        assert await reader.readexactly(len(TCP_REPLY)) == TCP_REPLY
        assert loop.time() - began == pytest.approx(timing.heard_after(8) + 7 * timing.character, abs=0.03)


async def test_the_same_seed_has_the_same_faults(tmp_path: Path) -> None:
    heard = []
    for _ in range(2):
        async with pty(tmp_path, {3: Manner(faults=(FaultShare(faults=(LineFault.CRC,), share=0.5),))}) as port:
            for _ in range(10):
                os.write(port, ASK)
                heard.append((await hear(port, len(REPLY)))[0])
    assert heard[:10] == heard[10:]
    assert REPLY in heard
    assert any(one != REPLY for one in heard)
