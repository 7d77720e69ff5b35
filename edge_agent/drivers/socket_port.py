"""A serial line behind a serial server or DTU: RTU frames over a TCP connection, as a port like any other."""

from __future__ import annotations

import asyncio
from typing import cast

from edge_agent.drivers.base import BusDown

CONNECT_WITHIN = 3.0
"""Seconds (wall)."""

FORWARDING = 0.3
"""Seconds (wall) that network and packing may add to an answer: serial servers collect bytes before they send them."""

_MOST_PENDING = 4096


class SocketPort(asyncio.Protocol):
    """An open connection. `open_socket` makes one."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._pending = bytearray()
        self._arrived = asyncio.Event()
        self._gone: str | None = None
        self._heard_at = self._loop.time()  # who spoke last, and when, is not known: the line gets its silence
        self._transport: asyncio.Transport | None = None

    @property
    def heard_at(self) -> float:
        return self._heard_at

    @property
    def gone(self) -> bool:
        return self._gone is not None

    def send(self, frame: bytes) -> None:
        self._raise_if_gone()
        if self._transport is not None:
            self._transport.write(frame)

    def take_input(self) -> bytes:
        self._raise_if_gone()
        taken = bytes(self._pending)
        self._pending.clear()
        return taken

    async def receive(self) -> bytes:
        while not self._pending:
            self._raise_if_gone()
            self._arrived.clear()
            await self._arrived.wait()
        received = bytes(self._pending)
        self._pending.clear()
        return received

    def close(self) -> None:
        if self._transport is not None:
            # An orderly close waits for a peer that may never read again.
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none of asyncio's

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._pending += data
        del self._pending[:-_MOST_PENDING]
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = str(exc) if exc else "the connection was closed"
        self._arrived.set()

    def _raise_if_gone(self) -> None:
        if self._gone is not None:
            raise BusDown(f"{self._place} has gone: {self._gone}")


async def open_socket(host: str, port: int) -> SocketPort:
    """Raises BusDown: nobody takes a connection there."""
    place = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            _, opened = await loop.create_connection(lambda: SocketPort(place), host, port)
    except (OSError, TimeoutError) as error:
        raise BusDown(f"{place} takes no connection: {error}") from error
    return opened
