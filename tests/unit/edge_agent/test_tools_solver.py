"""The byte-order solver: the truth is among its best, whatever lies around it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.core.profile import Table
from edge_agent.tools.interpret import meanings
from edge_agent.tools.solver import Candidate, NotShown, Order, Sample, Shown, next_step, shown, solve

TYPES = {"i16": ">h", "u16": ">H", "i32": ">i", "u32": ">I", "f32": ">f"}
WORD = st.integers(0, 0xFFFF)


def words_of(type_: str, order: Order, number: float) -> tuple[int, ...]:
    packed = struct.pack(TYPES[type_], number if type_ == "f32" else round(number))
    words = tuple(int.from_bytes(packed[at : at + 2], "big") for at in range(0, len(packed), 2))
    return words[::-1] if order is Order.LOW_FIRST else words


def sample(words: dict[int, int], text: str) -> Sample:
    return Sample(words={Table.HOLDING: words}, shown=shown(text))


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Sample], str, Order, float]:
    """Three readings of a controller with the truth at address 10, and registers that hold still or not around it."""
    type_ = draw(st.sampled_from(sorted(TYPES)))
    order = Order.NONE if type_.endswith("16") else draw(st.sampled_from([Order.HIGH_FIRST, Order.LOW_FIRST]))
    scale = 1.0 if type_ == "f32" else draw(st.sampled_from([1.0, 0.1, 0.01]))
    least = 20 if type_.startswith("u") else -400
    tenths = draw(st.lists(st.integers(least, 400), min_size=3, max_size=3, unique=True))
    still = draw(st.dictionaries(st.integers(0, 25), WORD, max_size=26))
    restless = draw(st.sets(st.integers(0, 25), max_size=10))
    samples = []
    for tenth in tenths:
        value = float(tenth) if scale == 1.0 and type_ != "f32" else tenth / 10
        noise = {address: draw(WORD) for address in restless}
        truth = dict(enumerate(words_of(type_, order, round(value / scale, 6)), 10))
        samples.append(sample({**still, **noise, **truth}, f"{value:.{0 if value == tenth else 1}f}"))
    return samples, type_, order, scale


@settings(max_examples=150, deadline=None)
@given(situations())
def test_the_truth_is_among_the_best_of_three_readings(situation: tuple[list[Sample], str, Order, float]) -> None:
    samples, type_, order, scale = situation
    best = solve(samples)[:4]
    assert any(
        (one.address, one.order, one.scale) == (10, order, scale) and type_ in (one.type, *one.also) for one in best
    ), best


@settings(max_examples=60, deadline=None)
@given(situations())
def test_every_explanation_explains_every_reading(situation: tuple[list[Sample], str, Order, float]) -> None:
    samples, *_ = situation
    for one in solve(samples):
        if one.type == "i16" and one.near == 0:
            for each in samples:
                word = each.words[Table.HOLDING][one.address]
                number = word - 0x10000 if word & 0x8000 else word
                assert number * one.scale == pytest.approx(each.shown.value, abs=each.shown.step / 2 + 1e-3)


def test_swapped_word_order_is_told_from_the_right_one() -> None:
    samples = [
        sample(dict(enumerate((5, *words_of("f32", Order.LOW_FIRST, value), 3), 20)), text)
        for value, text in ((-18.4, "-18.4"), (-17.9, "-17.9"), (-12.25, "-12.3"))
    ]
    best, *others = solve(samples)
    assert (best.address, best.type, best.order) == (21, "f32", Order.LOW_FIRST)
    assert [(one.address, one.order) for one in others] == [(22, Order.HIGH_FIRST)]
    assert "solve a second point" in next_step([best, *others], samples).en


def test_equal_types_are_one_explanation() -> None:
    (best, *_) = solve([sample({7: 184}, "18.4"), sample({7: 190}, "19.0"), sample({7: 55}, "5.5")])
    assert (best.address, best.type, best.scale) == (7, "i16", 0.1)
    assert {"u16", "sm16"} <= set(best.also)


def test_below_zero_tells_signed_from_unsigned() -> None:
    (best, *_) = solve([sample({7: 0x10000 - 184}, "-18.4")])
    assert (best.type, "u16" in best.also) == ("i16", False)


def test_a_display_one_digit_behind_is_explained_where_nothing_is_exact() -> None:
    (best, *_) = solve([sample({7: 184}, "18.4"), sample({7: 190}, "19.1")])
    assert (best.address, best.near) == (7, 1)


@pytest.mark.parametrize(
    ("texts", "words", "says"),
    [
        (["18.4"], [{1: 999}], "Nothing explains"),
        (["18.4"], [{1: 184, 2: 184}], "One reading is not enough"),
        (["18.4", "18.4"], [{1: 184, 2: 184}] * 2, "shown the same"),
        (["18.4", "5.0"], [{1: 184, 2: 184}, {1: 50, 2: 50}], "equal values"),
        (["18.4", "5.0"], [{1: 184}, {1: 50}], "One explanation"),
        (["18.4", "5.0", "6.0"], [{1: 184}, {1: 50}, {1: 60}], "only explanation"),
    ],
)
def test_it_says_what_to_do_next(texts: list[str], words: list[dict[int, int]], says: str) -> None:
    samples = [sample(held, text) for held, text in zip(words, texts, strict=True)]
    advice = next_step(solve(samples), samples)
    assert says in advice.en
    assert advice.zh


@pytest.mark.parametrize(
    ("text", "value", "digits"), [("−18,4 °C", -18.4, 1), ("5", 5.0, 0), ("-0.05", -0.05, 2), (" 12.0℃", 12.0, 1)]
)
def test_it_reads_what_a_person_types(text: str, value: float, digits: int) -> None:
    assert shown(text) == Shown(value=value, digits=digits)


@pytest.mark.parametrize("text", ["dEF", "", "1.2.3", "nan", "inf"])
def test_a_word_on_the_panel_is_no_number(text: str) -> None:
    with pytest.raises(NotShown):
        shown(text)


def test_only_addresses_of_all_readings_can_explain() -> None:
    found: tuple[Candidate, ...] = solve([sample({1: 184, 2: 184}, "18.4"), sample({2: 190}, "19.0")])
    assert {one.address for one in found} == {2}


@given(st.dictionaries(st.integers(0, 0xFFFF), WORD, max_size=20))
def test_every_word_has_its_meanings(words: dict[int, int]) -> None:
    for row in meanings(words):
        assert words_of("i16", Order.NONE, row.i16) == (row.word,)
        pair = row.high_first
        assert (pair is None) == (row.address + 1 not in words)
        if pair:
            assert words_of("i32", Order.HIGH_FIRST, pair.i32) == (words[row.address], words[row.address + 1])


def test_floats_of_both_orders_are_shown_where_they_make_sense() -> None:
    high, low = words_of("f32", Order.HIGH_FIRST, 230.1)
    (row, _) = meanings({4: high, 5: low})
    assert row.high_first
    assert row.high_first.f32 == pytest.approx(230.1)
    (row, _) = meanings({4: low, 5: high})
    assert row.low_first
    assert row.low_first.f32 == pytest.approx(230.1)
    assert meanings({4: 0x7FC0, 5: 0})[0].high_first.f32 is None  # type: ignore[union-attr]
