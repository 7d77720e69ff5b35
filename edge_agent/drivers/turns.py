"""Who may speak on a line next: whoever is urgent goes ahead, the others in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType


class Turns:
    """One conversation at a time."""

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    def turn(self, *, urgent: bool = False) -> _Turn:
        return _Turn(self, self._urgent if urgent else self._others)

    async def take(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._taken:
            self._taken = True
            return
        called = asyncio.get_running_loop().create_future()
        queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():  # it was called and cancelled in one breath: the turn is the next one's
                self.pass_on()
            raise

    def pass_on(self) -> None:
        for queue in (self._urgent, self._others):
            while queue:
                called = queue.popleft()
                if not called.done():
                    called.set_result(None)
                    return
        self._taken = False


class _Turn:
    """A turn while its block lasts."""

    def __init__(self, turns: Turns, queue: deque[asyncio.Future[None]]) -> None:
        self._turns = turns
        self._queue = queue

    async def __aenter__(self) -> None:
        await self._turns.take(self._queue)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._turns.pass_on()
