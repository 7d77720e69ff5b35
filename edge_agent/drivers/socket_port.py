"""A serial line behind a serial server or DTU: RTU frames over a TCP connection, as a port like any other."""

from __future__ import annotations

import asyncio
from typing import cast

from edge_agent.drivers.arrivals import Arrivals
from edge_agent.drivers.base import BusDown

CONNECT_WITHIN = 3.0
"""Seconds (wall)."""

FORWARDING = 0.3
"""Seconds (wall) that network and packing may add to an answer: serial servers collect bytes before they send them."""


class SocketPort(Arrivals, asyncio.Protocol):
    """An open connection. `open_socket` makes one."""

    def __init__(self, place: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(place, loop, heard_at=loop.time())  # who spoke last is not known: the line gets its silence
        self._transport: asyncio.Transport | None = None

    def send(self, frame: bytes) -> None:
        self._raise_if_gone()
        if self._transport is not None:
            self._transport.write(frame)

    def close(self) -> None:
        if self._transport is not None:
            # An orderly close waits for a peer that may never read again.
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none of asyncio's

    def data_received(self, data: bytes) -> None:
        self._note(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(str(exc) if exc else "the connection was closed")


async def open_socket(host: str, port: int) -> SocketPort:
    """Raises BusDown: nobody takes a connection there."""
    place = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_WITHIN):
            _, opened = await loop.create_connection(lambda: SocketPort(place, loop), host, port)
    except (OSError, TimeoutError) as error:
        raise BusDown(f"{place} takes no connection: {error}") from error
    return opened
