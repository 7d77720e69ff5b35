"""The outbox as the event loop sees it: one thread, few commits of all that waits, memory while it refuses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.contract.readings import Ack, Body, Gap, OutboxHealth, Telemetry
from edge_agent.core.delivery import covers
from edge_agent.outbox.gaps import Reason
from edge_agent.outbox.ledger import OutboxCounters
from edge_agent.outbox.pace import LEAST_S, Pace, Urgency
from edge_agent.outbox.queue import Outbox, StorageRefused
from edge_agent.outbox.search import IsSo

log = logging.getLogger(__name__)

REMEMBER_AT_MOST = 10_000
GATHER_AT_MOST = 2000
"""Entries, or acknowledgements, that wait for a commit: one more and it is due."""

HOLD_UP_AT = 2 * GATHER_AT_MOST
"""Entries at which whoever brings more waits for the commit."""

STUCK_AFTER_S = 30.0
"""A commit that takes longer keeps the buses waiting: their signs of life must end with those of the disk."""

CLOSE_ENOUGH_S = 0.001
"""A remainder of time that may be too small to pass."""

RESCUE_AGAIN_S = 5.0

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The next entries to send, and the stream whose numbers they carry."""

    stream: str
    entries: list[tuple[int, bytes]]


class Recorder:
    """Writes what the buses bring. `wake` is called after each commit; `commit_every_s` is seconds of the wall."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        wake: Callable[[], None],
        remember: int = REMEMBER_AT_MOST,
        commit_every_s: float = LEAST_S,
    ) -> None:
        self._outbox = outbox
        self._wake = wake
        self._remember = remember
        self._pace = Pace(every_s=commit_every_s)
        self._urgency = Urgency()
        self._waiting: list[Body] = []
        self._acks: list[Ack] = []
        self._last_seq = 0
        self._forgotten = 0
        self._refused = False
        self._hurried = False
        self._flushing = False
        self._hurry = asyncio.Event()
        self._writing = asyncio.Lock()
        self._writing_since: float | None = None
        self._gathering: asyncio.Task[None] | None = None
        self._rescuing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    @property
    def refused(self) -> bool:
        """Whether the storage refused the last commit."""
        return self._refused

    def commit_every(self, seconds: float) -> None:
        """From the next commit on."""
        self._pace.every_s = seconds

    async def record(self, bodies: Sequence[Body]) -> None:
        """They will be on disk with the next commit, which is soon for what is urgent; a kill -9 before loses them.

        Waits where a commit has been under way for long, or too much is waiting for it.
        """
        self._waiting.extend(bodies)
        urgent = [self._urgency.is_urgent(body) for body in bodies]
        if self._waiting:
            gathering = self._gather(hurry=any(urgent))
            if self._crowded:
                self._hurry.set()
            if len(self._waiting) >= HOLD_UP_AT and not self._refused:
                await asyncio.shield(gathering)
        if self._stuck:
            async with self._writing:
                pass

    async def flush(self) -> None:
        """Returns when all that waited is on disk, or kept in memory because the storage refuses."""
        if self._waiting or self._acks:
            self._flushing = True
            await asyncio.shield(self._gather(hurry=True))
        async with self._writing:
            pass

    async def pending(self, after_seq: int, before_seq: int, limit_bytes: int, limit_rows: int) -> Window:
        """What waits between the two numbers, but for what was confirmed. Raises StorageRefused."""

        def read() -> Window:
            entries = self._outbox.pending(after_seq, limit_bytes, limit_rows, before_seq)
            return Window(stream=self._outbox.stream, entries=entries)

        window = await self._ask(read)
        if any(covers(ack, seq) for ack in self._acks for seq, _ in window.entries):
            await self._confirm_now()
            return await self._ask(read)
        return window

    async def newest_status(self) -> Window:
        """One entry, or none. Raises StorageRefused."""

        def read() -> Window:
            found = self._outbox.newest_status()
            return Window(stream=self._outbox.stream, entries=[found] if found else [])

        return await self._ask(read)

    async def first_where(self, is_so: IsSo) -> int:
        """`is_so` is called on the outbox's thread. Raises StorageRefused."""
        return await self._ask(lambda: self._outbox.first_where(is_so))

    async def confirm(self, ack: Ack) -> None:
        """What it names leaves the disk with the next commit. Raises StorageRefused."""
        self._acks.append(ack)
        if max(ack.upto, *(last for _, last in ack.ranges), 0) > self._last_seq:
            await self._confirm_now()  # the file may be an old copy of itself: it must give no number before it knows
        else:
            self._gather()
            if self._crowded:
                self._hurry.set()

    async def health(self) -> OutboxHealth:
        """Raises StorageRefused."""
        return await self._ask(self._outbox.health)

    async def counters(self) -> OutboxCounters:
        """Raises StorageRefused."""
        return await self._ask(self._outbox.counters)

    async def close(self) -> None:
        await self.flush()
        if self._rescuing:
            self._rescuing.cancel()
            await asyncio.wait({self._rescuing})
        async with self._writing:
            await self._on_thread(self._outbox.close)
        self._thread.shutdown(wait=False)

    @property
    def _crowded(self) -> bool:
        return not self._refused and max(len(self._waiting), len(self._acks)) >= GATHER_AT_MOST

    @property
    def _stuck(self) -> bool:
        since = self._writing_since
        return since is not None and asyncio.get_running_loop().time() - since > STUCK_AFTER_S

    def _gather(self, *, hurry: bool = False) -> asyncio.Task[None]:
        """The commit in which all that waits now will be."""
        if hurry:
            self._hurried = True
            self._hurry.set()
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._commit_in_time())
        return self._gathering

    async def _commit_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._writing:
            while (wait := self._pace.due_at(urgent=self._hurried) - loop.time()) > CLOSE_ENOUGH_S:
                if self._flushing or self._crowded:
                    break
                self._hurry.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for may swallow a cancellation that comes with the hurry
                        await self._hurry.wait()
            self._pace.note_commit(loop.time())
            self._gathering, self._hurried, self._flushing = None, False, False
            self._writing_since = loop.time()
            try:
                await self._commit()
            finally:
                self._writing_since = None

    async def _commit(self) -> None:
        bodies, self._waiting = self._waiting, []
        acks, self._acks = self._acks, []
        forgotten = Gap(from_seq=0, to_seq=0, count=self._forgotten, reason=Reason.STORAGE_REFUSED)
        whole = [forgotten, *bodies] if forgotten.count else bodies
        try:
            self._last_seq = await self._ask(lambda: self._outbox.append(whole, acks))
        except StorageRefused as error:
            self._keep([*bodies, *self._waiting])
            self._note_refusal(error)
            return
        except Exception:
            # Kept, they would keep all that comes after them from the disk as well.
            self._forgotten += len(bodies)
            log.exception("entries cannot be stored and are given up count=%d", len(bodies))
            return
        self._forgotten -= forgotten.count
        self._note_recovery()
        if whole:
            self._wake()

    async def _confirm_now(self) -> None:
        acks, self._acks = self._acks, []
        self._last_seq = await self._ask(lambda: self._outbox.append((), acks))

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

    async def _ask(self, call: Callable[[], ResultT]) -> ResultT:
        try:
            return await self._on_thread(call)
        finally:
            if self._outbox.rescuing and self._rescuing is None:
                self._rescuing = asyncio.create_task(self._rescue())

    async def _rescue(self) -> None:
        """Takes over the rows of a ruined file, a part at a time, so that commits come in between."""
        told = False
        while self._outbox.rescuing:
            try:
                await self._on_thread(self._outbox.rescue_on)
            except Exception as error:  # noqa: BLE001 — nothing leaves before it is done: it is tried for ever
                if not told:
                    log.error("rows of the ruined outbox file cannot be taken over, tried for ever error=%s", error)
                told = True
                await asyncio.sleep(RESCUE_AGAIN_S)
        self._rescuing = None
        log.warning("rows of the ruined outbox file taken over, as far as they could be read")
        self._wake()

    async def _on_thread(self, call: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
