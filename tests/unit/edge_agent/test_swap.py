"""The buses of a store are exchanged while it is watched: who stays misses nothing, who goes ends its turn."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.edge_agent.test_schedule import FakePoller, running


async def test_a_bus_that_stays_keeps_its_rhythm() -> None:
    steady, first, second = FakePoller(), FakePoller(), FakePoller()
    async with running(steady, first) as bench:
        await bench.until(lambda: len(steady.turns) >= 3)
        for pollers in ({"line-1": second}, {"line-2": second}, {}):
            await bench.rounds.swap({"line-0": steady, **pollers}, {})
            await asyncio.sleep(0.2)
    apart = [(later - earlier).total_seconds() for earlier, later in zip(steady.turns, steady.turns[1:], strict=False)]
    assert max(apart) < 2 * 60 * 0.05  # an interval is never shorter than 50 ms, and a minute passes each second
    assert len(steady.turns) > 10
    assert steady.closed_after is None


async def test_a_bus_that_goes_is_closed_after_its_turn_and_told_no_more() -> None:
    going, staying = FakePoller(lasts=0.2), FakePoller()
    async with running(going, staying) as bench:
        await bench.until(lambda: bool(going.turns))
        await bench.rounds.swap({"line-1": staying}, {})
        assert (going.ended, going.closed_after, going.cancelled) == (1, 1, False)
        turned = len(staying.turns)
        await bench.until(lambda: len(staying.turns) >= turned + 3)
        await asyncio.wait_for(bench.rounds.all_turned.wait(), 1)
    assert len(going.turns) == 1


async def test_a_new_bus_begins_at_once() -> None:
    old, new = FakePoller(), FakePoller()
    async with running(old) as bench:
        await bench.until(lambda: bool(old.turns))
        await bench.rounds.swap({"line-0": old, "line-1": new}, {})
        await bench.until(lambda: len(new.turns) >= 3 and "line-1" in bench.beats)


async def test_a_new_line_does_not_open_before_the_old_one_is_closed() -> None:
    old, new = FakePoller(lasts=0.2), FakePoller()
    seen: list[int | None] = []
    new.trouble = lambda: seen.append(old.closed_after)
    async with running(old) as bench:
        await bench.until(lambda: bool(old.turns))
        await bench.rounds.swap({"line-1": new}, {})
        await bench.until(lambda: bool(new.turns))
    assert seen[0] == 1


async def test_another_poller_of_a_bus_takes_its_place() -> None:
    old, new = FakePoller(lasts=0.1), FakePoller()
    async with running(old) as bench:
        await bench.until(lambda: bool(old.turns))
        await bench.rounds.swap({"line-0": new}, {})
        await bench.until(lambda: len(new.turns) >= 3)
    assert old.closed_after == old.ended == len(old.turns)
    assert new.closed_after is None


async def test_a_handover_is_between_two_turns_and_waits_for_no_other_bus() -> None:
    slow, quick = FakePoller(lasts=0.3), FakePoller(lasts=0.01)
    handed: dict[str, tuple[int, int, int]] = {}

    def hand(poller: FakePoller, name: str) -> None:
        handed[name] = (len(poller.turns), poller.ended, slow.ended)

    async with running(slow, quick) as bench:
        await bench.until(lambda: bool(slow.turns and quick.turns))
        handovers = {"line-0": lambda: hand(slow, "slow"), "line-1": lambda: hand(quick, "quick")}
        await bench.rounds.swap({"line-0": slow, "line-1": quick}, handovers)
    assert all(begun == ended for begun, ended, _ in handed.values())
    assert handed["quick"][2] == 0
    assert handed["slow"][2] == 1


def fail() -> None:
    raise ValueError("no")


async def test_a_handover_that_fails_hinders_nobody(caplog: pytest.LogCaptureFixture) -> None:
    one, other, new = FakePoller(), FakePoller(), FakePoller()
    handed: list[str] = []
    async with running(one, other) as bench:
        await bench.rounds.swap(
            {"line-0": one, "line-1": other, "line-2": new},
            {"line-0": fail, "line-1": lambda: handed.append("line-1")},
        )
        await bench.until(lambda: bool(one.turns and new.turns))
    assert handed == ["line-1"]
    assert [record.message for record in caplog.records] == [
        "bus cannot take over what is new, restart the agent bus=line-0"
    ]


async def test_the_end_does_not_wait_for_a_swap() -> None:
    stuck, new = FakePoller(lasts=60), FakePoller()
    async with running(stuck) as bench:
        await bench.until(lambda: bool(stuck.turns))
        swapping = asyncio.create_task(bench.rounds.swap({"line-0": new}, {}))
        await asyncio.sleep(0.05)
        swapping.cancel()
        await asyncio.gather(swapping, return_exceptions=True)
    assert stuck.cancelled
    assert not new.turns


async def test_everything_is_closed_at_the_end() -> None:
    one, other = FakePoller(), FakePoller()
    async with running(one) as bench:
        await bench.rounds.swap({"line-0": one, "line-1": other}, {})
    await bench.rounds.close()
    assert None not in {one.closed_after, other.closed_after}
