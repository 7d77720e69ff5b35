"""The newest events of the feed in memory, for everybody who follows it, and the database for whoever comes late."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import takewhile

from starlette.concurrency import run_in_threadpool

from collector.domain.events import FeedEvent
from collector.store import feed
from collector.store.database import Database, TryLater

log = logging.getLogger(__name__)

POLL_S = 2.0
HEARTBEAT_S = 5.0
ADMITTED_FOR_S = 30.0
READ_AT_ONCE = 100
"""Events; what a reader that takes nothing holds in memory."""
REMEMBERED = 2_000

_Encoded = tuple[int, bytes]
"""An event's id, and the event as every follower is told it."""


class FeedTail:
    """One reader of the database for any number of followers. All but `wake` belongs to the event loop's thread."""

    def __init__(self, database: Database, now: Callable[[], str], heartbeat: float = HEARTBEAT_S) -> None:
        self._database = database
        self._now = now
        self._heartbeat = heartbeat
        self._tail: deque[_Encoded] = deque(maxlen=REMEMBERED)
        self._tail_begins = 0
        self._position = 0
        self._bell = asyncio.Event()
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def wake(self) -> None:
        """From any thread: there is something new. The feed finds it by itself too, only later."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended, and with it everybody who listened
                self._loop.call_soon_threadsafe(self._bell.set)

    def close(self) -> None:
        """Ends every stream."""
        self._closed = True
        self._bell.set()
        self._changed.set()

    async def run(self) -> None:
        """Until `close`: reads what is new and tells the followers."""
        self._loop = asyncio.get_running_loop()
        work = self._begin
        while not self._closed:
            try:
                await work()
                work = self._catch_up
            except TryLater:
                pass
            except Exception:  # everybody's page hangs on this loop; the next round may succeed
                log.exception("feed cannot be read")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._bell.wait(), POLL_S)
            self._bell.clear()

    async def follow(self, after: int | None, admitted: Callable[[], bool] = lambda: True) -> AsyncIterator[bytes]:
        """Server-sent events beyond that position (None: from now on), and the time at every heartbeat.

        A position that was never given out comes from another database: then everything is told. `admitted` is asked
        in another thread now and then, and the stream ends where it says no.
        """
        loop = asyncio.get_running_loop()
        position = self._position if after is None else after
        if position > self._position:
            position = 0 if position > await run_in_threadpool(self._newest) else position
        yield b"retry: 2000\n\n" + self._clock_event()
        beat_at, ask_at = loop.time() + self._heartbeat, loop.time() + ADMITTED_FOR_S
        while not self._closed:
            if loop.time() >= ask_at:
                if not await run_in_threadpool(admitted):
                    return
                ask_at = loop.time() + ADMITTED_FOR_S
            changed = self._changed
            if events := await self._beyond(position):
                position = events[-1][0]
                yield b"".join(encoded for _, encoded in events)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), max(0.0, beat_at - loop.time()))
            if loop.time() >= beat_at:
                beat_at += self._heartbeat
                yield self._clock_event()

    async def _beyond(self, position: int) -> list[_Encoded]:
        if position >= self._position:
            return []
        if position >= self._tail_begins:
            newest_first = takewhile(lambda event: event[0] > position, reversed(self._tail))
            return list(newest_first)[: -READ_AT_ONCE - 1 : -1]
        return await run_in_threadpool(self._read, position)

    async def _begin(self) -> None:
        self._position = self._tail_begins = await run_in_threadpool(self._newest)

    async def _catch_up(self) -> None:
        while events := await run_in_threadpool(self._read, self._position):
            for event in events:
                if len(self._tail) == REMEMBERED:
                    self._tail_begins = self._tail[0][0]
                self._tail.append(event)
            self._position = events[-1][0]
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def _read(self, after: int) -> list[_Encoded]:
        with self._database.reading() as connection:
            return [(event.id, _encode(event)) for event in feed.after(connection, after, READ_AT_ONCE)]

    def _newest(self) -> int:
        with self._database.reading() as connection:
            return feed.position(connection)

    def _clock_event(self) -> bytes:
        return f'event: clock\ndata: {{"now": "{self._now()}"}}\n\n'.encode()


def _encode(event: FeedEvent) -> bytes:
    return f"id: {event.id}\nevent: ticket\ndata: {event.data}\n\n".encode()
