"""What has come in over a port and nobody has taken yet, and whether the port is still there."""

from __future__ import annotations

import asyncio

from edge_agent.drivers.base import BusDown

MOST_PENDING = 4096
"""Bytes kept of what nobody asked for; a line that talks all the time must not fill the memory."""


class Arrivals:
    """One half of a port: `place` names it, `heard_at` is the loop's time at which the last byte came."""

    def __init__(self, place: str, loop: asyncio.AbstractEventLoop, heard_at: float) -> None:
        self._place = place
        self._loop = loop
        self._heard_at = heard_at
        self._pending = bytearray()
        self._arrived = asyncio.Event()
        self._gone: str | None = None

    @property
    def heard_at(self) -> float:
        return self._heard_at

    @property
    def gone(self) -> bool:
        return self._gone is not None

    def take_input(self) -> bytes:
        """Raises BusDown when the port has gone."""
        self._raise_if_gone()
        return self._take()

    async def receive(self) -> bytes:
        """Waits for some. Raises BusDown when the port has gone."""
        while not self._pending:
            self._raise_if_gone()
            self._arrived.clear()
            await self._arrived.wait()
        return self._take()

    def _take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken

    def _note(self, received: bytes) -> None:
        self._heard_at = self._loop.time()
        self._pending += received
        del self._pending[:-MOST_PENDING]
        self._arrived.set()

    def _lose(self, reason: str) -> None:
        self._gone = reason
        self._arrived.set()

    def _raise_if_gone(self) -> None:
        if self._gone is not None:
            raise BusDown(f"{self._place} has gone: {self._gone}")
