"""Whatever the line does, every entry is sent again until head office has it, and only its word ends that."""

from __future__ import annotations

import random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Ack
from edge_agent.core.delivery import (
    BACK_OFF_FIRST_S,
    BACK_OFF_LAST_S,
    MESSAGES_IN_FLIGHT,
    RESEND_AFTER_S,
    RESEND_AT_MOST_S,
    Delivery,
    acknowledge,
    back_off,
    covers,
    resend_by,
    resend_overdue,
    room,
    row_limit,
    sent,
)

WINDOW = 5
T = TypeVar("T")


def ack(upto: int, *ranges: tuple[int, int]) -> Ack:
    return Ack(stream="s", upto=upto, ranges=ranges)


def test_it_sends_a_few_messages_and_waits() -> None:
    delivery = Delivery()
    for first in range(MESSAGES_IN_FLIGHT):
        assert room(delivery) == MESSAGES_IN_FLIGHT - first
        delivery = sent(delivery, [first * 2 + 1, first * 2 + 2], now=0.0)
    assert room(delivery) == 0
    assert delivery.sent_upto == 2 * MESSAGES_IN_FLIGHT


def test_an_ack_makes_room() -> None:
    delivery = sent(sent(Delivery(), [1, 2], 0.0), [3, 4], 0.0)
    assert [flight.seqs for flight in acknowledge(delivery, ack(2)).in_flight] == [(3, 4)]
    assert [flight.seqs for flight in acknowledge(delivery, ack(0, (3, 4))).in_flight] == [(1, 2)]


def test_a_message_is_on_its_way_until_all_of_it_is_confirmed() -> None:
    delivery = acknowledge(sent(Delivery(), [1, 2, 5], 0.0), ack(1, (5, 9)))
    assert [flight.seqs for flight in delivery.in_flight] == [(2,)]


def test_it_begins_again_with_the_oldest_when_no_word_comes() -> None:
    delivery = sent(sent(Delivery(), [1], 0.0), [2], 4.0)
    assert resend_by(delivery) == RESEND_AFTER_S
    assert resend_overdue(delivery, RESEND_AFTER_S - 0.1) == delivery
    assert resend_overdue(delivery, RESEND_AFTER_S) == Delivery(unanswered=1)


def test_nothing_on_its_way_is_never_overdue() -> None:
    assert resend_by(Delivery()) is None
    assert resend_overdue(Delivery(), 1e9) == Delivery()


def test_a_silent_head_office_is_asked_with_one_entry_now_and_then() -> None:
    delivery, now = Delivery(), 0.0
    for _ in range(6):
        delivery = sent(delivery, [1], now)
        now = resend_by(delivery) or 0.0
        delivery = resend_overdue(delivery, now)
    assert (room(delivery), row_limit(delivery, 200)) == (1, 1)
    assert resend_by(sent(delivery, [1], now)) == now + RESEND_AT_MOST_S


def test_one_word_of_head_office_opens_the_window() -> None:
    delivery = acknowledge(sent(Delivery(unanswered=9), [1], 0.0), ack(0))
    assert room(delivery) == MESSAGES_IN_FLIGHT - 1
    assert row_limit(delivery, 200) == 200


@pytest.mark.parametrize(("failures", "longest"), [(1, 2.0), (2, 4.0), (5, 32.0), (6, BACK_OFF_LAST_S), (10**6, 60.0)])
def test_it_backs_off_longer_each_time(failures: int, longest: float) -> None:
    assert back_off(failures, 0.0) == BACK_OFF_FIRST_S
    assert back_off(failures, 1.0) == longest


class Line:
    """An outbox, the publisher's decisions, a line that loses, doubles and reorders, and a head office that stores."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.waiting: list[int] = []
        self.given = 0
        self.delivery = Delivery()
        self.upward: list[tuple[int, ...]] = []
        self.downward: list[Ack] = []
        self.stored: set[int] = set()
        self.now = 0.0

    def append(self) -> None:
        self.given += 1
        self.waiting.append(self.given)

    def publish(self) -> None:
        self.delivery = resend_overdue(self.delivery, self.now)
        while room(self.delivery) > 0:
            limit = row_limit(self.delivery, WINDOW)
            window = [seq for seq in self.waiting if seq > self.delivery.sent_upto][:limit]
            if not window:
                return
            self.upward.append(tuple(window))
            self.delivery = sent(self.delivery, window, self.now)
            assert len(self.delivery.in_flight) <= MESSAGES_IN_FLIGHT

    def arrive(self) -> None:
        if self.upward:
            window: tuple[int, ...] = self._take(self.upward)
            self.stored.update(window)
            self.downward.append(self._receipt())

    def hear(self) -> None:
        if self.downward:
            heard = self._take(self.downward)
            self.delivery = acknowledge(self.delivery, heard)
            self.waiting = [seq for seq in self.waiting if not covers(heard, seq)]
        assert set(range(1, self.given + 1)) - self.stored <= set(self.waiting)

    def lose(self) -> None:
        if self.chance.random() < 0.5:
            self.upward.clear()
        else:
            self.downward.clear()

    def reconnect(self) -> None:
        self.upward.clear()
        self.delivery = Delivery()

    def wait(self) -> None:
        self.now += self.chance.choice([1.0, 10.0])

    def _take(self, queue: list[T]) -> T:
        position = self.chance.randrange(len(queue))
        return queue[position] if self.chance.random() < 0.2 else queue.pop(position)

    def _receipt(self) -> Ack:
        upto = next(seq for seq in range(self.given + 1) if seq + 1 not in self.stored)
        return ack(upto, *((seq, seq) for seq in sorted(self.stored) if seq > upto))


@given(
    st.lists(
        st.sampled_from(["append", "publish", "arrive", "hear", "lose", "reconnect", "wait"]), min_size=20, max_size=200
    ),
    st.integers(),
)
def test_nothing_is_lost_whatever_the_line_does(steps: list[str], seed: int) -> None:
    line = Line(seed)
    for step in steps:
        getattr(line, step)()
    for _ in range(3000):
        if not line.waiting:
            break
        line.publish()
        line.arrive()
        line.hear()
        line.now += 1.0
    assert line.waiting == []
    assert line.stored == set(range(1, line.given + 1))
