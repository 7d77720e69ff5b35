"""Outbox → broker: a loop that never stops, and that lets head office's word alone empty the outbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from edge_agent.broker_link import Heard, Link, Lost, TryLater
from edge_agent.contract.topics import ack_topic
from edge_agent.core.delivery import redial_after
from edge_agent.courier import Courier, Queue
from edge_agent.outbox.queue import StorageRefused
from edge_agent.timekeeper import Timekeeper

log = logging.getLogger(__name__)

BEAT_EVERY_S = 5.0
STORAGE_RETRY_S = 1.0
LASTS_S = 60.0
"""A connection that held for so long was no failure."""


class Publisher:
    """`news` is set by whoever puts something into the outbox.

    `steady` answers seconds that only grow, `chance` a number in 0..1; `beat` is called while the loop is alive. A
    fleet's reconnections are spread over `redial_within`.
    """

    def __init__(  # noqa: PLR0913 — all but the first four by name
        self,
        store: str,
        queue: Queue,
        new_link: Callable[[Heard, Lost], Link],
        news: asyncio.Event,
        *,
        steady: Callable[[], float],
        chance: Callable[[], float],
        beat: Callable[[], None],
        timekeeper: Timekeeper,
        redial_within: Callable[[], timedelta],
    ) -> None:
        self._store = store
        self._courier = Courier(store, queue, timekeeper, steady)
        self._new_link = new_link
        self._steady = steady
        self._chance = chance
        self._beat = beat
        self._redial_within = redial_within
        self._news = news
        self._finishing = False
        self._redialling = False
        self._called = asyncio.Event()
        self._loss: TryLater | None = None
        self._troubled = False
        self.connected = False

    def finish(self) -> None:
        """Lets `run` return as soon as all is confirmed, or the broker is lost."""
        self._finishing = True
        self._called.set()
        self._news.set()

    def redial(self) -> None:
        """The broker is to be reached in another way from now on: what is not confirmed is sent there."""
        self._redialling = True
        self._called.set()
        self._news.set()

    async def run(self) -> None:
        failures = 0
        while not self._finishing:
            began_at = self._steady()
            try:
                await self._converse()
            except TryLater as reason:
                self._note_trouble("broker not reached, trying again for ever", reason)
            except Exception as error:  # noqa: BLE001 — whatever one conversation met, the store must be heard again
                self._note_trouble("publisher met an unexpected error, trying again for ever", error)
            # One that is dropped at once each time, as when two gateways share an id, is no reason to hurry.
            lasted = self._steady() - began_at if self.connected else 0.0
            failures = 0 if self._redialling else 1 if lasted > LASTS_S else failures + 1
            self.connected = False
            await self._pause(redial_after(failures, self._redial_within(), self._chance()))

    async def _converse(self) -> None:
        """One connection, from dialling to its loss."""
        self._loss, self._redialling = None, False
        self._courier.board()
        if not self._finishing:
            self._called.clear()
        link = self._new_link(self._hear, self._lose)
        try:
            await self._while_beating(link.open(ack_topic(self._store)))
            self.connected, self._troubled = True, False
            log.info("broker connected store=%s", self._store)
            await self._serve(link)
        finally:
            await link.close()

    async def _serve(self, link: Link) -> None:
        while self._loss is None and not self._redialling:
            patience = BEAT_EVERY_S
            try:
                await self._courier.go_round(link)
            except StorageRefused:  # the recorder says so, once
                patience = STORAGE_RETRY_S
            if self._finishing and self._courier.live_is_delivered:
                return
            self._beat()
            await self._listen(patience)
        if self._loss is not None:
            raise self._loss

    async def _listen(self, patience: float) -> None:
        by = self._courier.wake_by
        if by is not None:
            patience = min(patience, max(0.0, by - self._steady()))
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):  # wait_for may swallow a cancellation that comes with the news
                await self._news.wait()
        self._news.clear()

    async def _pause(self, seconds: float) -> None:
        until = self._steady() + seconds
        while not self._called.is_set() and (left := until - self._steady()) > 0:
            self._beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, BEAT_EVERY_S)):
                    await self._called.wait()

    async def _while_beating(self, opening: Awaitable[None]) -> None:
        task = asyncio.ensure_future(opening)
        try:
            while not task.done():
                self._beat()
                await asyncio.wait({task}, timeout=BEAT_EVERY_S)
            task.result()
        finally:
            task.cancel()

    def _hear(self, payload: bytes) -> None:
        self._courier.hear(payload)
        self._news.set()

    def _lose(self, reason: TryLater) -> None:
        self._loss = reason
        self._news.set()

    def _note_trouble(self, what: str, error: Exception) -> None:
        if not self._troubled:
            log.warning("%s reason=%s", what, error, exc_info=not isinstance(error, TryLater))
        self._troubled = True
