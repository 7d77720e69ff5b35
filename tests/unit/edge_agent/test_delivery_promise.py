"""Whatever line, gateway and head office do: every entry is confirmed in the end, and what is live goes first."""

from __future__ import annotations

import asyncio
from contextlib import closing, suppress
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_agent.contract.codec import encode_ack
from edge_agent.contract.readings import Ack, Batch, Entry, Telemetry
from edge_agent.core.delivery import HISTORY, LIVE
from edge_agent.courier import Courier
from edge_agent.outbox.queue import StorageRefused
from edge_agent.timekeeper import Timekeeper
from tests.unit.edge_agent.bodies import status
from tests.unit.edge_agent.couriers import STORE, FakeLine, FakeQueue, Hours, poll_at

picks = st.integers(min_value=0, max_value=10**6)


class WatchedLine(FakeLine):
    """Sees to it, as each message leaves, that no history passes what is live and waiting."""

    def __init__(self, queue: FakeQueue) -> None:
        super().__init__()
        self._queue = queue
        self._gone: set[int] = set()
        self._began_with = set(queue.rows)
        self._present_from = 0

    def publish(self, topic: str, payload: bytes) -> None:
        super().publish(topic, payload)
        leaf, batch = self.sent[-1]
        numbers = {entry.seq for entry in batch.entries}
        assert batch.present_from >= self._present_from
        self._present_from = batch.present_from
        assert not self._began_with or batch.present_from > max(self._began_with)
        if leaf == "history":
            assert max(numbers) < batch.live_from
            assert not [seq for seq in self._queue.rows if seq >= batch.live_from and seq not in self._gone]
            assert len(numbers) <= HISTORY.rows
        else:
            assert len(numbers) == 1 or min(numbers) >= batch.live_from
            assert len(numbers) <= LIVE.rows
            self._gone |= numbers


class Promise(RuleBasedStateMachine):
    """A store's outbox and courier, a line that loses, doubles and reorders, and a head office that stores."""

    @initialize(backlog=st.integers(min_value=0, max_value=300), minutes=st.sampled_from([0.01, 1.0, 10.0]))
    def begin(self, backlog: int, minutes: float) -> None:
        self.loop = asyncio.new_event_loop()
        self.hours = Hours()
        self.queue = FakeQueue()
        self.stored: set[int] = set()
        self.always_right = True
        self.upward: list[Batch] = []
        self.downward: list[bytes] = []
        for _ in range(backlog):
            self.append(1)
            self.hours.now += 60 * minutes
        self.restart_agent()

    @rule(count=st.integers(min_value=1, max_value=20))
    def append(self, count: int) -> None:
        for number in range(count):
            self.queue.append(status() if number % 7 == 6 else poll_at(self.hours))

    @rule()
    def go_round(self) -> None:
        before = len(self.line.sent)
        with suppress(StorageRefused):
            self.loop.run_until_complete(self.courier.go_round(self.line))
        self.upward += [batch for _, batch in self.line.sent[before:]]

    @rule()
    def converse(self) -> None:
        """A few rounds as they should be."""
        for _ in range(3):
            self.go_round()
            while self.upward:
                self.arrive(0, False)
            while self.downward:
                self.hear(0, False)
            self.hours.now += 0.1

    @precondition(lambda self: self.upward)
    @rule(pick=picks, twice=st.booleans())
    def arrive(self, pick: int, twice: bool) -> None:
        pick %= len(self.upward)
        batch = self.upward[pick] if twice else self.upward.pop(pick)
        for entry in batch.entries:
            self.arrive_once(entry)
        self.downward.append(self._receipt(batch))

    def arrive_once(self, entry: Entry) -> None:
        """However late words come: a clock that was always right is never taken for a wrong one, nor the reverse."""
        if entry.seq not in self.stored and isinstance(entry.body, Telemetry):
            off = abs(entry.body.at - self.hours.at(entry.body.mono))
            assert off <= timedelta(minutes=4) or not entry.body.clock_trusted
            assert not (entry.body.repaired and self.always_right)
        self.stored.add(entry.seq)

    @precondition(lambda self: self.downward)
    @rule(pick=picks, twice=st.booleans())
    def hear(self, pick: int, twice: bool) -> None:
        pick %= len(self.downward)
        self.courier.hear(self.downward[pick] if twice else self.downward.pop(pick))

    @rule(up=st.booleans())
    def lose(self, up: bool) -> None:
        """All that is under way."""
        self.append(1)
        self.go_round()
        (self.upward if up else self.downward).clear()

    @rule(seconds=st.sampled_from([0.2, 1.0, 10.0, 130.0, 1800.0, 10_000.0]))
    def wait(self, seconds: float) -> None:
        self.hours.now += seconds

    @rule(count=st.integers(min_value=1, max_value=3))
    def refuse(self, count: int) -> None:
        self.queue.refusals = count

    @rule()
    def reconnect(self) -> None:
        self.line = WatchedLine(self.queue)
        self.courier.board()

    @rule()
    def restart_agent(self) -> None:
        self.line = WatchedLine(self.queue)
        self.courier = Courier(
            STORE, self.queue, Timekeeper(self.hours.clock(), "machine.another"), lambda: self.hours.now
        )

    @rule(wrong_by=st.sampled_from([0.0, -1.7e9, 86_400.0, -86_400.0]))
    def set_clock(self, wrong_by: float) -> None:
        self.hours.wrong_by = wrong_by
        self.always_right = self.always_right and wrong_by == 0.0

    @invariant()
    def nothing_unconfirmed_has_left_the_outbox(self) -> None:
        if hasattr(self, "queue"):
            assert set(range(1, self.queue.last_seq + 1)) - self.stored <= self.queue.rows.keys()

    def teardown(self) -> None:
        """The line is good from now on, and all is confirmed without another reconnection."""
        if hasattr(self, "loop"):
            with closing(self.loop):
                self._be_delivered()
                self.loop.run_until_complete(self.loop.shutdown_default_executor())

    def _be_delivered(self) -> None:
        self.queue.refusals = 0
        for _ in range(1000):
            self.converse()
            if not self.queue.rows:
                break
            self.hours.now += 5.0
        assert not self.queue.rows
        assert self.stored == set(range(1, self.queue.last_seq + 1))

    def _receipt(self, batch: Batch) -> bytes:
        """Of the first run only what one ack says by `upto`; of the rest the numbers of this message."""
        upto = 0
        while upto + 1 in self.stored:
            upto += 1
        beyond = tuple((entry.seq, entry.seq) for entry in batch.entries if entry.seq > upto)
        return encode_ack(Ack(stream=self.queue.stream, upto=upto, ranges=beyond, at=self.hours.true()))


TestPromise = Promise.TestCase
TestPromise.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
