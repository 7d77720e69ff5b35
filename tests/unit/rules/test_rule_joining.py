"""Tracks judged in two parts and joined say what they say of a device that was judged without a break."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Telemetry
from rules.book import RuleBook
from rules.memory import DeviceMemory
from rules.segments import fork, join
from tests.unit.rules.followed import book_for, judged, says
from tests.unit.rules.judged import Said, freezer, telemetry

NUMBERS = (
    "avg(temp.control, 6h)",
    "avg(temp.control, 10h, out.compressor)",
    "min(temp.control, 6h)",
    "max(temp.control, 24h)",
    "share(out.compressor, 6h)",
    "starts(out.compressor, 6h)",
    "slope(temp.control, 10h)",
    "covered(6h)",
    "since(out.compressor)",
    "lasting(out.compressor)",
    "lagged(temp.control, 90m)",
    "mkt(temp.control, 6h)",
)
CLOSE = (0.5, 0.7, 0.0, 0.0, 0.03, 0, 0.3, 0.06, 1e-3, 1e-3, 0.15, 0.5)
"""How far each may be off: what is held across the cut is looked at a little earlier or later. Units of the number."""
BOOK = book_for(*NUMBERS)
Word = tuple[int, float, bool]
WORDS = st.tuples(st.sampled_from([1, 3, 5, 10, 10, 15]), st.floats(-25, -15).map(lambda x: round(x, 1)), st.booleans())


def some(random: Random) -> Word:
    return random.choice([1, 3, 5, 10, 10, 15]), round(random.uniform(-25, -15), 1), random.random() < 0.5


def polls(words: list[Word]) -> list[Telemetry]:
    minute, told = 0, []
    for gap, air, on in words:
        minute += gap
        told.append(telemetry(minute, {"temp.control": air, "out.compressor": on}))
    return told


def joined(book: RuleBook, told: list[Telemetry], cut: int, forked_at: int = 0) -> DeviceMemory:
    known = judged(book, told[:forked_at])
    live = judged(book, told[cut:], fork(known))
    history = judged(book, told[forked_at:cut], known)
    return join(book, freezer(), history, live).memory


def whole_and_joined(words: list[Word], cut: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    told = polls(words)
    whole, both = judged(BOOK, told), joined(BOOK, told, min(cut, len(told) - 1))
    return says(BOOK, whole), says(BOOK, both)


@pytest.mark.parametrize("seed", range(40))
def test_cut_anywhere_and_joined_it_is_what_it_was(seed: int) -> None:
    random = Random(seed)
    words = [some(random) for _ in range(random.randint(40, 140))]
    whole, both = whole_and_joined(words, random.randint(0, len(words)))
    for number, one, other, close in zip(NUMBERS, whole, both, CLOSE, strict=True):
        if one is None or other is None:
            assert (one is None) == (other is None) or near_the_edge(number, whole, both), number
        else:
            assert other == pytest.approx(one, abs=close, rel=1e-6), number


def near_the_edge(number: str, whole: tuple[Any, ...], both: tuple[Any, ...]) -> bool:
    """What is known just so in one may be known just not in the other."""
    if number.startswith(("avg(temp.control, 10h", "slope")):
        return True
    return any(0.7 < answers[NUMBERS.index("covered(6h)")] < 0.9 for answers in (whole, both))


@settings(max_examples=25, deadline=None)
@given(st.lists(WORDS, min_size=2, max_size=80), st.integers(0, 80))
def test_what_comes_after_the_join_goes_on_as_if_nothing_had_been(words: list[Word], cut: int) -> None:
    told = polls(words)
    later = [telemetry(told[-1].mono / 60 + n, {"temp.control": -20.0, "out.compressor": False}) for n in range(1, 3)]
    after = judged(BOOK, later, joined(BOOK, told, min(cut, len(told) - 1)))
    whole = judged(BOOK, [*told, *later])
    timers = [NUMBERS.index(number) for number in NUMBERS if number.startswith(("since", "lasting", "starts"))]
    for index in timers:
        one, other = says(BOOK, whole)[index], says(BOOK, after)[index]
        assert one == other or None in (one, other)
        assert after.openings is None
        assert after.tracked.firsts == {}


def test_an_hour_that_was_missing_counts_once_it_has_come() -> None:
    told = [
        telemetry(minute, {"temp.control": float(minute >= 180), "out.compressor": True}) for minute in range(0, 361, 5)
    ]
    live = judged(BOOK, told[36:], fork(DeviceMemory()))
    assert says(BOOK, live)[0] is None
    assert says(BOOK, joined(BOOK, told, 36))[0] == pytest.approx(0.5, abs=0.03)


def test_a_start_across_the_cut_is_counted() -> None:
    told = [telemetry(minute * 5, {"out.compressor": minute >= 36, "temp.control": 0.0}) for minute in range(75)]
    assert says(BOOK, judged(BOOK, told))[5] == 1
    assert says(BOOK, joined(BOOK, told, 36))[5] == 1


def test_what_is_usual_survives_a_fork_and_a_join() -> None:
    book = book_for("usual(temp.control)")
    told = [telemetry(minute, {"temp.control": -20.0}) for minute in range(0, 16 * 1440, 15)]
    forked_at, cut = 15 * 96, 15 * 96 + 48
    live = judged(book, told[cut:], fork(judged(book, told[:forked_at])))
    assert says(book, live) == (-20,)
    assert says(book, joined(book, told, cut, forked_at)) == (-20,)
    assert fork(live).tracked.running == {}


STORY = st.lists(
    st.tuples(
        st.integers(1, 90),
        st.fixed_dictionaries(
            {},
            optional={
                "temp.control": st.one_of(
                    st.floats(allow_nan=False, allow_infinity=False),
                    st.sampled_from(Quality).filter(lambda q: q != "good"),
                    st.text(max_size=2),
                ),
                "out.compressor": st.one_of(st.booleans(), st.floats(-1, 1), st.just(Quality.NO_ANSWER)),
            },
        ),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(STORY, st.integers(0, 30))
def test_no_store_can_break_it_and_what_is_kept_is_kept_exactly(
    story: list[tuple[int, dict[str, Said]]], cut: int
) -> None:
    book = book_for(*NUMBERS, "usual(temp.control)", "avg(usual(temp.control) - temp.control, 24h)")
    minute, told = 0, []
    for gap, points in story:
        minute += gap
        told.append(telemetry(minute, points))
    memory = judged(book, told[:cut])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=DeviceMemory) == memory
    stored = msgspec.json.decode(msgspec.json.encode(memory), type=DeviceMemory)
    assert stored == memory
    assert judged(book, told[cut:], stored) == judged(book, told)
    says(book, joined(book, told, cut, cut // 2))
