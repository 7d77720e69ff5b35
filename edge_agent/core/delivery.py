"""What leaves next, and when again: head office is asked first, what is live goes ahead, history fills what is left.

Time is seconds of any clock that only grows. Rows leave the outbox by acknowledgement alone; this state only decides
what is sent, so losing it costs a resend and never an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum

from edge_agent.contract.readings import Ack

RECENT = timedelta(minutes=48)
"""Store time that the live lane begins with: longer than rules about food hold (30 min), as what does not change is
told seldom, so that the first word may be late and the last one old."""

FAR_BEHIND = 2 * RECENT
"""A live lane that is this far behind is parted anew; each parting costs head office a beginning to join later."""

ASK_AFTER = 1
"""Rounds without a word after which head office is asked with single entries: the broker keeps all that was sent for
it. When a thousand stores came back at once and each sent its window again, two thirds of all were repetitions."""

ASK_AGAIN_AFTER_S = 60.0
"""An answer to a question that is older says neither what time it is nor that head office listens now."""

HISTORY_PER_S = 1500.0
"""Entries: a week of the reference store (525,000) in six minutes, less than head office judges beside others."""

REDIAL_FIRST_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a lane is sent: messages on their way at once, what one may hold, and how long its answer may take."""

    messages: int
    rows: int
    bytes: int
    resend_after_s: float
    resend_at_most_s: float


LIVE = Pace(messages=4, rows=200, bytes=64 * 1024, resend_after_s=10.0, resend_at_most_s=30.0)
HISTORY = Pace(messages=4, rows=400, bytes=256 * 1024, resend_after_s=120.0, resend_at_most_s=960.0)
"""A head office that has much to do takes what is live first: its silence about history means little for long."""


ENDLESS = 2**62
"""Behind every number that an outbox gives."""


class Stage(Enum):
    """ASKING until head office speaks, HEARD until the lanes are parted, then FLOWING."""

    ASKING = "asking"
    HEARD = "heard"
    FLOWING = "flowing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """One message on its way: the numbers in it that head office has not confirmed, and when it left."""

    seqs: tuple[int, ...]
    sent_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """`sent_upto` is where the next message begins; `unanswered` counts the rounds since head office last spoke, the
    first of which left at `silent_since`."""

    pace: Pace
    in_flight: tuple[Flight, ...] = ()
    sent_upto: int = 0
    unanswered: int = 0
    silent_since: float | None = None

    @property
    def room(self) -> int:
        """How many more messages may leave now; to a silent head office only one at a time: it may have much to do."""
        return (1 if self.unanswered else self.pace.messages) - len(self.in_flight)

    @property
    def resend_by(self) -> float | None:
        """When the patience with the oldest message ends; None where nothing is on its way."""
        if not self.in_flight:
            return None
        patience = min(self.pace.resend_after_s * 2.0 ** min(self.unanswered, 8), self.pace.resend_at_most_s)
        return min(flight.sent_at for flight in self.in_flight) + patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Entries from `live_from` on are the live lane, older ones history; 0 means that there is no history. Those from
    `present_from` on were recorded since head office was asked, or heard; 0 means that nothing older was waiting.

    The beginning of a stream. A new connection goes on with `again`.
    """

    live: Lane = Lane(pace=LIVE)
    history: Lane = Lane(pace=HISTORY)
    live_from: int = 0
    present_from: int = 0
    stage: Stage = Stage.ASKING
    asked_again: bool = False
    history_not_before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to look for in the outbox: rows `after_seq` < seq < `before_seq`."""

    after_seq: int
    before_seq: int
    rows: int
    bytes: int
    history: bool = False


def again(delivery: Delivery) -> Delivery:
    """A new connection: everything unconfirmed goes again, and the lanes stay for now."""
    return Delivery(
        live_from=delivery.live_from,
        present_from=delivery.present_from,
        history_not_before=delivery.history_not_before,
    )


def begin_present(delivery: Delivery, seq: int) -> Delivery:
    """Head office is asked, or has just been heard: what was recorded before `seq` happened while it did not listen."""
    return replace(delivery, present_from=max(seq, delivery.present_from))


def asks(delivery: Delivery) -> bool:
    """Whether one entry is to leave, of which head office's answer is awaited before all else."""
    return delivery.stage is Stage.ASKING and not delivery.live.in_flight


def prefers_status(delivery: Delivery) -> bool:
    """The newest status is the first to ask with; where it is not answered, head office may choke on just that one."""
    return delivery.live.unanswered % 2 == 0


def orders(delivery: Delivery, now: float) -> tuple[Order, ...]:
    """Where to look, in this order, until something is found: for history only after nothing live was waiting."""
    first = max(delivery.live_from - 1, 0)
    if asks(delivery):
        live = Order(after_seq=first, before_seq=ENDLESS, rows=1, bytes=0)
        return (live, replace(live, after_seq=0)) if first else (live,)
    if delivery.stage is not Stage.FLOWING or delivery.live.room <= 0:
        return ()
    live = _order(replace(delivery.live, sent_upto=max(delivery.live.sent_upto, first)), ENDLESS)
    if not _history_may_leave(delivery) or now < delivery.history_not_before:
        return (live,)
    return live, replace(_order(delivery.history, delivery.live_from), history=True)


