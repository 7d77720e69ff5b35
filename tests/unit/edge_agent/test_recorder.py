"""The recorder commits together what waits together, and remembers what the disk refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from edge_agent.contract.readings import Body, Gap
from edge_agent.outbox.queue import Outbox, StorageRefused
from edge_agent.outbox.recorder import COMMIT_EVERY_S, Recorder
from tests.unit.edge_agent.bodies import entries_of, polled, status


class FussyOutbox(Outbox):
    """Counts commits, and refuses them while `full`."""

    full = False
    commits = 0

    def append(self, bodies: Sequence[Body]) -> int:
        if self.full:
            raise StorageRefused("disk full")
        self.commits += 1
        return super().append(bodies)


@pytest.fixture
def outbox(tmp_path: Path) -> FussyOutbox:
    return FussyOutbox(tmp_path / "outbox.sqlite")


@pytest.fixture
async def recorder(outbox: FussyOutbox) -> AsyncIterator[Recorder]:
    made = Recorder(outbox, wake=lambda: None, remember=5)
    yield made
    await made.close()


async def test_buses_that_finish_together_share_a_commit(recorder: Recorder, outbox: FussyOutbox) -> None:
    await asyncio.gather(*(recorder.record([polled(number)]) for number in range(10)))
    assert outbox.commits == 1
    assert [entry.body for entry in entries_of(outbox)] == [polled(number) for number in range(10)]


async def test_what_comes_soon_after_a_commit_waits_for_others_and_for_no_more_than_one_commit(
    recorder: Recorder, outbox: FussyOutbox
) -> None:
    await recorder.record([polled(0)])
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(_record_after(recorder, 0.002 * number, number) for number in range(1, 20)))
    assert outbox.commits == 2
    assert asyncio.get_running_loop().time() - began < 2 * COMMIT_EVERY_S
    assert len(entries_of(outbox)) == 20


async def test_who_is_cancelled_takes_nobody_elses_entries_along(recorder: Recorder, outbox: FussyOutbox) -> None:
    await recorder.record([polled(0)])
    leaving = asyncio.create_task(recorder.record([polled(1)]))
    staying = asyncio.create_task(recorder.record([polled(2)]))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert leaving.cancelled()
    assert len(entries_of(outbox)) == 3


async def test_closing_waits_for_the_commit_that_is_being_gathered(outbox: FussyOutbox) -> None:
    recorder = Recorder(outbox, wake=lambda: None)
    await recorder.record([polled(0)])
    late = asyncio.create_task(recorder.record([polled(1)]))
    await asyncio.sleep(0)
    await recorder.close()
    await late
    assert outbox.commits == 2


async def _record_after(recorder: Recorder, seconds: float, number: int) -> None:
    await asyncio.sleep(seconds)
    await recorder.record([polled(number)])


async def test_it_returns_when_the_entries_are_on_disk(recorder: Recorder) -> None:
    await recorder.record([polled(1)])
    assert (await recorder.counters()).last_seq == 1
    assert len((await recorder.pending(0, 200)).entries) == 1


async def test_it_wakes_the_publisher_after_each_commit(outbox: FussyOutbox) -> None:
    news = asyncio.Event()
    recorder = Recorder(outbox, wake=news.set)
    await recorder.record([])
    assert not news.is_set()
    await recorder.record([polled(1)])
    assert news.is_set()
    await recorder.close()


async def test_what_the_disk_refuses_is_stored_later_in_order(recorder: Recorder, outbox: FussyOutbox) -> None:
    outbox.full = True
    await recorder.record([status()])
    await recorder.record([polled(1)])
    assert recorder.refused
    outbox.full = False
    await recorder.record([])
    assert [entry.body for entry in entries_of(outbox)] == [status(), polled(1)]
    assert not recorder.refused


async def test_memory_is_bounded_and_what_it_forgot_is_counted(recorder: Recorder, outbox: FussyOutbox) -> None:
    outbox.full = True
    await recorder.record([status()])
    for number in range(20):
        await recorder.record([polled(number)])
    outbox.full = False
    await recorder.record([])
    forgotten = Gap(from_seq=0, to_seq=0, count=16, reason="storage_refused")
    assert [entry.body for entry in entries_of(outbox)] == [forgotten, status(), *(polled(n) for n in range(16, 20))]


async def test_it_says_once_that_the_disk_refuses(
    recorder: Recorder, outbox: FussyOutbox, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.full = True
    for number in range(3):
        await recorder.record([polled(number)])
    outbox.full = False
    await recorder.record([])
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
