"""Which profile a controller fits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.core.fingerprint import Fingerprint
from edge_agent.core.profile import Profile, Table, WordType
from edge_agent.profiles.load import profile, shipped_profiles
from edge_agent.tools.naming import (
    Reply,
    best_of,
    fingerprint_seen,
    first_look,
    likeness,
    question_of,
    rank,
    second_look,
)
from tests.installer_bench import shipped
from tests.unit.edge_agent.points import point, profile_of

ALL = [profile(name) for name in shipped_profiles()]
ORDER_NO = point("info.order_no", 100, type=WordType.U16)
MARKED = replace(
    profile_of(point("temp.control", 10, scale=0.1, low=-60, high=60)),
    fingerprints=(Fingerprint(point=ORDER_NO, one_of=(8523.0,), decisive=True),),
)


def replies_of(one: Profile, unit_profile: str) -> dict[tuple[Table, int, int], Reply]:
    """What a twin of `unit_profile` answers to all questions about profile `one` and all others."""
    words = shipped(unit_profile, 1).image.words
    questions = {question_of(each) for known in (*ALL, one) for each in known.points.values()}
    return {asked: _reply(words.get(asked[0], {}), asked) for asked in questions}


def _reply(words: object, asked: tuple[Table, int, int]) -> Reply:
    assert hasattr(words, "get")
    found = [words.get(at) for at in range(asked[1], asked[1] + asked[2])]
    return None if None in found else tuple(found)


@pytest.mark.parametrize(
    "name", ["danfoss_ekc204a1", "danfoss_ekc202b", "danfoss_ekc202d", "eastron_sdm630", "xy_md02"]
)
def test_a_twin_of_a_shipped_profile_is_named(name: str) -> None:
    ranked = rank(ALL, replies_of(profile(name), name))
    assert name in [one.profile.id for one in best_of(ranked)]


def test_a_contradicted_fingerprint_rules_a_profile_out() -> None:
    assert likeness(MARKED, {(Table.HOLDING, 100, 1): (8523,)}).fingerprint is True
    assert likeness(MARKED, {(Table.HOLDING, 100, 1): (99,)}).fingerprint is False
    assert likeness(MARKED, {(Table.HOLDING, 100, 1): None}).fingerprint is False
    assert fingerprint_seen(MARKED, {}) is None
    assert rank([MARKED], {(Table.HOLDING, 100, 1): (99,), (Table.HOLDING, 10, 1): (65336,)}) == ()


def test_a_fingerprint_outranks_a_better_fit() -> None:
    plain = replace(profile_of(point("temp.control", 10, scale=0.1), point("temp.air_on", 11, scale=0.1)), id="plain")
    said: dict[tuple[Table, int, int], Reply] = {(Table.HOLDING, at, 1): (200,) for at in (10, 11)}
    ranked = rank([plain, MARKED], {**said, (Table.HOLDING, 100, 1): (8523,)})
    assert [one.profile.id for one in ranked] == ["bench", "plain"]


def test_zeros_speak_less_for_a_profile_than_values_and_refusals_against_it() -> None:
    known = profile_of(point("temp.control", 10, scale=0.1, low=-60, high=60))
    scores = [likeness(known, {(Table.HOLDING, 10, 1): said}).score for said in ((200,), (0,), (9999,), None)]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] > 0 > scores[2]


def test_the_second_look_asks_all_of_those_in_the_running() -> None:
    name = "danfoss_ekc204a1"
    replies = replies_of(profile(name), name)
    looked = {asked: replies[asked] for asked in first_look(ALL) if asked in replies}
    asked = second_look(rank(ALL, looked))
    assert {question_of(each) for each in profile(name).points.values()} <= set(asked)
    assert second_look(()) == ()
