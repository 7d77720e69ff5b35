"""One TCP connection as a Modbus line needs it: bytes are at hand when they come, and waiting for them has an end."""

from __future__ import annotations

import asyncio
from typing import cast

CONNECT_WITHIN = 3.0
"""Seconds (wall)."""

_MOST_PENDING = 4096
"""Bytes that nobody has asked for: whoever sends more than that is no Modbus device."""


class PeerClosed(Exception):
    """The other end has closed the connection; it may well take a new one."""


class TcpConnection(asyncio.Protocol):
    """`received` is what has come and was not taken yet: whoever waits takes from its front. `connected` makes one.

    asyncio's streams would cost more than all else that a poll does: a buffer, a task switch and a timer each time.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[None] | None = None

    def send(self, frame: bytes) -> None:
        """Raises PeerClosed."""
        if self.closed or self._transport is None:
            raise PeerClosed("end of stream")
        self._transport.write(frame)

    async def more(self, by: float) -> None:
        """Returns when bytes have come, or the end, which the next call raises as PeerClosed.

        Raises TimeoutError when nothing came until `by` (loop time).
        """
        if self.closed:
            raise PeerClosed("end of stream")
        self._awaited = self._loop.create_future()
        timer = self._loop.call_at(by, self._give_up)
        try:
            await self._awaited
        finally:
            timer.cancel()
            self._awaited = None

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            # An orderly close waits for a peer that may never read again.
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none of asyncio's

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self._awaited is None and len(self.received) > _MOST_PENDING:
            self.close()
        self._wake()

    def eof_received(self) -> None:
        self.closed = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 — asyncio's shape
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    def _give_up(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(TimeoutError())


async def connected(host: str, port: int) -> TcpConnection:
    """Raises OSError, TimeoutError."""
    async with asyncio.timeout(CONNECT_WITHIN):
        _, connection = await asyncio.get_running_loop().create_connection(TcpConnection, host, port)
        return connection
