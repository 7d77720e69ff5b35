"""The outbox as the event loop sees it: one thread, one commit for all that waits, memory while it refuses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.contract.readings import Ack, Body, Gap, OutboxHealth, Telemetry
from edge_agent.outbox.queue import Outbox, OutboxCounters, StorageRefused

log = logging.getLogger(__name__)

REMEMBER_AT_MOST = 10_000
COMMIT_EVERY_S = 0.1
"""Least wall time between two commits: what a hundred buses bring meanwhile shares one fsync and spares the flash."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The next entries to send, and the stream whose numbers they carry."""

    stream: str
    entries: list[tuple[int, bytes]]


class Recorder:
    """Writes what the buses bring. `wake` is called after each commit."""

    def __init__(self, outbox: Outbox, *, wake: Callable[[], None], remember: int = REMEMBER_AT_MOST) -> None:
        self._outbox = outbox
        self._wake = wake
        self._remember = remember
        self._waiting: list[Body] = []
        self._forgotten = 0
        self._refused = False
        self._writing = asyncio.Lock()
        self._gathering: asyncio.Task[None] | None = None
        self._next_commit_at = 0.0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    @property
    def refused(self) -> bool:
        """Whether the storage refused the last commit."""
        return self._refused

    async def record(self, bodies: Sequence[Body]) -> None:
        """Returns when they are on disk, or kept in memory for the next call because the storage refuses."""
        self._waiting.extend(bodies)
        if self._waiting:
            if self._gathering is None:
                self._gathering = asyncio.create_task(self._commit_together())
            await asyncio.shield(self._gathering)  # the others' commit too

    async def pending(self, after_seq: int, limit_rows: int) -> Window:
        """Raises StorageRefused."""

        def read() -> Window:
            entries = self._outbox.pending(after_seq, limit_rows=limit_rows)
            return Window(stream=self._outbox.stream, entries=entries)

        return await self._on_thread(read)

    async def confirm(self, ack: Ack) -> int:
        """Raises StorageRefused."""
        return await self._on_thread(lambda: self._outbox.confirm(ack))

    async def health(self) -> OutboxHealth:
        """Raises StorageRefused."""
        return await self._on_thread(self._outbox.health)

    async def counters(self) -> OutboxCounters:
        """Raises StorageRefused."""
        return await self._on_thread(self._outbox.counters)

    async def close(self) -> None:
        if self._gathering:
            await self._gathering
        async with self._writing:
            await self._on_thread(self._outbox.close)
        self._thread.shutdown(wait=False)

    async def _commit_together(self) -> None:
        """Whoever records until it begins is in it, and waits for no commit but this one."""
        loop = asyncio.get_running_loop()
        async with self._writing:
            if (wait := self._next_commit_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._next_commit_at = loop.time() + COMMIT_EVERY_S
            self._gathering = None
            await self._commit()

    async def _commit(self) -> None:
        bodies, self._waiting = self._waiting, []
        forgotten = Gap(from_seq=0, to_seq=0, count=self._forgotten, reason="storage_refused")
        try:
            await self._on_thread(lambda: self._outbox.append([forgotten, *bodies] if forgotten.count else bodies))
        except StorageRefused as error:
            self._keep([*bodies, *self._waiting])
            self._note_refusal(error)
            return
        self._forgotten -= forgotten.count
        self._note_recovery()
        self._wake()

    def _keep(self, bodies: list[Body]) -> None:
        surplus = len(bodies) - self._remember
        kept: list[Body] = []
        for body in bodies:
            if surplus > 0 and isinstance(body, Telemetry):
                surplus -= 1
                self._forgotten += 1
            else:
                kept.append(body)
        self._waiting = kept

    def _note_refusal(self, error: StorageRefused) -> None:
        if not self._refused:
            log.error("storage refuses, telemetry kept in memory entries_at_most=%d error=%s", self._remember, error)
        self._refused = True

    def _note_recovery(self) -> None:
        if self._refused:
            log.warning("storage accepts again")
        self._refused = False

    async def _on_thread(self, call: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
