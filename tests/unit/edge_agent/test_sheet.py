"""What is looked up at each poll is worked out once for each map, and never taken from another."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.contract.readings import Quality
from edge_agent.core.condition import Condition, Doubt
from edge_agent.core.profile import Derived, Poll, Profile
from edge_agent.core.sheet import OncePerProfile, sheet_of
from tests.unit.edge_agent.points import CASE, flag, point, profile_of


def test_the_points_of_some_classes_are_always_the_same_tuple() -> None:
    profile = profile_of(point("a", 1, poll=Poll.FAST), point("b", 2, poll=Poll.SLOW), point("c", 3, poll=Poll.FAST))
    fast = sheet_of(profile).points(frozenset({Poll.FAST}))
    assert [one.name for one in fast] == ["a", "c"]
    assert sheet_of(profile).points(frozenset({Poll.FAST})) is fast


def test_the_most_frequent_class_is_the_fastest_that_the_map_has() -> None:
    slow = profile_of(point("a", 1, poll=Poll.SLOW), point("b", 2, poll=Poll.ONCE))
    assert (sheet_of(slow).fastest, sheet_of(slow).polls) == (Poll.SLOW, frozenset({Poll.SLOW, Poll.ONCE}))
    assert sheet_of(profile_of(point("a", 1, poll=Poll.ONCE))).fastest is Poll.ONCE


def test_it_knows_every_point_that_something_rests_on() -> None:
    doubt = Doubt(when=Condition(point="power", compare="==", value=False), quality=Quality.OUT_OF_RANGE)
    profile = profile_of(
        point("temp", 1, bad_when=("alarm.probe",), scale_from=("ratio",), doubts=(doubt,)),
        point("code", 2, when="alarm.any"),
        point("info.order_no", 3),
        *(flag(name, at) for at, name in enumerate(("alarm.probe", "alarm.any", "power", "unused"), 4)),
        derived=(Derived(name="on", source="mode", one_of=frozenset({"cool"})),),
    )
    expected = {"alarm.probe", "ratio", "power", "alarm.any", "info.order_no", "mode"}
    assert sheet_of(profile).sources == expected
    assert {name: [one.name for one in points] for name, points in sheet_of(profile).triggered.items()} == {
        "alarm.any": ["code"]
    }


def test_another_map_has_another_sheet_and_however_many_there_are_none_is_mistaken() -> None:
    count = OncePerProfile(lambda profile: len(profile.points))
    maps = [profile_of(*(point(f"p{place}", place) for place in range(number % 7))) for number in range(5000)]
    assert [count(profile) for profile in maps] == [number % 7 for number in range(5000)]
    assert count(replace(CASE, points={})) == 0


def test_what_was_worked_out_is_not_worked_out_again() -> None:
    seen: list[Profile] = []
    once = OncePerProfile(seen.append)
    once(CASE)
    once(CASE)
    assert len(seen) == 1
