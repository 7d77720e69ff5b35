"""One Modbus TCP connection: answers are known by their transaction, and a connection that leads nowhere is left."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from edge_agent.core.plan import ReadRequest
from edge_agent.drivers.base import BusDown, NoAnswer
from edge_agent.drivers.modbus import Expected, OutOfStep, expected_of, tcp_answers, tcp_frame, words_in
from edge_agent.drivers.reopening import Reopening

CONNECT_WITHIN = 3.0
"""Seconds (wall)."""

FORWARDING = 1.0
"""Seconds (wall) beyond the device's own that a gateway gets: for its line, and to say that the device is silent. Who
gives up before the gateway does makes the neighbours wait for it."""

_UNANSWERED_BEFORE_REOPENING = 3
_TRANSACTIONS = 0xFFFF


class PeerClosed(Exception):
    """The other end has closed the connection; it may well take a new one."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.received = bytearray()

    async def send(self, frame: bytes) -> None:
        """Raises PeerClosed."""
        try:
            self._writer.write(frame)
            await self._writer.drain()
        except OSError as error:
            raise PeerClosed(str(error)) from error

    async def more(self) -> None:
        """Waits for bytes and adds them to `received`. Raises PeerClosed."""
        try:
            arrived = await self._reader.read(4096)
        except OSError as error:
            raise PeerClosed(str(error)) from error
        if not arrived:
            raise PeerClosed("end of stream")
        self.received += arrived

    def close(self) -> None:
        # An orderly close waits for a peer that may never read again.
        self._writer.transport.abort()


class TcpLine:
    """Units behind one gateway share the connection, so they are asked one after the other."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._connection = Reopening(self._connect)
        self._turn = asyncio.Lock()
        self._transaction = 0
        self._unanswered = 0

    async def read(self, unit: int, request: ReadRequest, answer_within: timedelta, gap: timedelta) -> tuple[int, ...]:
        expected = expected_of(unit, request)
        async with self._turn:
            await asyncio.sleep(gap.total_seconds())
            try:
                pdu = await self._ask_twice_if_closed(unit, request, expected, answer_within)
            except (TimeoutError, OutOfStep) as error:
                self._note_unanswered(out_of_step=isinstance(error, OutOfStep))
                raise NoAnswer(f"unit {unit} did not answer") from error
            self._unanswered = 0
            return words_in(pdu, expected)

    async def close(self) -> None:
        async with self._turn:
            self._connection.drop()

    async def _ask_twice_if_closed(
        self, unit: int, request: ReadRequest, expected: Expected, answer_within: timedelta
    ) -> bytes:
        """Many gateways close a connection that was idle: that is noticed with the next request, and is no failure."""
        try:
            return await self._ask(unit, request, expected, answer_within)
        except PeerClosed:
            self._connection.drop()
        try:
            return await self._ask(unit, request, expected, answer_within)
        except PeerClosed as error:
            self._connection.drop()
            raise BusDown(f"{self._place} closes each connection: {error}") from error

    async def _ask(self, unit: int, request: ReadRequest, expected: Expected, answer_within: timedelta) -> bytes:
        connection = await self._connection.opened()
        self._transaction = self._transaction % _TRANSACTIONS + 1
        async with asyncio.timeout(answer_within.total_seconds() + FORWARDING):
            await connection.send(tcp_frame(unit, request, self._transaction))
            while True:
                for transaction, answering, pdu in tcp_answers(connection.received):
                    if transaction == self._transaction and expected.fits(answering, pdu):
                        return pdu
                await connection.more()

    def _note_unanswered(self, *, out_of_step: bool) -> None:
        self._unanswered += 1
        if out_of_step or self._unanswered >= _UNANSWERED_BEFORE_REOPENING:
            self._unanswered = 0
            self._connection.drop()

    async def _connect(self) -> _Connection:
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                reader, writer = await asyncio.open_connection(*self._place)
        except (OSError, TimeoutError) as error:
            host, port = self._place
            raise BusDown(f"{host}:{port} takes no connection: {error}") from error
        return _Connection(reader, writer)