def sent(delivery: Delivery, order: Order, seqs: Sequence[int], now: float) -> Delivery:
    """`seqs` are those of one message, in order."""
    flight = Flight(seqs=tuple(seqs), sent_at=now)
    if order.history:
        wait = len(seqs) / HISTORY_PER_S
        history = _with(delivery.history, flight, seqs[-1])
        return replace(delivery, history=history, history_not_before=max(delivery.history_not_before, now) + wait)
    upto = delivery.live.sent_upto if delivery.stage is Stage.ASKING else seqs[-1]
    return replace(delivery, live=_with(delivery.live, flight, upto))


def asked(delivery: Delivery, seq: int, now: float) -> Delivery:
    """The entry `seq` has left alone, ahead of all others."""
    return replace(delivery, live=_with(delivery.live, Flight(seqs=(seq,), sent_at=now), delivery.live.sent_upto))


def found_no_history(delivery: Delivery) -> Delivery:
    """Nothing older than the live lane is waiting: once the last of it is confirmed there are no lanes any more."""
    return delivery if delivery.history.in_flight else replace(delivery, live_from=0, history=Lane(pace=HISTORY))


def acknowledge(delivery: Delivery, ack: Ack, now: float) -> Delivery:
    """`ack` is of our stream. One that names nothing in flight shows that head office listens, but is no answer."""
    since = asked_at(delivery, ack)
    live = replace(_without(delivery.live, ack), unanswered=0, silent_since=None)
    delivery = replace(delivery, live=live, history=_without(delivery.history, ack))
    if delivery.stage is not Stage.ASKING or since is None:
        return delivery
    if now - since > ASK_AGAIN_AFTER_S and not delivery.asked_again:
        return replace(delivery, live=Lane(pace=LIVE), asked_again=True)
    return replace(delivery, stage=Stage.HEARD)


def asked_at(delivery: Delivery, ack: Ack) -> float | None:
    """When the first of what `ack` answers had left: head office has not stored it earlier. None where that is unknown,
    as of an acknowledgement that names nothing on its way."""
    lanes = [lane for lane in (delivery.live, delivery.history) if _without(lane, ack) is not lane]
    moments = [
        flight.sent_at for lane in lanes for flight in lane.in_flight if any(covers(ack, s) for s in flight.seqs)
    ]
    return min([*moments, *(lane.silent_since for lane in lanes if lane.silent_since is not None)], default=None)


def parted(delivery: Delivery, live_from: int) -> Delivery:
    """Head office listens, and the live lane begins at `live_from`; 0 where the backlog needs no lanes."""
    history = delivery.history if live_from == delivery.live_from else Lane(pace=HISTORY)
    live = Lane(pace=LIVE)
    return replace(delivery, stage=Stage.FLOWING, asked_again=False, live=live, history=history, live_from=live_from)


def resend_overdue(delivery: Delivery, now: float) -> Delivery:
    """A lane whose acknowledgement is overdue starts again from its oldest unconfirmed entry."""
    live, history = (_restarted(lane, now) for lane in (delivery.live, delivery.history))
    silent = live.unanswered >= ASK_AFTER
    return replace(delivery, live=live, history=history, stage=Stage.ASKING if silent else delivery.stage)


def wake_by(delivery: Delivery, looked_at: float) -> float | None:
    """When something is to be done though no word and no entry comes, after the orders of `looked_at` were followed."""
    moments = [delivery.live.resend_by, delivery.history.resend_by]
    if looked_at < delivery.history_not_before and _history_may_leave(delivery):
        moments.append(delivery.history_not_before)
    return min((moment for moment in moments if moment is not None), default=None)


def redial_after(failures: int, within: timedelta, chance: float) -> float:
    """Seconds to wait after so many connections in a row that failed or did not last; `chance` is in 0..1.

    A fleet that lost its broker at one moment comes back spread over `within`, and knocks at one that is still away in
    the second half of it; 0 failures means that somebody wants it now.
    """
    if failures == 0:
        return REDIAL_FIRST_S
    longest = max(REDIAL_FIRST_S, within.total_seconds())
    shortest = max(REDIAL_FIRST_S, longest / 2 if failures > 1 else 0.0)
    return shortest + (longest - shortest) * chance


def covers(ack: Ack, seq: int) -> bool:
    return seq <= ack.upto or any(first <= seq <= last for first, last in ack.ranges)


def _history_may_leave(delivery: Delivery) -> bool:
    return delivery.live_from > 0 and delivery.history.room > 0


def _order(lane: Lane, before_seq: int) -> Order:
    return Order(after_seq=lane.sent_upto, before_seq=before_seq, rows=lane.pace.rows, bytes=lane.pace.bytes)


def _with(lane: Lane, flight: Flight, upto: int) -> Lane:
    return replace(lane, in_flight=(*lane.in_flight, flight), sent_upto=upto)


def _without(lane: Lane, ack: Ack) -> Lane:
    """Only a word about its own entries says how long the lane's messages take."""
    cleared = tuple(
        replace(flight, seqs=tuple(seq for seq in flight.seqs if not covers(ack, seq))) for flight in lane.in_flight
    )
    if cleared == lane.in_flight:
        return lane
    in_flight = tuple(flight for flight in cleared if flight.seqs)
    return replace(lane, in_flight=in_flight, unanswered=0, silent_since=None)


def _restarted(lane: Lane, now: float) -> Lane:
    by = lane.resend_by
    if by is None or now < by:
        return lane
    since = min(flight.sent_at for flight in lane.in_flight) if lane.silent_since is None else lane.silent_since
    return Lane(pace=lane.pace, unanswered=lane.unanswered + 1, silent_since=since)
