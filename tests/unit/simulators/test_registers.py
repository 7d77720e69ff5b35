"""Words are the inverse of the agent's decoding, for every point of every shipped profile."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.contract.readings import Quality, Value
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Point, Table, WordType
from edge_agent.profiles import profile, shipped_profiles
from simulators.registers import DoesNotFit, image_of, words_of
from tests.unit.simulators.plant_values import plant_values

POINTS = [(name, point) for name in sorted(shipped_profiles()) for point in profile(name).points.values()]


def values(point: Point) -> st.SearchStrategy[Value]:
    """What the controller can say of that point."""
    if point.type is WordType.FLAG:
        return st.booleans()
    if point.words:
        return st.sampled_from(sorted(set(point.words.values())))
    low, high = point.low if point.low is not None else 0.0, point.high if point.high is not None else 100.0
    return st.floats(low, high, width=32)


@given(data=st.data(), of=st.sampled_from(POINTS))
def test_it_is_decoded_to_what_was_said(data: st.DataObject, of: tuple[str, Point]) -> None:
    _, point = of
    value = data.draw(values(point))
    words = words_of(point, value)
    reading = value_of(point, words)
    assert len(words) == point.type.words
    assert all(0 <= word <= 0xFFFF for word in words)
    if isinstance(value, float):
        assert isinstance(reading.value, float)
        assert math.isclose(reading.value, value, rel_tol=1e-6, abs_tol=point.scale / 2 + 1e-9)
    else:
        assert reading.value == value


@pytest.mark.parametrize("name", sorted(shipped_profiles()))
def test_a_vector_of_a_profile_comes_back_as_the_words_it_was_given_with(name: str) -> None:
    known = profile(name)
    for vector in known.evidence.vectors:
        point = known.points[vector.point]
        if vector.value is not None and not point.words:
            assert words_of(point, vector.value) == vector.words


@pytest.mark.parametrize("name", sorted(shipped_profiles()))
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
