"""What the publisher sends next, and when again: a window of messages that head office has not confirmed.

Time is seconds of any clock that only grows. Rows leave the outbox by acknowledgement alone; this state only decides
what is sent, so losing it costs a resend and never an entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge_agent.contract.readings import Ack

MESSAGES_IN_FLIGHT = 4
RESEND_AFTER_S = 10.0
RESEND_AT_MOST_S = 30.0
BACK_OFF_FIRST_S = 1.0
BACK_OFF_LAST_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """One message on its way: the numbers in it that head office has not confirmed, and when it left."""

    seqs: tuple[int, ...]
    sent_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`sent_upto` is where the next message begins; `unanswered` counts the rounds since head office last spoke.

    A new connection begins with `Delivery()`: everything unconfirmed goes again, oldest first.
    """

    in_flight: tuple[Flight, ...] = ()
    sent_upto: int = 0
    unanswered: int = 0


def room(delivery: Delivery) -> int:
    """How many more messages may leave now. To a silent head office only one at a time: its broker keeps them all."""
    return (MESSAGES_IN_FLIGHT if delivery.unanswered < 2 else 1) - len(delivery.in_flight)


def row_limit(delivery: Delivery, window_rows: int) -> int:
    """A head office that stays silent is asked with a single entry, which costs a metered line next to nothing."""
    return window_rows if delivery.unanswered < 2 else 1


def sent(delivery: Delivery, seqs: Sequence[int], now: float) -> Delivery:
    """`seqs` are those of one message, in order."""
    flight = Flight(seqs=tuple(seqs), sent_at=now)
    return replace(delivery, in_flight=(*delivery.in_flight, flight), sent_upto=seqs[-1])


def acknowledge(delivery: Delivery, ack: Ack) -> Delivery:
    """`ack` is of our stream. One that names nothing in flight still shows that head office listens."""
    flights = (_without(flight, ack) for flight in delivery.in_flight)
    return replace(delivery, in_flight=tuple(flight for flight in flights if flight.seqs), unanswered=0)


def resend_by(delivery: Delivery) -> float | None:
    """When the patience with the oldest message ends; None where nothing is on its way."""
    if not delivery.in_flight:
        return None
    patience = min(RESEND_AFTER_S * 2.0 ** min(delivery.unanswered, 8), RESEND_AT_MOST_S)
    return min(flight.sent_at for flight in delivery.in_flight) + patience


def resend_overdue(delivery: Delivery, now: float) -> Delivery:
    """Starts again from the oldest unconfirmed entry where an acknowledgement is overdue."""
    by = resend_by(delivery)
    if by is None or now < by:
        return delivery
    return Delivery(unanswered=delivery.unanswered + 1)


def back_off(failures: int, chance: float) -> float:
    """Seconds to wait after so many failed connections in a row; `chance` is in 0..1 and parts a fleet's gateways."""
    longest = min(BACK_OFF_FIRST_S * 2.0 ** min(failures, 16), BACK_OFF_LAST_S)
    return BACK_OFF_FIRST_S + (longest - BACK_OFF_FIRST_S) * chance


def covers(ack: Ack, seq: int) -> bool:
    return seq <= ack.upto or any(first <= seq <= last for first, last in ack.ranges)


def _without(flight: Flight, ack: Ack) -> Flight:
    return replace(flight, seqs=tuple(seq for seq in flight.seqs if not covers(ack, seq)))
