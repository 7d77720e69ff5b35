"""One question on a line, and all that is heard after it; only function codes 1 to 4 are ever sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from edge_agent.core.cost import SILENT_CHARACTERS, character
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import SerialFormat
from edge_agent.drivers.base import BusDown
from edge_agent.drivers.modbus import (
    Expected,
    OutOfStep,
    expected_of,
    rtu_answer,
    rtu_frame,
    rtu_frames,
    tcp_answers,
    tcp_frame,
)
from edge_agent.drivers.rtu_line import Port
from edge_agent.drivers.tcp_connection import CONNECT_WITHIN
from edge_agent.tools.heard import Heard, Sound, hear_pdus, hear_rtu

LINGER = 0.03
"""Seconds that we listen on after an answer: a second device of the same unit id is seldom equally quick."""

_SILENCE = 0.006


class Ear(Protocol):
    """Time-outs are seconds of wall time."""

    async def ask(self, unit: int, request: ReadRequest, patience: float, linger: float = LINGER) -> Heard:
        """Listens on for `linger` after an answer. Raises BusDown."""

    def close(self) -> None: ...


class SerialEar:
    """`port` is open and at the speed of `line`."""

    def __init__(self, port: Port, line: SerialFormat) -> None:
        self._port = port
        self._character = character(line.baud)

    async def ask(self, unit: int, request: ReadRequest, patience: float, linger: float = LINGER) -> Heard:
        expected, question = expected_of(unit, request), rtu_frame(unit, request)
        await self._quiet(patience)
        late = {owner for owner, _ in rtu_frames(self._port.take_input())}
        self._port.send(question)
        on_wire = (len(question) + expected.rtu_length) * self._character
        heard = hear_rtu(await self._listen(expected, patience + on_wire, linger), expected, question)
        return replace(heard, strangers=tuple(sorted({*heard.strangers, *late} - {unit})))

    def close(self) -> None:
        self._port.close()

    async def _listen(self, expected: Expected, patience: float, linger: float) -> bytes:
        received = bytearray()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience) as deadline:
                while True:
                    received += await self._port.receive()
                    if rtu_answer(bytes(received), expected) is not None:
                        deadline.reschedule(loop.time() + linger)
        except TimeoutError:
            return bytes(received)

    async def _quiet(self, patience: float) -> None:
        """Waits for a silence, but not longer than `patience`: on a babbling line we listen to the babble."""
        loop = asyncio.get_running_loop()
        silence = max(_SILENCE, SILENT_CHARACTERS * self._character)
        give_up_at = loop.time() + patience
        while (wait := self._port.heard_at + silence - loop.time()) > 0 and loop.time() < give_up_at:
            await asyncio.sleep(wait)


class TcpEar:
    """Reopens the connection where the other end closes it."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._received = bytearray()
        self._transaction = 0

    async def ask(self, unit: int, request: ReadRequest, patience: float, linger: float = 0.0) -> Heard:  # noqa: ARG002
        expected = expected_of(unit, request)
        self._transaction = self._transaction % 0xFFFF + 1
        for _ in range(2):
            try:
                async with asyncio.timeout(patience):
                    return await self._converse(expected, tcp_frame(unit, request, self._transaction))
            except TimeoutError:
                return Heard(sound=Sound.SILENCE)
            except OutOfStep:
                self.close()
                return Heard(sound=Sound.GARBLED)
            except (OSError, EOFError):
                self.close()
        raise BusDown(f"{self._place[0]}:{self._place[1]} closes each connection")

    def close(self) -> None:
        if self._streams:
            self._streams[1].transport.abort()
        self._streams = None
        self._received.clear()

    async def _converse(self, expected: Expected, question: bytes) -> Heard:
        reader, writer = self._streams or await self._connect()
        writer.write(question)
        await writer.drain()
        while True:
            for transaction, unit, pdu in tcp_answers(self._received):
                if transaction == self._transaction and expected.fits(unit, pdu):
                    return hear_pdus([pdu])
            arrived = await reader.read(4096)
            if not arrived:
                raise EOFError
            self._received += arrived

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._place
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                self._streams = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            raise BusDown(f"{host}:{port} takes no connection: {error}") from error
        return self._streams


OpenEar = Callable[[SerialFormat | None], Awaitable[Ear]]
"""Opens the line in a format (None for a network line). Raises BusDown."""
