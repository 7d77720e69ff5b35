"""Carries the outbox to head office, over one connection after another, and hears what head office has stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from edge_agent.broker_link import Link
from edge_agent.contract.codec import Undecodable, decode_ack, encode_batch
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import batch_topic, history_topic
from edge_agent.core.delivery import (
    ENDLESS,
    FAR_BEHIND,
    LIVE,
    RECENT,
    Delivery,
    Order,
    Stage,
    acknowledge,
    again,
    asked,
    asked_at,
    asks,
    begin_present,
    found_no_history,
    orders,
    parted,
    prefers_status,
    resend_overdue,
    sent,
    wake_by,
)
from edge_agent.outbox.recorder import Window
from edge_agent.outbox.search import IsSo
from edge_agent.timekeeper import Timekeeper

log = logging.getLogger(__name__)

UNSENT_AT_MOST = 2 * LIVE.messages


class Queue(Protocol):
    """What the courier needs of the outbox; every method may raise StorageRefused."""

    async def pending(self, after_seq: int, before_seq: int, limit_bytes: int, limit_rows: int) -> Window: ...

    async def newest_status(self) -> Window: ...

    async def first_where(self, is_so: IsSo) -> int: ...

    async def confirm(self, ack: Ack) -> object: ...


class Courier:
    """Knows what is on its way. `steady` answers seconds that only grow."""

    def __init__(self, store: str, queue: Queue, timekeeper: Timekeeper, steady: Callable[[], float]) -> None:
        self._store = store
        self._queue = queue
        self._timekeeper = timekeeper
        self._steady = steady
        self._delivery = Delivery()
        self._stream = ""
        self._heard: list[bytes] = []
        self._looked_at = 0.0
        self._puzzled = False

    @property
    def wake_by(self) -> float | None:
        """When there is something to do though nobody speaks."""
        return wake_by(self._delivery, self._looked_at)

    @property
    def live_is_delivered(self) -> bool:
        """Whether head office has confirmed all that was sent live."""
        return not self._delivery.live.in_flight

    def board(self) -> None:
        """A new connection: what was on its way on the last one is sent again."""
        self._heard = []
        self._delivery = again(self._delivery)

    def hear(self, payload: bytes) -> None:
        self._heard.append(payload)

    async def go_round(self, link: Link) -> None:
        """Takes in what was heard and sends what may leave. Raises StorageRefused, TryLater."""
        await self._take_acks()
        self._looked_at = self._steady()
        self._delivery = resend_overdue(self._delivery, self._looked_at)
        if self._delivery.stage is Stage.HEARD:
            await self._begin_present()
            self._delivery = parted(self._delivery, await self._choose_live_from())
        while link.unsent < UNSENT_AT_MOST and await self._send_one(link):
            pass

    async def _take_acks(self) -> None:
        while self._heard:
            try:
                ack = decode_ack(self._heard[0])
            except Undecodable as error:
                self._note_strange_word(error)
            else:
                await self._take_ack(ack)
            self._heard.pop(0)

    async def _take_ack(self, ack: Ack) -> None:
        if ack.stream != self._stream:
            return
        self._timekeeper.hear(ack.at, asked_at(self._delivery, ack))
        self._delivery = acknowledge(self._delivery, ack, self._steady())
        await self._queue.confirm(ack)

    async def _begin_present(self) -> None:
        """With the number behind all that waits: the next one that is recorded, or one that went just before it."""
        self._delivery = begin_present(self._delivery, await self._queue.first_where(lambda _: False))

    async def _choose_live_from(self) -> int:
        """0 where the backlog needs no lanes. What was chosen before stays while its own lane is not far behind."""
        chosen = self._delivery.live_from
        live_from = chosen
        if not chosen or await self._oldest_from(chosen) < await self._first_younger(FAR_BEHIND):
            live_from = await self._first_younger(RECENT)
        return live_from if await self._oldest_from(1) < live_from else 0

    async def _oldest_from(self, seq: int) -> int:
        """The first number from `seq` on that waits."""
        window = await self._find(Order(after_seq=seq - 1, before_seq=ENDLESS, rows=1, bytes=0))
        return window.entries[0][0] if window.entries else ENDLESS

    async def _first_younger(self, than: timedelta) -> int:
        return await self._queue.first_where(lambda body: self._timekeeper.is_younger(body, than))

    async def _send_one(self, link: Link) -> bool:
        """Whether to look for more."""
        if asks(self._delivery):
            await self._begin_present()
            if prefers_status(self._delivery) and await self._ask_with_status(link):
                return True
        self._looked_at = self._steady()
        for order in orders(self._delivery, self._looked_at):
            window = await self._find(order)
            if not self._is_ours(window):
                return True
            if window.entries:
                await self._send(link, order, window.entries)
                return True
            if order.history:
                self._delivery = found_no_history(self._delivery)
        return False

    async def _ask_with_status(self, link: Link) -> bool:
        window = await self._queue.newest_status()
        if not self._is_ours(window):
            return True
        if not window.entries:
            return False
        link.publish(batch_topic(self._store), self._live(window.entries))
        self._delivery = asked(self._delivery, window.entries[0][0], self._steady())
        return True

    async def _send(self, link: Link, order: Order, entries: Sequence[tuple[int, bytes]]) -> None:
        if order.history:
            link.publish(history_topic(self._store), await asyncio.to_thread(self._packed, entries))
        else:
            link.publish(batch_topic(self._store), self._live(entries))
        self._delivery = sent(self._delivery, order, [seq for seq, _ in entries], self._steady())

    async def _find(self, order: Order) -> Window:
        return await self._queue.pending(order.after_seq, order.before_seq, order.bytes, order.rows)

    def _is_ours(self, window: Window) -> bool:
        """Numbers of another stream begin anew: nothing that was sent of the last one counts."""
        if window.stream == self._stream:
            return True
        self._stream, self._delivery = window.stream, Delivery()
        return False

    def _live(self, entries: Sequence[tuple[int, bytes]]) -> bytes:
        return self._framed(entries, compressed=False)

    def _packed(self, entries: Sequence[tuple[int, bytes]]) -> bytes:
        return self._framed(entries, compressed=True)

    def _framed(self, entries: Sequence[tuple[int, bytes]], *, compressed: bool) -> bytes:
        return encode_batch(
            self._stream,
            self._restamped(entries),
            live_from=self._delivery.live_from,
            present_from=self._delivery.present_from,
            compressed=compressed,
        )

    def _restamped(self, entries: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        asking = self._delivery.stage is Stage.ASKING
        return [(seq, self._timekeeper.restamped(body, asking=asking)) for seq, body in entries]

    def _note_strange_word(self, error: Undecodable) -> None:
        if not self._puzzled:
            log.warning("head office says what we do not understand, passed over error=%s", error)
        self._puzzled = True
