"""A port or connection that is opened when it is needed, and left alone for a while when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from edge_agent.drivers.base import BusDown

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
"""Seconds (wall) between two attempts to open."""


class Closable(Protocol):
    def close(self) -> None: ...


ClosableT = TypeVar("ClosableT", bound=Closable)


class Reopening(Generic[ClosableT]):
    """`open_` raises BusDown when there is nothing to open."""

    def __init__(self, open_: Callable[[], Awaitable[ClosableT]], *, longest_pause: float = LONGEST_PAUSE) -> None:
        self._open = open_
        self._longest_pause = longest_pause
        self._current: ClosableT | None = None
        self._pause = FIRST_PAUSE
        self._not_before = float("-inf")

    async def opened(self) -> ClosableT:
        """The open one. Raises BusDown: it cannot be opened, or could not a moment ago."""
        if self._current is None:
            self._current = await self._try_open()
        return self._current

    def drop(self) -> None:
        """Closes it; the next `opened` opens it anew."""
        if self._current is not None:
            self._current.close()
            self._current = None

    async def _try_open(self) -> ClosableT:
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            raise BusDown("it could not be opened a moment ago")
        try:
            opened = await self._open()
        except BusDown:
            self._not_before = loop.time() + self._pause
            self._pause = min(2 * self._pause, self._longest_pause)
            raise
        self._pause = FIRST_PAUSE
        return opened
