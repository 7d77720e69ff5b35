"""Devices are asked in their rhythm, and a silent one costs its neighbours little."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.agenda import Agenda, answered, begin, cut_off, excused, hastened, heard, missed
from edge_agent.core.profile import Poll
from tests.unit.edge_agent.points import PERIODS

ALL = frozenset(Poll)


def silent_at(mono: float) -> Agenda:
    agenda = begin(ALL, mono)
    for _ in range(3):
        agenda = missed(agenda, ALL, PERIODS, mono)
    return agenda


def test_everything_is_due_at_the_start() -> None:
    assert begin(ALL, 0.0).due(0.0) == ALL


def test_each_class_keeps_its_own_rhythm() -> None:
    agenda = answered(begin(ALL, 0.0), ALL, PERIODS, 3.0)
    assert agenda.due(9.9) == frozenset()
    assert agenda.due(10.0) == {Poll.FAST}
    assert agenda.due(30.0) == {Poll.FAST, Poll.NORMAL}
    assert agenda.due(86400.0) == {Poll.FAST, Poll.NORMAL, Poll.SLOW}


def test_what_was_missed_is_not_made_up_for() -> None:
    agenda = answered(begin([Poll.FAST], 0.0), [Poll.FAST], PERIODS, 47.0)
    assert agenda.next_at == 50.0


def test_what_was_lost_on_the_way_is_asked_again_soon() -> None:
    agenda = answered(begin(ALL, 0.0), ALL, PERIODS, 0.0, incomplete=frozenset({Poll.SLOW, Poll.ONCE}))
    assert agenda.due(10.0) == {Poll.FAST, Poll.SLOW, Poll.ONCE}


def test_a_device_is_silent_after_three_turns_without_an_answer() -> None:
    agenda = missed(missed(begin(ALL, 0.0), ALL, PERIODS, 0.0), ALL, PERIODS, 10.0)
    assert not agenda.silent
    assert agenda.next_at == 20.0
    assert missed(agenda, ALL, PERIODS, 20.0).silent


def test_one_answer_between_makes_the_count_begin_anew() -> None:
    agenda = missed(missed(begin(ALL, 0.0), ALL, PERIODS, 0.0), ALL, PERIODS, 10.0)
    agenda = missed(answered(agenda, ALL, PERIODS, 20.0), [Poll.FAST], PERIODS, 30.0)
    assert not agenda.silent


def test_a_silent_device_is_probed_at_growing_intervals() -> None:
    agenda, mono, waits = silent_at(0.0), 0.0, []
    for _ in range(6):
        assert agenda.due(agenda.next_at) == frozenset()
        assert agenda.silent
        assert agenda.probe_at == agenda.next_at
        waits.append(agenda.next_at - mono)
        mono = agenda.next_at
        agenda = missed(agenda, (), PERIODS, mono)
    assert waits == [10.0, 20.0, 40.0, 60.0, 60.0, 60.0]


def test_devices_behind_a_dead_bus_are_probed_without_growing_intervals() -> None:
    agenda = begin(ALL, 0.0)
    for mono in (0.0, 3.0, 6.0, 9.0):
        agenda = cut_off(agenda, mono)
        assert agenda.silent
        assert agenda.next_at == mono + 3.0


def test_a_device_behind_a_bus_that_is_back_is_not_given_up_at_its_first_silence() -> None:
    agenda = missed(cut_off(begin(ALL, 0.0), 0.0), (), PERIODS, 3.0)
    assert agenda.silent
    assert not agenda.suspect
    assert agenda.next_at == 6.0


def test_the_deadline_is_when_the_next_poll_of_the_class_would_be_due() -> None:
    agenda = answered(begin(ALL, 0.0), ALL, PERIODS, 0.0)
    assert agenda.deadline(PERIODS, 10.0) == 20.0
    assert agenda.deadline(PERIODS, 35.0) == 20.0
    assert silent_at(0.0).deadline(PERIODS, 10.0) > 60.0


def test_a_quicker_rhythm_begins_at_once_and_a_slower_one_after_what_was_due() -> None:
    quick = PERIODS | {Poll.FAST: PERIODS[Poll.FAST] / 5}
    agenda = answered(begin([Poll.FAST], 0.0), [Poll.FAST], PERIODS, 0.0)
    assert hastened(agenda, PERIODS, quick).next_at == 2.0
    assert hastened(agenda, quick, PERIODS).next_at == 10.0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.booleans()), max_size=40))
def test_the_next_instant_always_lies_ahead(steps: list[tuple[float, bool]]) -> None:
    agenda, mono = begin(ALL, 0.0), 0.0
    for wait, answers in steps:
        mono += wait
        if agenda.silent and answers:
            agenda = begin(ALL, mono)
        due = agenda.due(mono)
        agenda = answered(agenda, due, PERIODS, mono) if answers else missed(agenda, due, PERIODS, mono)
        assert agenda.next_at > mono


@given(st.floats(0, 1e6))
def test_all_that_falls_due_does_so_at_a_whole_second(mono: float) -> None:
    agenda = begin(ALL, 0.0)
    after = (
        answered(agenda, ALL, PERIODS, mono),
        answered(agenda, ALL, PERIODS, mono, incomplete=frozenset({Poll.SLOW})),
        missed(agenda, ALL, PERIODS, mono),
        missed(silent_at(mono), ALL, PERIODS, mono),
        cut_off(agenda, mono),
    )
    assert all(one.next_at == int(one.next_at) > mono for one in after)


def test_who_fell_silent_while_somebody_babbled_is_excused_and_who_was_dead_before_is_not() -> None:
    lately, long_ago = silent_at(0.0), silent_at(0.0)
    for _ in range(3):
        long_ago = missed(long_ago, (), PERIODS, 100.0)
    assert excused(lately, 20.0).next_at == 23.0
    assert not excused(lately, 20.0).suspect
    assert excused(long_ago, 120.0) == long_ago
    assert excused(begin(ALL, 0.0), 20.0) == begin(ALL, 0.0)


def test_a_device_that_answered_a_part_is_not_silent_and_its_rest_remains_due() -> None:
    agenda = heard(cut_off(missed(begin(ALL, 0.0), (), PERIODS, 0.0), 0.0))
    assert not agenda.silent
    assert agenda.unanswered == 0
    assert agenda.due(0.0) == ALL
