"""What has been received: intervals against a plain set of numbers."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from collector.domain.receipts import Range, Receipts, acknowledge, receive

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    first = draw(st.integers(1, 60))
    return first, first + draw(st.integers(0, 8))


ARRIVALS = st.lists(st.lists(ranges(), max_size=4), max_size=12)


def numbers(arrivals: list[list[Range]]) -> set[int]:
    return {seq for arrived in arrivals for first, last in arrived for seq in range(first, last + 1)}


def received(arrivals: list[list[Range]]) -> Receipts:
    receipts = Receipts()
    for arrived in arrivals:
        receipts = receive(receipts, arrived)
    return receipts


@given(ARRIVALS)
def test_it_holds_exactly_what_arrived(arrivals: list[list[Range]]) -> None:
    receipts = received(arrivals)
    assert {seq for seq in range(80) if seq in receipts and seq > 0} == numbers(arrivals)


@given(ARRIVALS)
def test_it_keeps_its_form_so_that_equal_sets_are_equal_values(arrivals: list[list[Range]]) -> None:
    receipts = received(arrivals)
    last = receipts.upto
    for first, end in receipts.ranges:
        assert last + 1 < first <= end
        last = end
    assert receipts == received([[span for arrived in reversed(arrivals) for span in arrived]])


@given(ARRIVALS)
def test_it_takes_the_same_again_without_a_change(arrivals: list[list[Range]]) -> None:
    receipts = received(arrivals)
    assert receive(receipts, [span for arrived in arrivals for span in arrived]) == receipts


@given(ARRIVALS, st.lists(st.integers(1, 70)))
def test_it_acknowledges_nothing_that_did_not_arrive_and_all_that_just_did(
    arrivals: list[list[Range]], just: list[int]
) -> None:
    receipts = receive(received(arrivals), [(seq, seq) for seq in just])
    ack = acknowledge("s", receipts, just, NOON)
    told = set(range(1, ack.upto + 1)) | {seq for first, last in ack.ranges for seq in range(first, last + 1)}
    assert set(just) <= told <= numbers(arrivals) | set(just)


def test_it_knows_nothing_at_first() -> None:
    assert 1 not in Receipts()
    assert "1" not in Receipts(upto=5)
    assert acknowledge("s", Receipts(), [], NOON).upto == 0
