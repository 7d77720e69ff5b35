"""Two lanes: live first, history never starved, and no more in memory than was allowed."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from collector.inbox import UNPACKED_SIZE, Lane, Message
from collector.lanes import HISTORY_SHARE, WORK_AT_ONCE, Capacity, Lanes

AT_ONCE = 10
LIVE, HISTORY = Lane.LIVE, Lane.HISTORY


def message(lane: Lane, size: int = 100, *, compressed: bool = False, mid: int = 0) -> Message:
    payload = (b"\x78" if compressed else b"{").ljust(size, b" ")
    return Message(topic="", payload=payload, mid=mid, session=1, arrived=0.0, lane=lane)


def fill(lanes: Lanes, *messages: Message) -> None:
    for one in messages:
        assert lanes.put(one, 0)


def taken_lanes(lanes: Lanes) -> list[Lane]:
    return [one.lane for one in lanes.take(AT_ONCE)]


def test_live_goes_before_history_that_came_first() -> None:
    lanes = Lanes()
    fill(lanes, message(HISTORY), message(LIVE), message(HISTORY), message(LIVE))
    assert taken_lanes(lanes) == [LIVE, LIVE, HISTORY, HISTORY]


def test_each_lane_keeps_its_order() -> None:
    lanes = Lanes()
    fill(lanes, *[message(lane, mid=mid) for mid in range(6) for lane in (HISTORY, LIVE)])
    taken = lanes.take(AT_ONCE) + lanes.take(AT_ONCE)
    assert [one.mid for one in taken if one.lane is LIVE] == list(range(6))
    assert [one.mid for one in taken if one.lane is HISTORY] == list(range(6))


def test_history_does_not_wait_for_ever_where_live_never_ends() -> None:
    """It gets its share of the work, neither more nor much less."""
    lanes = Lanes()
    work: Counter[Lane] = Counter()
    fill(lanes, *[message(HISTORY, size=500) for _ in range(900)])
    for _ in range(400):
        while lanes.depth(LIVE) <= AT_ONCE:
            fill(lanes, message(LIVE))
        for one in lanes.take(AT_ONCE):
            work[one.lane] += one.work
    assert work[HISTORY] / work[LIVE] == pytest.approx(HISTORY_SHARE, rel=0.1)


def test_a_turn_holds_up_live_for_no_more_than_a_bounded_piece_of_history() -> None:
    lanes = Lanes()
    fill(lanes, *[message(HISTORY, size=WORK_AT_ONCE // 32, compressed=True) for _ in range(100)])
    assert len(lanes.take(200)) == 4


def test_it_is_full_by_messages() -> None:
    lanes = Lanes({LIVE: Capacity(messages=2)})
    fill(lanes, message(LIVE), message(LIVE))
    assert not lanes.put(message(LIVE), 0)
    assert lanes.put(message(HISTORY), 0)


def test_it_is_full_by_bytes() -> None:
    lanes = Lanes({HISTORY: Capacity(bytes=1_000)})
    fill(lanes, message(HISTORY, 600), message(HISTORY, 400))
    assert not lanes.put(message(HISTORY, 1), 0)
    lanes.take(1)
    assert lanes.bytes(HISTORY) == 400


def test_a_message_larger_than_its_lane_gets_in_alone() -> None:
    lanes = Lanes({LIVE: Capacity(bytes=100)})
    assert lanes.put(message(LIVE, 500), 0)
    assert not lanes.put(message(LIVE, 1), 0)
    assert len(lanes.take(AT_ONCE)) == 1


def test_whoever_waits_for_room_gets_it() -> None:
    lanes = Lanes({LIVE: Capacity(messages=1)})
    fill(lanes, message(LIVE))
    let_in: list[bool] = []
    waiting = threading.Thread(target=lambda: let_in.append(lanes.put(message(LIVE, mid=2), 10)))
    waiting.start()
    lanes.take(1)
    waiting.join(10)
    assert let_in == [True]
    assert [one.mid for one in lanes.take(1)] == [2]


def test_waiting_ends_when_something_comes_on_either_lane() -> None:
    lanes = Lanes()
    assert not lanes.wait(0.01)
    fill(lanes, message(HISTORY))
    assert lanes.wait(0)


@pytest.mark.parametrize(
    "waiting",
    [
        [message(LIVE)] * AT_ONCE,
        [message(LIVE, size=WORK_AT_ONCE)],
        [message(HISTORY, size=WORK_AT_ONCE // UNPACKED_SIZE, compressed=True)],
    ],
)
def test_it_lingers_for_no_more_where_there_is_work_enough(waiting: list[Message]) -> None:
    lanes = Lanes()
    fill(lanes, *waiting)
    lingering = threading.Thread(target=lanes.wait_for_enough, args=(AT_ONCE, 60.0), daemon=True)
    lingering.start()
    lingering.join(10)
    assert not lingering.is_alive()


def test_it_lingers_for_more_where_there_is_little() -> None:
    lanes = Lanes()
    fill(lanes, message(LIVE), message(HISTORY))
    lingering = threading.Thread(target=lanes.wait_for_enough, args=(AT_ONCE, 60.0), daemon=True)
    lingering.start()
    lingering.join(0.1)
    assert lingering.is_alive()
    fill(lanes, *[message(LIVE)] * AT_ONCE)
    lingering.join(10)
    assert not lingering.is_alive()
