"""A device is asked by its plan; what it refuses is found by halving, and only that."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.bus.asking import Answers, ask
from edge_agent.contract.readings import Quality
from edge_agent.core.plan import NOTHING_LEARNED, Learned, ReadRequest
from edge_agent.core.profile import Profile, ReadLimits, Table
from edge_agent.drivers.base import NoAnswer, Refused
from tests.unit.edge_agent.points import device_of, point, profile_of

LIMITS = ReadLimits(max_words=20, runs={Table.HOLDING: ((0, 60),)})


class Controller:
    """Has every holding register but `absent` ones, each with its own address as its word."""

    def __init__(self, absent: Iterable[int], *, zeros: bool = False) -> None:
        self.absent = set(absent)
        self.zeros = zeros
        self.asked: list[tuple[int, int]] = []
        self.silent_after = 10**6

    async def read(self, unit: int, request: ReadRequest, *_: timedelta) -> tuple[int, ...]:
        assert unit == 3
        self.asked.append((request.start, request.count))
        if len(self.asked) > self.silent_after:
            raise NoAnswer("silence")
        addresses = range(request.start, request.start + request.count)
        if self.absent.intersection(addresses) and not (self.zeros and request.count > 1):
            raise Refused(2)
        return tuple(0 if address in self.absent else address for address in addresses)

    async def close(self) -> None:
        pass


def map_of(*numbers: int, limits: ReadLimits = LIMITS) -> Profile:
    return profile_of(*(point(f"p{number}", number) for number in numbers), limits=limits)


def asked(line: Controller, profile: Profile, learned: Learned = NOTHING_LEARNED) -> Answers:
    line.asked.clear()
    return asyncio.run(ask(line, device_of(profile), profile.points.values(), learned))


numbers = st.lists(st.integers(0, 60), min_size=1, max_size=25, unique=True)


@settings(deadline=None)
@given(numbers, st.sets(st.integers(0, 60), max_size=8))
def test_exactly_what_is_absent_is_refused_and_all_else_is_read(places: list[int], absent: set[int]) -> None:
    line, profile = Controller(absent), map_of(*places)
    answers = asked(line, profile)
    assert answers.learned.refused == {f"p{place}" for place in places if place in absent}
    for place in places:
        assert answers.raw[f"p{place}"] == (Quality.REFUSED if place in absent else (place,))


@settings(deadline=None)
@given(numbers, st.sets(st.integers(0, 60), max_size=8))
def test_what_was_learned_spares_every_further_refusal(places: list[int], absent: set[int]) -> None:
    line, profile = Controller(absent), map_of(*places)
    learned = NOTHING_LEARNED
    for _ in range(6):
        learned = asked(line, profile, learned).learned
    again = asked(line, profile, learned)
    assert again.refusals == 0
    assert again.learned == learned


def test_one_refused_register_is_found_in_a_few_steps() -> None:
    line = Controller({13})
    answers = asked(line, map_of(*range(20)))
    assert answers.learned.refused == {"p13"}
    assert answers.learned.cuts == frozenset()
    assert len(line.asked) <= 11
    asked(line, map_of(*range(20)), answers.learned)
    assert line.asked == [(0, 13), (14, 6)]


def test_a_refused_register_between_two_points_becomes_a_cut() -> None:
    line, profile = Controller({5}), map_of(0, 1, 8, 9)
    answers = asked(line, profile)
    assert answers.learned.refused == frozenset()
    assert answers.learned.cuts == {(Table.HOLDING, 8)}
    asked(line, profile, answers.learned)
    assert line.asked == [(0, 2), (8, 2)]


def test_zeros_for_what_is_missing_are_never_taken_for_values() -> None:
    profile = map_of(1, 2, 3, limits=ReadLimits(max_words=10, zero_fill=True))
    line = Controller({2}, zeros=True)
    first = asked(line, profile)
    second = asked(line, profile, first.learned)
    assert line.asked == [(1, 3)]
    assert [answers.raw["p2"] for answers in (first, second)] == [Quality.REFUSED] * 2
    assert second.raw["p3"] == (3,)


def test_a_device_that_falls_silent_is_left_alone_and_what_it_said_counts() -> None:
    line, profile = Controller(()), map_of(0, 1, 2, limits=ReadLimits())
    line.silent_after = 1
    answers = asked(line, profile)
    assert (answers.heard, answers.no_answers, len(line.asked)) == (True, 1, 2)
    assert answers.lost == {"p1", "p2"}
    assert answers.learned == NOTHING_LEARNED
