"""Two bounded queues of messages: live goes first, history takes what is left and never starves."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from collector.inbox import Lane, Message

MIB = 2**20
WORK_AT_ONCE = MIB // 2
"""Bytes of work of one transaction: what it holds in memory, and how long it keeps others waiting."""
HISTORY_SHARE = 0.02
"""Of the work, where there is always more live than can be taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a lane holds at most. A message that is larger than all of it is let in alone."""

    messages: int = 1_000
    bytes: int = 64 * MIB


@dataclass(slots=True)
class _Queue:
    capacity: Capacity
    messages: deque[Message] = field(default_factory=deque)
    bytes: int = 0
    work: int = 0

    def has_room_for(self, message: Message) -> bool:
        if not self.messages:
            return True
        fits = self.bytes + len(message.payload) <= self.capacity.bytes
        return fits and len(self.messages) < self.capacity.messages

    def put(self, message: Message) -> None:
        self.messages.append(message)
        self.bytes += len(message.payload)
        self.work += message.work

    def take(self, most: int, work: int) -> list[Message]:
        """At least one where there is one and `most` and `work` allow any."""
        taken: list[Message] = []
        while self.messages and len(taken) < most and work > 0:
            message = self.messages.popleft()
            self.bytes -= len(message.payload)
            self.work -= message.work
            work -= message.work
            taken.append(message)
        return taken


class Lanes:
    """`put` is called by the network's threads and waits for room; `take` by the one thread that stores."""

    def __init__(self, capacity: Mapping[Lane, Capacity] | None = None) -> None:
        self._queues = {lane: _Queue((capacity or {}).get(lane, Capacity())) for lane in Lane}
        self._changed = threading.Condition()
        self._credit = 0.0

    def put(self, message: Message, patience: float) -> bool:
        """False where there was no room within `patience` seconds."""
        queue = self._queues[message.lane]
        with self._changed:
            if not self._changed.wait_for(lambda: queue.has_room_for(message), patience):
                return False
            queue.put(message)
            self._changed.notify_all()
        return True

    def wait(self, patience: float) -> bool:
        """Until there is something to take; False where nothing came."""
        with self._changed:
            return self._changed.wait_for(lambda: any(queue.messages for queue in self._queues.values()), patience)

    def wait_for_enough(self, most: int, patience: float) -> None:
        """Until there is work for a whole turn: what comes in a moment shares its commit."""
        live, history = self._queues[Lane.LIVE], self._queues[Lane.HISTORY]

        def enough() -> bool:
            return len(live.messages) >= most or live.work >= WORK_AT_ONCE or history.work >= WORK_AT_ONCE

        with self._changed:
            self._changed.wait_for(enough, patience)

    def take(self, most: int) -> list[Message]:
        """What is there, live first. History gets what live leaves, and at least its share of the work."""
        live, history = self._queues[Lane.LIVE], self._queues[Lane.HISTORY]
        with self._changed:
            taken = live.take(most, WORK_AT_ONCE)
            if not live.messages:
                taken += history.take(most, WORK_AT_ONCE)
            else:
                self._credit = min(self._credit + HISTORY_SHARE * _work(taken), WORK_AT_ONCE)
                past = history.take(most, int(self._credit))
                self._credit -= _work(past)  # below 0 after a large one: it is paid back before the next
                taken += past
            self._changed.notify_all()
        return taken

    def depth(self, lane: Lane) -> int:
        return len(self._queues[lane].messages)

    def bytes(self, lane: Lane) -> int:
        return self._queues[lane].bytes

    def crowded(self, lane: Lane) -> bool:
        """The store of messages at the broker is being drained: what comes now may have been said long ago."""
        queue = self._queues[lane]
        return 2 * len(queue.messages) >= queue.capacity.messages or 2 * queue.bytes >= queue.capacity.bytes


def _work(messages: list[Message]) -> int:
    return sum(message.work for message in messages)
