"""Words are the inverse of the agent's decoding, for every point of every shipped profile."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Address, Point, Table, TextType, WordType
from edge_agent.profiles.load import profile, shipped_profiles
from simulators.registers import DoesNotFit, image_of, words_of
from tests.unit.simulators.plant_values import plant_values

POINTS = [(name, point) for name in sorted(shipped_profiles()) for point in profile(name).points.values()]


WORD = st.integers(0, 0xFFFF)
NAMES = sorted(shipped_profiles())


def own_bits(point: Point) -> int:
    first, last = point.address.bit, point.address.last_bit
    if first is None:
        return 1 if point.type is WordType.FLAG else 0xFFFF
    return ((1 << (first if last is None else last) - first + 1) - 1) << first


def comes_back(point: Point, words: tuple[int, ...]) -> None:
    """What the words mean is what the words made of it mean."""
    value = value_of(point, words).value
    if value is None:
        return
    again = value_of(point, words_of(point, value)).value
    if isinstance(value, float):
        assert isinstance(again, float)
        assert math.isclose(again, value, rel_tol=1e-6, abs_tol=point.scale / 1e6), (point, words)
    else:
        assert again == value, (point, words)


@given(data=st.data(), of=st.sampled_from(POINTS))
def test_whatever_a_controller_may_say_comes_back(data: st.DataObject, of: tuple[str, Point]) -> None:
    _, point = of
    comes_back(point, data.draw(st.tuples(*[WORD] * point.type.words)))


@given(
    data=st.data(),
    kind=st.sampled_from([*WordType, TextType(1), TextType(3), TextType(4, 1)]),
    scale=st.sampled_from([1.0, 0.1, 0.01, 0.001, 100.0]),
    order=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_every_type_comes_back_in_every_order(
    data: st.DataObject, kind: WordType | TextType, scale: float, order: tuple[bool, bool, bool]
) -> None:
    low_word, low_byte, inverted = order
    point = Point(
        name="temp.control",
        address=Address(table=Table.HOLDING, number=0),
        type=kind,
        scale=1.0 if kind in {WordType.FLAG, WordType.F32} else scale,
        low_word_first=low_word,
        low_byte_first=low_byte and kind is not WordType.FLAG,
        inverted=inverted and kind is WordType.FLAG,
    )
    words = data.draw(st.tuples(*[WORD] * kind.words))
    comes_back(point, words)
    reading = value_of(point, words)
    if reading.value is not None and kind in {WordType.I16, WordType.U16, WordType.I32, WordType.U32}:
        assert words_of(point, reading.value) == words


@given(first=st.integers(0, 14), width=st.integers(2, 16), word=WORD)
def test_some_bits_of_a_register_come_back(first: int, width: int, word: int) -> None:
    last = min(first + width - 1, 15)
    address = Address(table=Table.HOLDING, number=0, bit=first, last_bit=last)
    point = Point(name="fan", address=address, type=WordType.U16)
    value = value_of(point, (word,)).value
    assert isinstance(value, float)
    assert words_of(point, value) == (word & own_bits(point),)


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_of_a_profile_comes_back_as_the_words_it_was_given_with(name: str) -> None:
    known = profile(name)
    for vector in known.evidence.vectors:
        point = known.points[vector.point]
        if vector.value is not None and not point.words and vector.factor == 1.0:
            mask = own_bits(point)
            assert words_of(point, vector.value) == tuple(word & mask for word in vector.words)


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_has_a_plant_that_says_all_of_its_points(name: str) -> None:
    known = profile(name)
    image = image_of(known, plant_values(known.device_class))
    for point in known.points.values():
        table = image.words[image.reads[{"C": 1, "D": 2, "H": 3, "I": 4}[point.address.table]]]
        words = [table[point.address.number + index] for index in range(point.type.words)]
        assert value_of(point, words).quality is Quality.GOOD, point.name


def test_a_cabinet_at_rest_shows_the_thermostat_cut_out() -> None:
    assert words_of(profile("danfoss_ekc204a1").points["state.mode"], "idle") == (11,)


def test_it_refuses_what_a_register_cannot_hold() -> None:
    point = profile("danfoss_ekc204a1").points["temp.control"]
    with pytest.raises(DoesNotFit):
        words_of(point, 4000.0)
    with pytest.raises(DoesNotFit):
        words_of(profile("danfoss_ekc204a1").points["state.mode"], "asleep")


def test_a_capture_answers_beside_the_points() -> None:
    known = profile("danfoss_ekc202b")
    image = image_of(known, plant_values(known.device_class))
    assert image.words[Table.HOLDING][1504] == 500
    assert image.words[Table.HOLDING][2588] != 152
