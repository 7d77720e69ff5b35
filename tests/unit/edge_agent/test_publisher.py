"""The publisher keeps talking whatever the broker does, and empties the outbox on head office's word alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from edge_agent.broker_link import Heard, Lost, TryLater
from edge_agent.contract.codec import decode_batch, encode_ack
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import ack_topic, batch_topic
from edge_agent.core.delivery import LIVE
from edge_agent.courier import UNSENT_AT_MOST
from edge_agent.publisher import Publisher
from edge_agent.timekeeper import Timekeeper
from tests.unit.edge_agent.bodies import polled
from tests.unit.edge_agent.couriers import FakeQueue, Hours


class FakeLink:
    """One connection; `sent` has the numbers of each message."""

    def __init__(self, bench: Bench, heard: Heard, lost: Lost) -> None:
        self._bench = bench
        self.heard = heard
        self.lost = lost
        self.sent: list[list[int]] = []
        self.unsent = 0
        self.subscribed = ""
        self.closed = False

    async def open(self, topic: str) -> None:
        if self._bench.refuses_connections > 0:
            self._bench.refuses_connections -= 1
            raise TryLater("connection refused")
        self.subscribed = topic

    def publish(self, topic: str, payload: bytes) -> None:
        assert topic == batch_topic("demo-001")
        batch = decode_batch("demo-001", payload)
        self.sent.append([entry.seq for entry in batch.entries])
        if self._bench.answers:
            self.acknowledge(Ack(stream=batch.stream, upto=batch.entries[-1].seq))

    def acknowledge(self, ack: Ack) -> None:
        self.heard(encode_ack(ack))

    async def close(self) -> None:
        self.closed = True


class Bench:
    """A publisher between a fake outbox and fake connections, and the clock that it believes."""

    def __init__(self, entries: int = 0) -> None:
        self.queue = FakeQueue()
        for number in range(entries):
            self.queue.append(polled(number))
        self.links: list[FakeLink] = []
        self.answers = True
        self.refuses_connections = 0
        self.skipped = 0.0
        self.beats = 0
        self.news = asyncio.Event()
        self.publisher = Publisher(
            "demo-001",
            self.queue,
            self._new_link,
            self.news,
            steady=self._steady,
            chance=lambda: 0.0,
            beat=self._beat,
            timekeeper=Timekeeper(Hours().clock(), "boot-1"),
            redial_within=lambda: timedelta(seconds=4),
        )

    @property
    def link(self) -> FakeLink:
        return self.links[-1]

    def wait(self, seconds: float) -> None:
        self.skipped += seconds
        self.news.set()

    def add(self) -> None:
        self.queue.append(polled(self.queue.last_seq))
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.001)

    def _new_link(self, heard: Heard, lost: Lost) -> FakeLink:
        self.links.append(FakeLink(self, heard, lost))
        return self.link

    def _steady(self) -> float:
        return asyncio.get_running_loop().time() + self.skipped

    def _beat(self) -> None:
        self.beats += 1


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[Bench]:
    task = asyncio.create_task(bench.publisher.run())
    try:
        yield bench
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_sends_everything_and_forgets_what_is_confirmed() -> None:
    async with running(Bench(entries=95)) as bench:
        await bench.until(lambda: not bench.queue.rows)
        assert [seq for message in bench.link.sent for seq in message] == list(range(1, 96))
        assert bench.link.subscribed == ack_topic("demo-001")


async def test_it_sends_news_at_once() -> None:
    async with running(Bench()) as bench:
        await bench.until(lambda: bool(bench.links) and bool(bench.link.subscribed))
        bench.add()
        await bench.until(lambda: bench.link.sent == [[1]])


async def test_it_stops_at_a_full_window() -> None:
    bench = Bench(entries=LIVE.rows * LIVE.messages * 2)
    bench.answers = False
    async with running(bench):
        await bench.until(lambda: bool(bench.links) and bench.link.sent == [[1]])
        bench.link.acknowledge(Ack(stream="stream-1", upto=1))
        await bench.until(lambda: len(bench.link.sent) == 1 + LIVE.messages)
        await asyncio.sleep(0.02)
        assert len(bench.link.sent) == 1 + LIVE.messages
        assert len(bench.queue.rows) == LIVE.rows * LIVE.messages * 2 - 1


async def test_it_hands_nothing_to_a_broker_that_takes_nothing() -> None:
    async with running(Bench()) as bench:
        await bench.until(lambda: bool(bench.links) and bool(bench.link.subscribed))
        bench.link.unsent = UNSENT_AT_MOST
        bench.add()
        await asyncio.sleep(0.02)
        assert bench.link.sent == []


async def test_it_sends_again_what_nobody_confirmed() -> None:
    bench = Bench(entries=1)
    bench.answers = False
    async with running(bench):
        await bench.until(lambda: bool(bench.links) and bench.link.sent == [[1]])
        bench.answers = True
        bench.wait(LIVE.resend_after_s)
        await bench.until(lambda: not bench.queue.rows)
        assert bench.link.sent == [[1], [1]]


async def test_it_ignores_words_that_are_not_for_it() -> None:
    bench = Bench(entries=1)
    bench.answers = False
    async with running(bench):
        await bench.until(lambda: bool(bench.links) and bench.link.sent == [[1]])
        bench.link.heard(b"no acknowledgement")
        bench.link.acknowledge(Ack(stream="of another file", upto=1))
        bench.link.acknowledge(Ack(stream="stream-1", upto=1))
        await bench.until(lambda: not bench.queue.rows)
        assert bench.queue.confirmed == [Ack(stream="stream-1", upto=1)]


async def test_it_sends_the_unconfirmed_on_the_next_connection() -> None:
    bench = Bench(entries=1)
    bench.answers = False
    bench.publisher._pause = _no_pause  # type: ignore[method-assign]
    async with running(bench):
        await bench.until(lambda: bool(bench.links) and bench.link.sent == [[1]])
        bench.answers = True
        bench.link.lost(TryLater("gone"))
        await bench.until(lambda: bench.links[0].closed)
        await bench.until(lambda: not bench.queue.rows)
        assert [link.sent for link in bench.links] == [[[1]], [[1]]]


async def test_it_does_not_hurry_to_a_broker_that_drops_it_each_time() -> None:
    bench = Bench()
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    bench.publisher._pause = pause  # type: ignore[method-assign]
    bench.publisher._chance = lambda: 0.0
    async with running(bench):
        for number in range(1, 5):
            await bench.until(lambda number=number: len(bench.links) == number and bench.publisher.connected)  # type: ignore[misc]
            bench.link.lost(TryLater("another gateway has our id"))
        await bench.until(lambda: len(bench.links) == 5)
    assert pauses == [1.0, 2.0, 2.0, 2.0]


async def test_it_never_gives_up_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench(entries=1)
    bench.refuses_connections = 3
    bench.publisher._pause = _no_pause  # type: ignore[method-assign]
    async with running(bench):
        await bench.until(lambda: not bench.queue.rows)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert len(bench.links) == 4
    assert all(link.closed for link in bench.links)


async def test_it_tries_again_when_the_disk_refuses() -> None:
    bench = Bench(entries=1)
    bench.queue.refusals = 1
    async with running(bench):
        await bench.until(lambda: bool(bench.links) and bench.queue.refusals == 0)
        bench.news.set()
        await bench.until(lambda: not bench.queue.rows)
        assert len(bench.links) == 1


async def test_it_begins_again_when_the_outbox_has_a_new_stream() -> None:
    bench = Bench(entries=3)
    bench.answers = False
    async with running(bench):
        await bench.until(lambda: bool(bench.links) and bench.link.sent == [[1]])
        bench.queue.stream = "stream-2"
        bench.answers = True
        bench.wait(LIVE.resend_after_s)
        await bench.until(lambda: not bench.queue.rows)
        assert bench.link.sent == [[1], [1], [2, 3]]


async def test_it_finishes_when_all_is_confirmed() -> None:
    bench = Bench(entries=95)
    task = asyncio.create_task(bench.publisher.run())
    await bench.until(lambda: bool(bench.links) and bool(bench.link.subscribed))
    bench.publisher.finish()
    await asyncio.wait_for(task, 2)
    assert not bench.queue.rows
    assert bench.link.closed


async def test_it_finishes_at_once_without_a_broker() -> None:
    bench = Bench(entries=1)
    bench.refuses_connections = 10**6
    task = asyncio.create_task(bench.publisher.run())
    await bench.until(lambda: bool(bench.links) and bench.links[0].closed)
    bench.publisher.finish()
    await asyncio.wait_for(task, 2)
    assert bench.beats > 0


async def _no_pause(seconds: float) -> None:
    await asyncio.sleep(0)


async def test_another_broker_is_dialled_at_once_and_gets_what_is_not_confirmed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(entries=10)
    bench.answers = False
    async with running(bench):
        await bench.until(lambda: bool(bench.links and bench.link.sent))
        bench.answers = True
        bench.publisher.redial()
        await bench.until(lambda: not bench.queue.rows)
    assert [link.closed for link in bench.links] == [True, True]
    assert "trying again" not in caplog.text


async def test_a_mended_password_is_not_kept_waiting() -> None:
    bench = Bench(entries=1)
    bench.refuses_connections = 12
    async with running(bench):
        while bench.refuses_connections:
            bench.publisher.redial()
            await asyncio.sleep(0.001)
        await bench.until(lambda: not bench.queue.rows)


async def test_a_way_that_changes_while_it_dials_is_left_when_it_answers() -> None:
    bench = Bench()
    async with running(bench):
        await bench.until(lambda: bool(bench.links))
        bench.publisher.redial()
        bench.publisher.redial()
        await bench.until(lambda: len(bench.links) == 2)
        await asyncio.sleep(0.05)
    assert len(bench.links) == 2
