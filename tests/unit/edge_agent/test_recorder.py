"""The recorder commits seldom and together, at once what is urgent, and remembers what the disk refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from edge_agent.contract.readings import Ack, Body, Gap, Reading, Telemetry
from edge_agent.outbox.queue import HIGHEST, Outbox, StorageRefused
from edge_agent.outbox.recorder import GATHER_AT_MOST, HOLD_UP_AT, Recorder, ResultT
from tests.unit.edge_agent.bodies import entries_of, polled, status
from tests.virtual_time import run_virtually

EVERY_S = 10.0
DAY_S = 86_400


class FussyOutbox(Outbox):
    """Notes how many bodies and acknowledgements each commit had, and refuses them while `full`."""

    full = False

    def __init__(self, path: Path) -> None:
        self.commits: list[tuple[int, int]] = []
        super().__init__(path)

    def append(self, bodies: Sequence[Body], acks: Sequence[Ack] = ()) -> int:
        if self.full:
            raise StorageRefused("disk full")
        self.commits.append((len(bodies), len(acks)))
        return super().append(bodies, acks)


class InlineRecorder(Recorder):
    """Does on the loop what else a thread does: virtual time waits for no thread."""

    async def _on_thread(self, call: Callable[[], ResultT]) -> ResultT:
        return call()


@pytest.fixture
def outbox(tmp_path: Path) -> FussyOutbox:
    return FussyOutbox(tmp_path / "outbox.sqlite")


Play = Callable[[Recorder], Awaitable[None]]


def play(outbox: FussyOutbox, scene: Play, remember: int = 10_000, wake: Callable[[], None] = lambda: None) -> None:
    """The scene, with a recorder whose burst of urgency is still whole."""

    async def run() -> None:
        recorder = InlineRecorder(outbox, wake=wake, remember=remember, commit_every_s=EVERY_S)
        await scene(recorder)
        await recorder.close()

    run_virtually(run)


def alarm(number: int, *, on: bool) -> Telemetry:
    return Telemetry(
        device="freezer-1",
        at=polled(number).at,
        boot="boot-1",
        mono=float(number),
        clock_trusted=True,
        readings=(Reading(point="alarm.high_temp", value=on),),
    )


def test_what_comes_within_an_interval_shares_a_commit(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        for number in range(100):
            await recorder.record([polled(number)])
            await asyncio.sleep(0.2)
        assert 2 <= len(outbox.commits) <= 3
        await recorder.flush()
        assert [entry.body for entry in entries_of(outbox)] == [polled(number) for number in range(100)]

    play(outbox, scene)


def test_the_first_status_and_a_new_inventory_do_not_wait(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(0)])
        await asyncio.sleep(1)
        await recorder.record([status(1)])
        await asyncio.sleep(0.2)
        assert outbox.commits == [(1, 0), (1, 0)]
        await recorder.record([status(2)])
        await asyncio.sleep(1)
        assert len(outbox.commits) == 2

    play(outbox, scene)


def test_an_alarm_contact_that_switches_does_not_wait(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        for number, on in enumerate([False, True, True, False]):
            await recorder.record([alarm(number, on=on)])
            await asyncio.sleep(0.2)
        assert outbox.commits == [(1, 0), (1, 0), (2, 0)]

    play(outbox, scene)


def test_a_day_has_at_most_ten_thousand_commits_even_with_a_contact_that_flutters(outbox: FussyOutbox) -> None:
    outbox.append = lambda bodies, acks=(): outbox.commits.append((len(bodies), len(acks))) or 1  # type: ignore[method-assign, func-returns-value]

    async def scene(recorder: Recorder) -> None:
        for number in range(DAY_S // 4):
            await recorder.record([alarm(number, on=number % 2 == 0)])
            await recorder.confirm(Ack(stream="", upto=0))
            await asyncio.sleep(4)
        assert 8_640 < len(outbox.commits) <= 9_600 + 51

    play(outbox, scene)


def test_confirmations_ride_with_the_next_commit(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(1), polled(2)])
        await recorder.flush()
        for upto in (1, 2):
            await recorder.confirm(Ack(stream=outbox.stream, upto=upto))
        await recorder.record([polled(3)])
        await recorder.flush()
        assert outbox.commits == [(2, 0), (1, 2)]
        assert [entry.seq for entry in entries_of(outbox)] == [3]

    play(outbox, scene)


def test_confirmations_without_anything_new_are_written_an_interval_later(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(1)])
        await recorder.flush()
        await recorder.confirm(Ack(stream=outbox.stream, upto=1))
        await asyncio.sleep(EVERY_S + 0.1)
        assert entries_of(outbox) == ()

    play(outbox, scene)


def test_what_was_confirmed_is_not_given_out_again(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(number) for number in range(4)])
        await recorder.flush()
        await recorder.confirm(Ack(stream=outbox.stream, upto=2))
        window = await recorder.pending(0, HIGHEST, 2**30, 200)
        assert [seq for seq, _ in window.entries] == [3, 4]

    play(outbox, scene)


def test_an_old_copy_gives_no_number_before_it_has_a_new_stream(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(1)])
        await recorder.flush()
        before = outbox.stream
        await recorder.confirm(Ack(stream=before, upto=7))
        assert outbox.stream != before

    play(outbox, scene)


def test_closing_commits_at_once(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(0)])
        await recorder.flush()
        await recorder.record([polled(1)])

    play(outbox, scene)
    assert outbox.commits == [(1, 0), (1, 0)]


def test_who_is_cancelled_takes_nobodys_entries_along(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        leaving = asyncio.create_task(recorder.record([polled(1)]))
        await recorder.record([polled(2)])
        leaving.cancel()
        with suppress(asyncio.CancelledError):
            await leaving
        await recorder.flush()
        assert polled(2) in [entry.body for entry in entries_of(outbox)]

    play(outbox, scene)


def test_a_crowd_is_committed_at_once(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(0)])
        await recorder.flush()
        for number in range(GATHER_AT_MOST):
            await recorder.record([polled(number)])
        await asyncio.sleep(0.01)
        assert outbox.commits == [(1, 0), (GATHER_AT_MOST, 0)]

    play(outbox, scene)


def test_who_brings_more_than_the_disk_takes_is_held_up(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        for _ in range(10):
            await recorder.record([polled(number) for number in range(GATHER_AT_MOST)])
            assert len(recorder._waiting) <= HOLD_UP_AT

    play(outbox, scene)


async def test_a_disk_that_hangs_holds_up_the_buses_so_that_the_watchdog_acts(
    outbox: FussyOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.outbox.recorder.STUCK_AFTER_S", 0.05)
    recorder = Recorder(outbox, wake=lambda: None)
    released = asyncio.Event()
    whole = recorder._on_thread

    async def hang(call: Callable[[], ResultT]) -> ResultT:
        await released.wait()
        return await whole(call)

    monkeypatch.setattr(recorder, "_on_thread", hang)
    await recorder.record([polled(1)])
    await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(recorder.record([polled(2)]), 0.2)
    released.set()
    await recorder.record([polled(3)])
    await recorder.close()


async def test_it_works_on_a_thread_of_its_own(outbox: FussyOutbox) -> None:
    recorder = Recorder(outbox, wake=lambda: None)
    await recorder.record([polled(1)])
    await recorder.flush()
    assert (await recorder.counters()).last_seq == (await recorder.health()).entries == 1
    await recorder.close()


def test_it_wakes_the_publisher_after_each_commit_with_something_new(outbox: FussyOutbox) -> None:
    woken: list[int] = []

    async def scene(recorder: Recorder) -> None:
        await recorder.record([])
        await asyncio.sleep(20)
        assert not woken
        await recorder.record([polled(1)])
        await recorder.flush()
        await recorder.confirm(Ack(stream=outbox.stream, upto=1))
        await asyncio.sleep(20)
        assert woken == [1]

    play(outbox, scene, wake=lambda: woken.append(1))


def test_what_the_disk_refuses_is_stored_later_in_order(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        outbox.full = True
        for body in (status(), polled(1)):
            await recorder.record([body])
            await recorder.flush()
        assert recorder.refused
        outbox.full = False
        await recorder.record([])
        await asyncio.sleep(EVERY_S + 0.1)
        assert [entry.body for entry in entries_of(outbox)] == [status(), polled(1)]
        assert not recorder.refused

    play(outbox, scene)


def test_memory_is_bounded_and_what_it_forgot_is_counted(outbox: FussyOutbox) -> None:
    async def scene(recorder: Recorder) -> None:
        outbox.full = True
        for number in range(20):
            await recorder.record([status() if number == 0 else polled(number)])
            await recorder.flush()
        outbox.full = False
        await recorder.flush()
        forgotten = Gap(from_seq=0, to_seq=0, count=15, reason="storage_refused")
        bodies = [entry.body for entry in entries_of(outbox)]
        assert bodies == [forgotten, status(), *(polled(n) for n in range(16, 20))]

    play(outbox, scene, remember=5)


def test_it_says_once_that_the_disk_refuses(outbox: FussyOutbox, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(recorder: Recorder) -> None:
        outbox.full = True
        for number in range(3):
            await recorder.record([polled(number)])
            await recorder.flush()
        outbox.full = False
        await recorder.flush()
        assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]

    play(outbox, scene)


def test_a_commit_that_is_hurried_in_the_moment_of_its_end_does_not_outlive_it(outbox: FussyOutbox) -> None:
    """Python 3.11's wait_for lost a cancellation that met the end of what it waited for."""

    async def scene(recorder: Recorder) -> None:
        await recorder.record([polled(0)])
        await asyncio.sleep(0.2)
        await recorder.record([polled(1)])
        await asyncio.sleep(0.2)
        gathering = recorder._gathering
        assert gathering is not None
        recorder._hurry.set()
        gathering.cancel()
        await asyncio.wait({gathering}, timeout=EVERY_S / 2)
        assert gathering.cancelled()
        recorder._gathering = None

    play(outbox, scene)


def test_what_can_never_be_stored_takes_nothing_else_along(
    outbox: FussyOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = outbox.append

    def append(bodies: Sequence[Body], acks: Sequence[Ack] = ()) -> int:
        if polled(1) in bodies:
            raise ValueError("no words for that")
        return whole(bodies, acks)

    monkeypatch.setattr(outbox, "append", append)

    async def scene(recorder: Recorder) -> None:
        for bodies in ([polled(0)], [polled(1)], [polled(2)]):
            await recorder.record(bodies)
            await recorder.flush()
        given_up = Gap(from_seq=0, to_seq=0, count=1, reason="storage_refused")
        assert [entry.body for entry in entries_of(outbox)] == [polled(0), given_up, polled(2)]

    play(outbox, scene)
