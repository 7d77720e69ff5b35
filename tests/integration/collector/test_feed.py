"""The feed: whoever comes back is told all that was missed, in order; everybody hears of the new at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from collector.api import feed_tail
from collector.api.feed_tail import FeedTail
from collector.domain.events import summarise
from collector.store import tickets
from collector.store.feed import append
from tests.integration.collector.bench import Bench
from tests.integration.collector.visitor import break_freezer

NOW = "2026-07-15T02:00:00Z"


@asynccontextmanager
async def running(bench: Bench, heartbeat: float = 60.0) -> AsyncIterator[FeedTail]:
    tail = FeedTail(bench.database, lambda: NOW, heartbeat)
    following = asyncio.create_task(tail.run())
    await asyncio.sleep(0.05)
    yield tail
    tail.close()
    await following


def change(bench: Bench, times: int = 1) -> None:
    """Writes events for the one ticket of the bench."""
    with bench.database.writing() as connection:
        placed = tickets.find(connection, 1)
        assert placed
        for _ in range(times):
            append(connection, summarise(placed.ticket, placed.store, placed.device))


async def ids(stream: AsyncIterator[bytes], wanted: int) -> list[int]:
    """The ids of the next `wanted` events, in the order in which they came."""
    seen: list[int] = []
    while len(seen) < wanted:
        chunk = (await asyncio.wait_for(anext(stream), 10)).decode()
        seen += [int(line.removeprefix("id: ")) for line in chunk.splitlines() if line.startswith("id: ")]
    return seen


async def test_it_greets_with_the_time_and_a_short_retry(bench: Bench) -> None:
    async with running(bench) as tail:
        greeting = (await anext(tail.follow(None))).decode()
    assert greeting == f'retry: 2000\n\nevent: clock\ndata: {{"now": "{NOW}"}}\n\n'


async def test_it_tells_a_page_that_comes_back_all_that_it_missed(bench: Bench) -> None:
    break_freezer(bench)
    change(bench, 5)
    async with running(bench) as tail:
        assert await ids(tail.follow(0), 6) == [1, 2, 3, 4, 5, 6]
        assert await ids(tail.follow(4), 2) == [5, 6]


async def test_it_goes_from_the_missed_to_the_new_without_a_seam(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_tail, "READ_AT_ONCE", 3)
    break_freezer(bench)
    change(bench, 9)
    async with running(bench) as tail:
        stream = tail.follow(2)
        first = await ids(stream, 4)
        change(bench, 4)
        tail.wake()
        assert first + await ids(stream, 12 - len(first)) == list(range(3, 15))


async def test_it_wakes_every_follower_at_once(bench: Bench) -> None:
    break_freezer(bench)
    async with running(bench) as tail:
        streams = [tail.follow(1) for _ in range(20)]
        waiting = [asyncio.create_task(ids(stream, 1)) for stream in streams]
        await asyncio.sleep(0.05)
        change(bench)
        tail.wake()
        assert await asyncio.wait_for(asyncio.gather(*waiting), 1.0) == [[2]] * 20


async def test_it_finds_new_events_by_itself_when_nobody_wakes_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_tail, "POLL_S", 0.05)
    break_freezer(bench)
    async with running(bench) as tail:
        stream = tail.follow(1)
        await anext(stream)
        change(bench)
        assert await ids(stream, 1) == [2]


async def test_it_serves_the_newest_from_memory_and_older_ones_from_the_database(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_freezer(bench)
    monkeypatch.setattr(feed_tail, "REMEMBERED", 4)
    async with running(bench) as tail:
        change(bench, 10)
        tail.wake()
        await ids(tail.follow(1), 10)
        read: list[int] = []
        monkeypatch.setattr(tail, "_read", spied(tail._read, read))
        assert await ids(tail.follow(8), 3) == [9, 10, 11]
        assert read == []
        assert await ids(tail.follow(3), 8) == [4, 5, 6, 7, 8, 9, 10, 11]
        assert read == [3]


def spied(read: Callable[[int], object], asked: list[int]) -> Callable[[int], object]:
    def reading(after: int) -> object:
        asked.append(after)
        return read(after)

    return reading


async def test_it_tells_everything_to_a_page_of_another_database(bench: Bench) -> None:
    break_freezer(bench)
    async with running(bench) as tail:
        assert await ids(tail.follow(900), 1) == [1]


async def test_it_tells_the_time_at_every_heartbeat(bench: Bench) -> None:
    async with running(bench, heartbeat=0.05) as tail:
        stream = tail.follow(None)
        beats = [await asyncio.wait_for(anext(stream), 5) for _ in range(3)]
    assert all(json.loads(beat.decode().rsplit("data: ", 1)[1]) == {"now": NOW} for beat in beats)


async def test_it_ends_every_stream_when_it_closes(bench: Bench) -> None:
    async with running(bench) as tail:
        stream = tail.follow(None)
        await anext(stream)
        ended = asyncio.create_task(exhaust(stream))
        await asyncio.sleep(0.05)
    await asyncio.wait_for(ended, 1.0)


async def exhaust(stream: AsyncIterator[bytes]) -> None:
    with suppress(StopAsyncIteration):
        while True:
            await anext(stream)


async def test_it_may_be_woken_before_it_runs_and_after_it_has_ended(bench: Bench) -> None:
    tail = FeedTail(bench.database, lambda: NOW)
    tail.wake()
    async with running(bench) as tail:
        pass
    tail.wake()
