"""Every shipped register map: what it says is in the catalogue, and what real units answered decodes by it."""

from __future__ import annotations

import pytest

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Quality
from edge_agent.core.decode import value_of
from edge_agent.core.profile import Point, Profile, WordType
from edge_agent.profiles import FOLDER, load_profile, profile, shipped_profiles

CASE_STATES = {
    *("off", "idle", "cooling", "defrost", "drip", "fan_delay", "pulldown", "forced_cooling", "emergency"),
    *("heating", "cleaning", "door_open", "standby", "manual", "fault"),
}
WORDS = {
    ("refrigeration_case", "state.mode"): CASE_STATES,
    ("ac_unit", "mode"): {"auto", "cool", "heat", "dry", "fan", "off"},
    ("ac_unit", "fan"): {"auto", "quiet", "low", "mid", "high", "max"},
}
EVERY = pytest.mark.parametrize("shipped", [pytest.param(profile(each), id=each) for each in shipped_profiles()])


def covers(point: Point, words: dict[int, int]) -> bool:
    return all(point.address.number + offset in words for offset in range(point.type.words))


def test_the_first_seven_are_shipped() -> None:
    assert set(shipped_profiles()) == {
        *("danfoss_ekc202b", "danfoss_ekc202d", "danfoss_ekc204a1"),
        *("eastron_sdm630", "intesis_ac", "waveshare_relay_8ch", "xy_md02"),
    }


@EVERY
def test_it_is_filed_under_its_class(shipped: Profile) -> None:
    assert shipped_profiles()[shipped.id] == FOLDER / shipped.device_class / f"{shipped.id}.yaml"
    assert load_profile(shipped_profiles()[shipped.id]) == shipped


@EVERY
def test_its_points_are_in_the_catalogue(shipped: Profile) -> None:
    known = DEVICE_CLASSES[shipped.device_class].points
    assert {*shipped.points, *shipped.derived} <= set(known)
    for point in shipped.points.values():
        assert (known[point.name].type == "flag") == (point.type is WordType.FLAG)


@EVERY
def test_its_words_are_canonical(shipped: Profile) -> None:
    for point in shipped.points.values():
        assert set(point.words.values()) <= WORDS.get((shipped.device_class, point.name), set())


@EVERY
def test_its_vectors_decode(shipped: Profile) -> None:
    assert shipped.evidence.vectors
    for vector in shipped.evidence.vectors:
        assert value_of(shipped.points[vector.point], vector.words).value == vector.value, vector


@EVERY
def test_it_is_proven_only_by_what_a_real_unit_answered(shipped: Profile) -> None:
    assert shipped.evidence.proven == (shipped.id == "danfoss_ekc202b")
    for capture in shipped.evidence.captures:
        captured = [point for point in shipped.points.values() if covers(point, capture.words)]
        assert len(captured) >= 10
        for point in captured:
            words = [capture.words[point.address.number + offset] for offset in range(point.type.words)]
            assert value_of(point, words).quality is Quality.GOOD, point.name


@EVERY
def test_no_two_points_are_the_same_place(shipped: Profile) -> None:
    places = [(point.address, point.type) for point in shipped.points.values()]
    assert len(places) == len(set(places))


@EVERY
def test_a_temperature_cannot_be_an_absent_probe(shipped: Profile) -> None:
    """The words that controllers give for a broken or missing probe have no value under any temperature."""
    for point in shipped.points.values():
        if point.name.startswith("temp") and point.type is WordType.I16:
            assert [value_of(point, [word]).value for word in (0x8000, 0x7FFF)] == [None, None], point.name


def test_the_alarm_flags_stand_in_another_order_on_each_danfoss_model() -> None:
    at = {
        model: {name: profile(model).points[name].address.number for name in ("alarm.high_temp", "alarm.door_open")}
        for model in ("danfoss_ekc202b", "danfoss_ekc202d", "danfoss_ekc204a1")
    }
    assert at == {
        "danfoss_ekc202b": {"alarm.high_temp": 20003, "alarm.door_open": 20005},
        "danfoss_ekc202d": {"alarm.high_temp": 20004, "alarm.door_open": 20006},
        "danfoss_ekc204a1": {"alarm.high_temp": 20004, "alarm.door_open": 20007},
    }


def test_every_refrigeration_case_tells_whether_it_defrosts() -> None:
    for each in shipped_profiles():
        if profile(each).device_class == "refrigeration_case":
            assert "defrost.active" in {*profile(each).points, *profile(each).derived}
