"""In which order entries are judged, against a plain list of numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from collector.domain import segments
from collector.domain.receipts import Receipts, receive
from collector.domain.segments import (
    HOLE_LASTS,
    SEGMENTS_AT_MOST,
    WHOLE,
    Course,
    Drop,
    Fork,
    Join,
    Present,
    Run,
    Segment,
    Segments,
    Step,
    advance,
    segment_of,
)

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)
LAST = 40


@dataclass
class Office:
    """Takes entries in, and keeps a list of what it judged, by segment as the segments are joined."""

    segments: Segments = WHOLE
    receipts: Receipts = field(default_factory=Receipts)
    judged: dict[int, list[int]] = field(default_factory=lambda: {1: []})
    now: datetime = NOON

    def hear(self, seqs: list[int], live_from: int = 0, present_from: int | None = None) -> Course:
        self.receipts = receive(self.receipts, [(seq, seq) for seq in seqs])
        course = advance(self.segments, self.receipts, seqs, live_from, self.now, present_from)
        for step in course.steps:
            self._take(step)
        self.segments = course.segments
        return course

    def _take(self, step: Step) -> None:
        match step:
            case Fork():
                self.judged[step.start] = []
            case Run(seqs=(first, last)):
                self.judged[step.start] += range(first, last + 1)
            case Join():
                self.judged[step.earlier] += self.judged.pop(step.later)
            case Drop():
                self.judged.pop(step.start)


MESSAGES = st.lists(
    st.tuples(st.lists(st.integers(1, LAST), min_size=1, max_size=5), st.just(0) | st.integers(1, LAST)), max_size=30
)


@given(MESSAGES, st.permutations(range(1, LAST + 1)))
def test_each_entry_is_judged_once_and_in_order_whatever_the_order_of_arrival(
    messages: list[tuple[list[int], int]], rest: list[int]
) -> None:
    office = Office()
    for seqs, live_from in messages:
        office.hear(seqs, live_from)
        for start, judged in office.judged.items():
            assert judged == list(range(start, start + len(judged)))
        assert [one.start for one in office.segments] == sorted(office.judged)
        assert len(office.segments) <= SEGMENTS_AT_MOST
    for seq in rest:
        office.hear([seq])
    (whole,) = office.segments
    assert office.judged[whole.start] == list(range(whole.start, LAST + 1))


def test_an_entry_waits_for_those_before_it() -> None:
    office = Office()
    office.hear([1, 2, 4, 5])
    assert office.judged == {1: [1, 2]}
    assert office.segments == (Segment(1, 2, held_to=5, held_at=NOON),)
    (run,) = office.hear([3]).steps
    assert run == Run(start=1, seqs=(3, 5), live=True, first=True, waited=True)


def test_an_ordinary_stream_never_asks_what_waits() -> None:
    office = Office()
    runs = [step for seq in range(1, 20) for step in office.hear([seq]).steps]
    assert all(isinstance(run, Run) and not run.waited for run in runs)


def test_live_entries_do_not_wait_and_history_is_joined_with_them() -> None:
    office = Office()
    office.hear([1, 2])
    office.hear([50, 51], live_from=50)
    assert office.judged == {1: [1, 2], 50: [50, 51]}
    office.hear(list(range(3, 49)), live_from=50)
    course = office.hear([49])
    assert course.steps[-1] == Join(earlier=1, later=50, live=True)
    assert course.segments == (Segment(1, 51),)


def test_a_second_outage_before_the_first_has_come_in_is_joined_from_the_lowest() -> None:
    office = Office()
    office.hear([10], live_from=10)
    office.hear([20], live_from=20)
    office.hear(list(range(11, 20)))
    assert [one.start for one in office.segments] == [1, 10, 20]
    course = office.hear(list(range(1, 10)))
    assert course.steps[-2:] == (Join(earlier=1, later=10, live=False), Join(earlier=1, later=20, live=True))


def test_it_does_not_begin_anew_where_it_has_judged_already() -> None:
    office = Office()
    office.hear([1, 2, 3], live_from=2)
    assert office.hear([4], live_from=4).segments == (Segment(1, 4),)


def test_it_judges_around_a_hole_that_is_never_filled() -> None:
    office = Office()
    office.hear([100, 101])
    office.now += HOLE_LASTS
    course = office.hear([102])
    assert office.judged == {1: [], 100: [100, 101, 102]}
    assert Fork(parent=1, start=100, live=True) in course.steps
    office.hear(list(range(1, 100)))
    assert office.segments == (Segment(1, 102),)


def test_a_hole_that_is_being_filled_is_waited_for() -> None:
    office = Office()
    office.hear([1, 5])
    for seq in (2, 3):
        office.now += HOLE_LASTS - timedelta(seconds=1)
        office.hear([seq])
    assert len(office.segments) == 1


def test_what_waits_for_nobody_does_not_end_the_patience() -> None:
    """An inventory ahead of a backlog is in force on arrival: it is no poll."""
    office = Office()
    office.receipts = receive(office.receipts, [(90, 90)])
    office.segments = advance(office.segments, office.receipts, [], 0, NOON).segments
    office.now += 2 * HOLE_LASTS
    office.hear([1])
    assert office.segments == (Segment(1, 1),)


def test_it_waits_for_no_hole_with_more_behind_it_than_it_can_keep() -> None:
    office = Office()
    office.hear(list(range(3, 4 + segments.WAITING_AT_MOST)))
    assert [one.start for one in office.segments] == [1, 3]


def test_beyond_so_many_outages_the_oldest_history_is_given_up() -> None:
    office = Office()
    for number in range(1, SEGMENTS_AT_MOST + 1):
        course = office.hear([number * 10], live_from=number * 10)
    assert course.steps[1] == Drop(start=1, below=10)
    assert segment_of(course.segments, 5) is None
    assert segment_of(course.segments, 15) == Segment(10, 10)


def test_nothing_is_told_before_the_present_and_a_run_is_cut_where_it_begins() -> None:
    steps = Office().hear([1, 2, 3, 4, 5], present_from=4).steps
    held = Run(start=1, seqs=(1, 3), live=True, first=True, waited=False, told=False)
    assert steps == (held, Present(), Run(start=1, seqs=(4, 5), live=True, first=True, waited=False))


def test_the_present_is_reached_with_the_last_number_before_it() -> None:
    office = Office()
    assert not office.hear([1, 2], present_from=4).reaches_present
    assert office.hear([3], present_from=4).steps[-1] == Present()


def test_a_segment_that_begins_behind_the_present_has_reached_it() -> None:
    course = Office().hear([10, 11], live_from=10, present_from=8)
    assert [type(step) for step in course.steps] == [Fork, Present, Run]
    office = Office()
    office.hear([10], present_from=8)
    office.now += HOLE_LASTS
    assert [type(step) for step in office.hear([11], present_from=8).steps] == [Fork, Present, Run]


def test_a_join_before_the_present_is_not_told() -> None:
    office = Office()
    office.hear([5, 6], live_from=5, present_from=9)
    assert office.hear([1, 2, 3, 4], present_from=9).steps[-1] == Join(earlier=1, later=5, live=True, told=False)


def test_a_present_that_is_behind_is_reached_whatever_has_come() -> None:
    assert Office().hear([], present_from=0).steps == (Present(),)
