"""An outbox and a line in memory, for tests of whoever carries one over the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edge_agent.contract.clock import Clock
from edge_agent.contract.codec import decode_batch, encode_body
from edge_agent.contract.readings import Ack, AgentStatus, Batch, Body, Entry, Telemetry
from edge_agent.contract.topics import parse_topic
from edge_agent.core.delivery import covers
from edge_agent.outbox.queue import StorageRefused
from edge_agent.outbox.recorder import Window
from edge_agent.outbox.search import IsSo

STORE = "demo-001"
NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)


class Hours:
    """A clock that the test moves: `now` is seconds since noon and since the machine's boot, `wrong_by` its error."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wrong_by = 0.0

    def true(self) -> datetime:
        return self.at(self.now)

    def at(self, mono: float) -> datetime:
        """The true time when the monotonic clock stood there."""
        return NOON + timedelta(seconds=mono)

    def clock(self) -> Clock:
        return Clock(wall=lambda: NOON.timestamp() + self.now + self.wrong_by, steady=lambda: self.now)


class FakeQueue:
    """An outbox of numbered bodies. `refusals` is how many of the next calls the disk refuses."""

    def __init__(self) -> None:
        self.stream = "stream-1"
        self.rows: dict[int, bytes] = {}
        self.statuses: set[int] = set()
        self.last_seq = 0
        self.confirmed: list[Ack] = []
        self.refusals = 0

    def append(self, body: Body) -> int:
        self.last_seq += 1
        self.rows[self.last_seq] = encode_body(body)
        if isinstance(body, AgentStatus):
            self.statuses.add(self.last_seq)
        return self.last_seq

    async def pending(self, after_seq: int, before_seq: int, limit_bytes: int, limit_rows: int) -> Window:
        self._refuse()
        rows = sorted(item for item in self.rows.items() if after_seq < item[0] < before_seq)[:limit_rows]
        while len(rows) > 1 and sum(len(body) for _, body in rows) > limit_bytes:
            rows.pop()
        return Window(stream=self.stream, entries=rows)

    async def newest_status(self) -> Window:
        self._refuse()
        waiting = self.statuses & self.rows.keys()
        return Window(stream=self.stream, entries=[(max(waiting), self.rows[max(waiting)])] if waiting else [])

    async def first_where(self, is_so: IsSo) -> int:
        self._refuse()
        untrue = [seq for seq, body in self.rows.items() if is_so(body) is False]
        return max(untrue, default=0) + 1

    async def confirm(self, ack: Ack) -> int:
        self._refuse()
        self.confirmed.append(ack)
        before = len(self.rows)
        self.rows = {seq: body for seq, body in self.rows.items() if not covers(ack, seq)}
        return before - len(self.rows)

    def _refuse(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StorageRefused("no")


class FakeLine:
    """A link that keeps what was published, decoded, with the leaf of its topic."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Batch]] = []
        self.unsent = 0

    async def open(self, topic: str) -> None: ...

    def publish(self, topic: str, payload: bytes) -> None:
        named = parse_topic(topic)
        self.sent.append((named.leaf, decode_batch(named.store, payload)))

    async def close(self) -> None: ...

    def numbers(self) -> list[tuple[str, list[int]]]:
        return [(leaf, [entry.seq for entry in batch.entries]) for leaf, batch in self.sent]

    def entries(self) -> list[Entry]:
        return [entry for _, batch in self.sent for entry in batch.entries]


def poll_at(hours: Hours, boot: str = "machine.run") -> Telemetry:
    """What a poll brings now, stamped by the gateway's own clock."""
    at = hours.clock().now()
    return Telemetry(device="freezer-1", at=at, boot=boot, mono=hours.now, clock_trusted=True, readings=())
