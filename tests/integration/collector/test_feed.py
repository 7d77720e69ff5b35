"""The feed: whoever comes back is told all that was missed, in order; everybody hears of the new at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from collector.api import feed_tail
from collector.api.feed import _admitted
from collector.api.feed_tail import FeedTail
from collector.api.office import Office
from collector.domain.events import summarise
from collector.store import accounts, tickets
from collector.store.database import TryLater
from collector.store.feed import append
from tests.integration.collector.bench import Bench
from tests.integration.collector.visitor import Visitor, break_freezer

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


async def test_it_begins_later_where_the_database_cannot_be_read_at_the_start(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody would hear anything until the next restart, and nothing would say so."""
    monkeypatch.setattr(feed_tail, "POLL_S", 0.02)
    break_freezer(bench)
    tail = FeedTail(bench.database, lambda: NOW)
    newest, troubles = tail._newest, [TryLater("disk I/O error"), RuntimeError("a bug")]

    def troubled() -> int:
        if troubles:
            raise troubles.pop()
        return newest()

    monkeypatch.setattr(tail, "_newest", troubled)
    following = asyncio.create_task(tail.run())
    while tail._position == 0:
        await asyncio.sleep(0.01)
    stream = tail.follow(None)
    await anext(stream)
    change(bench)
    assert await ids(stream, 1) == [2]
    tail.close()
    await following


async def test_a_stream_ends_soon_after_its_session(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_tail, "ADMITTED_FOR_S", 0.05)
    admitted = [True, True, False]
    async with running(bench, heartbeat=0.02) as tail:
        stream = tail.follow(None, lambda: admitted.pop(0))
        await asyncio.wait_for(exhaust(stream), 5)
    assert admitted == []


async def test_a_reader_that_takes_nothing_holds_few_events(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_tail, "READ_AT_ONCE", 4)
    break_freezer(bench)
    async with running(bench) as tail:
        change(bench, 10)
        tail.wake()
        while tail._position < 11:
            await asyncio.sleep(0.01)
        told = [await tail._beyond(position) for position in (0, 1, 5, 10)]
    assert [[number for number, _ in some] for some in told] == [[1, 2, 3, 4], [2, 3, 4, 5], [6, 7, 8, 9], [11]]


def test_whoever_logs_out_elsewhere_hears_no_more(office: Office, technician: Visitor) -> None:
    token = technician.cookies["sw_session"]
    assert _admitted(office, token)
    technician.delete("/api/v1/session")
    assert not _admitted(office, token)


def test_a_database_that_is_away_ends_no_stream(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_given: object) -> None:
        raise TryLater("locked")

    monkeypatch.setattr(accounts, "whose_session", away)
    assert _admitted(office, "any")
