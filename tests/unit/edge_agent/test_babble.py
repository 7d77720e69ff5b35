"""From what was heard uninvited follows whether somebody babbles, and who; from less than that, nothing."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.babble import NOBODY, QUIET, Babble, Listening, Uninvited
from edge_agent.drivers.overheard import uninvited
from tests.frames import rtu, word_reply

NOISE = Uninvited(noise=100)
STUCK = Uninvited(never_silent=True)


def of_unit(*units: int) -> Uninvited:
    return Uninvited(units=units)


def heard(notes: Iterable[tuple[int, Uninvited]], every: float = 1.0) -> Listening:
    """Each the unit that was asked and what came of it."""
    listening = Listening()
    for number, (asked, what) in enumerate(notes):
        listening.note(number * every, asked, what)
    return listening


def thought(notes: Iterable[tuple[int, Uninvited]], every: float = 1.0) -> Babble:
    return heard(notes, every).babble


def test_a_quiet_line_accuses_nobody() -> None:
    assert thought([(1, QUIET)] * 100) == NOBODY


def test_frames_of_a_unit_that_was_not_asked_name_it() -> None:
    assert thought([(1, of_unit(7)), (2, QUIET), (3, of_unit(7)), (1, QUIET), (2, of_unit(7))] * 3).unit == 7


def test_a_line_that_is_never_silent_is_babbled_on_by_somebody() -> None:
    found = thought([(1, QUIET), (4, QUIET), *[(4, STUCK)] * 10])
    assert found == Babble(babbling=True, begun_after=4)


def test_noise_that_nearly_always_begins_after_one_unit_was_asked_is_its_own() -> None:
    assert thought([(1, QUIET), (2, QUIET), (3, NOISE)] * 10).unit == 3


def test_noise_that_begins_after_anybody_is_nobodys() -> None:
    found = thought([(1, NOISE), (2, QUIET), (3, NOISE), (1, QUIET), (2, NOISE), (3, QUIET)] * 5)
    assert (found.babbling, found.unit) == (True, None)


def test_the_only_device_of_a_line_is_not_accused_for_being_the_only_one() -> None:
    assert thought([(3, QUIET), (3, NOISE)] * 10).unit is None


def test_requests_of_another_master_accuse_no_device() -> None:
    found = thought([(1, Uninvited(requests=1, units=(7,))), (2, QUIET)] * 10)
    assert (found.babbling, found.other_master, found.unit) == (True, True, None)


def test_answers_of_several_devices_are_another_masters_traffic() -> None:
    assert thought([(1, of_unit(7, 8)), (2, of_unit(9))] * 10).other_master


def test_a_burst_is_no_babble() -> None:
    assert thought([(1, NOISE)] * 40, every=0.1) == NOBODY


def test_what_lines_have_of_noise_is_no_babble() -> None:
    assert thought(([(1, QUIET)] * 19 + [(1, NOISE)]) * 30, every=0.5) == NOBODY
    assert thought([(1, Uninvited(noise=15))] * 100) == NOBODY


def test_it_is_over_after_ten_quiet_seconds_and_not_before() -> None:
    listening = heard([(1, STUCK)] * 20)
    listening.note(28.9, 2)
    assert listening.babble.babbling
    listening.note(29.1, 2)
    assert listening.babble == NOBODY


def test_who_was_named_stays_named_while_it_goes_on() -> None:
    listening = heard([(1, of_unit(7))] * 10)
    for second in range(10, 200):
        listening.note(second, 1, STUCK)
    assert listening.babble.unit == 7


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([QUIET, NOISE, STUCK, of_unit(3)]), st.floats(0, 30))))
def test_only_a_babbling_line_has_somebody_to_name(notes: list[tuple[int, Uninvited, float]]) -> None:
    listening, at = Listening(), 0.0
    for asked, what, wait in notes:
        at += wait
        listening.note(at, asked, what)
        assert listening.babble.babbling or listening.babble == NOBODY
        assert len(listening._seconds) <= 62


def test_a_request_of_another_master_is_known_from_an_answer() -> None:
    request, answer = rtu(7, bytes((3, 0, 1, 0, 2))), rtu(7, word_reply(3, 21, 22))
    assert uninvited(b"\x55" + request + b"\x00", 10, (), 0).requests == 1
    assert uninvited(answer, len(answer), (7,), 0).requests == 0


def test_what_may_come_by_rights_is_no_noise() -> None:
    assert not uninvited(bytes(30), 30, (), 14).disturbs
    assert uninvited(bytes(40), 40, (), 8).disturbs
    assert uninvited(b"", 0, (), 0, never_silent=True).disturbs
