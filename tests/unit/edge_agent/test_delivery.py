"""What leaves when: head office is asked first, live before history, and again only what was not confirmed."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from edge_agent.contract.readings import Ack
from edge_agent.core import delivery as core
from edge_agent.core.delivery import (
    ASK_AFTER,
    HISTORY,
    HISTORY_PER_S,
    LIVE,
    REDIAL_FIRST_S,
    Delivery,
    Lane,
    Stage,
    again,
    asked,
    asked_at,
    asks,
    found_no_history,
    orders,
    parted,
    prefers_status,
    redial_after,
    resend_overdue,
    sent,
    wake_by,
)
from edge_agent.site.document import BrokerDocument

WEEK = 525_000
WITHIN = BrokerDocument(url="mqtt://office").redial_within


def ack(upto: int, *ranges: tuple[int, int]) -> Ack:
    return Ack(stream="s", upto=upto, ranges=ranges)


def acknowledge(delivery: Delivery, word: Ack, now: float = 0.0) -> Delivery:
    return core.acknowledge(delivery, word, now)


def flowing(live_from: int = 0) -> Delivery:
    return parted(Delivery(), live_from)


def send(delivery: Delivery, *seqs: int, now: float = 0.0, history: bool = False) -> Delivery:
    order = next(order for order in orders(delivery, now) if order.history is history)
    return sent(delivery, order, seqs, now)


def flights(lane: Lane) -> list[tuple[int, ...]]:
    return [flight.seqs for flight in lane.in_flight]


def test_a_connection_begins_with_one_entry_and_waits() -> None:
    delivery = Delivery()
    assert asks(delivery)
    assert [(order.after_seq, order.rows) for order in orders(delivery, 0.0)] == [(0, 1)]
    delivery = asked(delivery, 90, now=0.0)
    assert not asks(delivery)
    assert orders(delivery, 1.0) == ()


def test_a_late_answer_after_a_silence_is_asked_for_once_more() -> None:
    """It may have been under way for hours, and says nothing of the time."""
    delivery = resend_overdue(asked(Delivery(), 90, now=0.0), LIVE.resend_after_s)
    delivery = acknowledge(asked(delivery, 1, now=10.0), ack(1), now=4000.0)
    assert asks(delivery)
    delivery = acknowledge(asked(delivery, 90, now=4000.0), ack(90), now=8000.0)
    assert delivery.stage is Stage.HEARD


def test_a_word_about_something_else_is_no_answer() -> None:
    delivery = acknowledge(asked(Delivery(), 90, now=0.0), ack(89))
    assert delivery.stage is Stage.ASKING
    assert not asks(delivery)


def test_an_answer_of_head_office_ends_the_asking() -> None:
    delivery = acknowledge(asked(Delivery(), 90, now=0.0), ack(0, (90, 90)))
    assert delivery.stage is Stage.HEARD
    assert orders(delivery, 1.0) == ()
    assert parted(delivery, 0).stage is Stage.FLOWING


def test_it_asks_with_another_entry_when_one_is_not_answered() -> None:
    delivery = asked(Delivery(live_from=50), 90, now=0.0)
    assert prefers_status(Delivery())
    delivery = resend_overdue(delivery, LIVE.resend_after_s)
    assert asks(delivery)
    assert not prefers_status(delivery)
    assert [order.after_seq for order in orders(delivery, 10.0)] == [49, 0]


def test_it_sends_a_few_messages_and_waits() -> None:
    delivery = flowing()
    for first in range(LIVE.messages):
        assert delivery.live.room == LIVE.messages - first
        delivery = send(delivery, first * 2 + 1, first * 2 + 2)
    assert orders(delivery, 0.0) == ()
    assert delivery.live.sent_upto == 2 * LIVE.messages


def test_an_ack_makes_room() -> None:
    delivery = send(send(flowing(), 1, 2), 3, 4)
    assert flights(acknowledge(delivery, ack(2)).live) == [(3, 4)]
    assert flights(acknowledge(delivery, ack(0, (3, 4))).live) == [(1, 2)]


def test_a_message_is_on_its_way_until_all_of_it_is_confirmed() -> None:
    assert flights(acknowledge(send(flowing(), 1, 2, 5), ack(1, (5, 9))).live) == [(2,)]


def test_without_lanes_there_is_one_order() -> None:
    assert [order.history for order in orders(flowing(), 0.0)] == [False]


def test_history_is_looked_for_behind_what_is_live() -> None:
    live, history = orders(flowing(live_from=101), 0.0)
    assert (live.after_seq, live.history) == (100, False)
    assert (history.after_seq, history.before_seq, history.history) == (0, 101, True)


def test_history_does_not_leave_while_the_live_window_is_full() -> None:
    delivery = flowing(live_from=101)
    for seq in range(101, 101 + LIVE.messages):
        delivery = send(delivery, seq)
    assert orders(delivery, 0.0) == ()


def test_a_full_window_of_history_leaves_the_live_lane_free() -> None:
    delivery = flowing(live_from=101)
    for seq in range(HISTORY.messages):
        delivery = send(delivery, seq + 1, now=float(seq), history=True)
    assert [order.history for order in orders(delivery, 9.0)] == [False]


def test_history_leaves_at_a_bounded_rate() -> None:
    delivery = send(flowing(live_from=1000), *range(1, 301), history=True)
    pause = 300 / HISTORY_PER_S
    assert len(orders(delivery, pause - 0.01)) == 1
    assert wake_by(delivery, pause - 0.01) == pytest.approx(pause)
    assert len(orders(delivery, pause)) == 2


def test_a_week_drains_within_ten_minutes_when_each_ack_takes_a_second() -> None:
    delivery, now, seq = flowing(live_from=WEEK + 1), 0.0, 0
    pending: list[tuple[float, int]] = []
    while delivery.live_from:
        while pending and pending[0][0] <= now:
            delivery = acknowledge(delivery, ack(heapq.heappop(pending)[1]))
        for order in orders(delivery, now):
            if order.history and seq < WEEK:
                last = min(seq + order.rows, WEEK)
                delivery = sent(delivery, order, range(seq + 1, last + 1), now)
                seq = last
                heapq.heappush(pending, (now + 1.0, last))
            elif order.history:
                delivery = found_no_history(delivery)
        now += 0.05
    assert now < 400


def test_the_lanes_end_when_the_last_of_the_history_is_confirmed() -> None:
    delivery = send(flowing(live_from=101), 100, history=True)
    assert found_no_history(delivery) == delivery
    assert found_no_history(acknowledge(delivery, ack(0, (100, 100)))).live_from == 0


def test_a_live_lane_without_a_word_begins_again_with_its_oldest() -> None:
    delivery = send(send(flowing(), 1), 2, now=4.0)
    assert delivery.live.resend_by == LIVE.resend_after_s
    assert resend_overdue(delivery, LIVE.resend_after_s - 0.1) == delivery
    assert resend_overdue(delivery, LIVE.resend_after_s).live == Lane(pace=LIVE, unanswered=1, silent_since=0.0)


def test_a_busy_head_office_is_not_sent_history_twice() -> None:
    delivery = send(flowing(live_from=101), 1, history=True)
    for second in range(100):
        delivery = resend_overdue(acknowledge(delivery, ack(0, (101, 101 + second))), float(second))
    assert flights(delivery.history) == [(1,)]


def test_lost_history_is_sent_again_less_and_less_often() -> None:
    delivery, now, gaps = flowing(live_from=101), 0.0, []
    for _ in range(6):
        delivery = send(delivery, 1, now=max(now, delivery.history_not_before), history=True)
        by = delivery.history.resend_by or 0.0
        gaps.append(round(by - now))
        now = by
        delivery = resend_overdue(acknowledge(delivery, ack(0)), now)
    assert gaps == [120, 240, 480, 960, 960, 960]
    assert delivery.history.room == 1


def test_an_answer_was_asked_for_when_the_first_of_it_left() -> None:
    delivery = send(send(flowing(), 1, now=1.0), 2, now=4.0)
    assert asked_at(delivery, ack(1)) == 1.0
    assert asked_at(delivery, ack(0, (2, 2))) == 4.0
    assert asked_at(delivery, ack(0, (7, 9))) is None
    again_sent = send(resend_overdue(delivery, LIVE.resend_after_s + 1), 1, now=20.0)
    assert asked_at(again_sent, ack(1)) == 1.0
    assert asked_at(acknowledge(again_sent, ack(0)), ack(1)) == 20.0


def test_nothing_on_its_way_is_never_overdue() -> None:
    assert wake_by(flowing(), 0.0) is None
    assert resend_overdue(flowing(), 1e9) == flowing()


def test_a_head_office_that_falls_silent_is_asked_with_one_entry_now_and_then() -> None:
    delivery, now = flowing(), 0.0
    for _ in range(6):
        delivery = send(delivery, 1, now=now)
        now = delivery.live.resend_by or 0.0
        delivery = resend_overdue(delivery, now)
    assert asks(delivery)
    assert asked(delivery, 1, now).live.resend_by == now + LIVE.resend_at_most_s
    assert delivery.live.unanswered > ASK_AFTER


def test_a_new_connection_keeps_the_lanes_and_asks_again() -> None:
    delivery = again(send(flowing(live_from=101), 1, history=True))
    assert (delivery.live_from, delivery.stage, delivery.history.in_flight) == (101, Stage.ASKING, ())
    assert delivery.history_not_before > 0


def test_parting_anew_at_the_same_place_sends_no_history_twice() -> None:
    delivery = replace(send(flowing(live_from=101), 1, history=True), stage=Stage.HEARD)
    assert flights(parted(delivery, 101).history) == [(1,)]
    assert flights(parted(delivery, 201).history) == []


def test_it_redials_at_once_when_asked_and_spreads_out_otherwise() -> None:
    assert redial_after(0, WITHIN, 1.0) == REDIAL_FIRST_S
    assert redial_after(1, WITHIN, 0.0) == REDIAL_FIRST_S
    assert redial_after(1, WITHIN, 1.0) == redial_after(10**6, WITHIN, 1.0) == WITHIN.total_seconds() == 60
    assert redial_after(2, WITHIN, 0.0) == WITHIN.total_seconds() / 2
    for within in (timedelta(0), timedelta(seconds=1)):
        assert redial_after(5, within, 0.0) == redial_after(1, within, 1.0) == REDIAL_FIRST_S


@pytest.mark.parametrize("away_s", [0.0, 20.0, 600.0, 5000.0])
def test_a_thousand_stores_knock_at_most_fifty_times_a_second(away_s: float) -> None:
    """All lose the broker at one moment; it is away for a while, and refuses each that comes meanwhile."""
    dice = random.Random(19)
    calls = [(redial_after(1, WITHIN, dice.random()), 1) for _ in range(1000)]
    heapq.heapify(calls)
    knocks: Counter[int] = Counter()
    while calls:
        at, failures = heapq.heappop(calls)
        knocks[int(at)] += 1
        if at < away_s:
            heapq.heappush(calls, (at + redial_after(failures + 1, WITHIN, dice.random()), failures + 1))
    assert max(knocks.values()) <= 50
    assert max(knocks) <= away_s + WITHIN.total_seconds()
