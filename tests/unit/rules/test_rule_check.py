"""Names and types of conditions are checked against the catalogue before a store is judged by them."""

from __future__ import annotations

import pytest

from edge_agent.contract.catalogue import DEVICE_CLASSES, PointType
from rules.check import Scope, compile_condition
from rules.syntax import ExpressionInvalid
from tests.unit.rules.judged import CASE


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("temp.contrl > 1", "a refrigeration_case has no point temp.contrl", "did you mean temp.control?"),
        ("temp.control > limt", "a refrigeration_case has no point limt", "did you mean limit?"),
        ("temp.control", "this is a number", "true or false belongs here"),
        ("temp.control and out.fan", "this is a number", "true or false belongs here"),
        ('temp.control == "off"', "this is a word", "a number belongs here"),
        ("out.fan > 1", "this is true or false", "a number belongs here"),
        ("state.mode == 14", "this is a number", "a word belongs here"),
        ("state.mode > defrost", "this is a word", "a number belongs here"),
        ("temp.control + true > 1", "this is true or false", "a number belongs here"),
        ("temp.control > 10m", "a length of time belongs into a function", "avg(temp.control, 10m)"),
        ("average(temp.control, 10m) > 1", "there is no function average", "did you mean avg?"),
        ("avg(temp.control) > 1", "avg takes 2–3 arguments", "avg(temp.control, 10m)"),
        ("avg(temp.control, 10) > 1", "a length of time belongs here", "such as 10m or 1h"),
        ("avg(temp.control, 8d) > 1", "8d is too long", "at most 7d"),
        ("rate(out.fan, 10m) > 1", "out.fan is true or false", "a point that is a number belongs here"),
        ("avg(1 + 1, 10m) > 1", "a point belongs here", "such as temp.control"),
        ("avg(limit, 10m) > 1", "a point belongs here", "such as temp.control"),
        ("held(temp.control, 10m)", "temp.control is a number", "a point that is true or false belongs here"),
        ("state.mode == cool", "state.mode never says cool", "did you mean cooling?"),
        ("'colling' != state.mode", "state.mode never says colling", "did you mean cooling?"),
        ("feeder(mode) == cooling", "mode never says cooling", "did you mean cool?"),
        ("store(ac_unit.fan) == fast", "fan never says fast", "there are: auto"),
        ("quality(temp.control) == broken", "there is no quality broken", "there are: good, out_of_range"),
        ("quality(temp.control) == no_answer", "no_answer speaks of the line and not of the point", "use silent()"),
    ],
)
def test_it_refuses_what_makes_no_sense(text: str, what: str, fix: str) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        compile_condition(text, CASE)
    assert caught.value.what.en == what
    assert caught.value.fix.en.startswith(fix)


def test_it_wants_a_point_of_every_class_that_the_rule_applies_to() -> None:
    scope = Scope(classes=(DEVICE_CLASSES["refrigeration_case"], DEVICE_CLASSES["ac_unit"]))
    assert compile_condition("alarm.any", scope)
    with pytest.raises(ExpressionInvalid, match=r"a ac_unit has no point in\.door"):
        compile_condition("in.door", scope)


def test_it_takes_a_bare_name_for_a_word_on_either_side() -> None:
    assert compile_condition("state.mode == defrost", CASE)
    assert compile_condition("defrost != state.mode", CASE)


def test_a_word_is_one_that_the_catalogue_has_or_a_number_that_has_none() -> None:
    assert compile_condition('state.mode == "other(14)"', CASE)
    assert compile_condition("error_text == E12", Scope(classes=(DEVICE_CLASSES["ac_unit"],)))


def test_it_tells_which_points_it_reads_and_how_far_back() -> None:
    text = "temp.control > limit and avg(temp.air_on, 10m) > rate(temp.air_on, 15m) and quality(temp.control) == good"
    expression = compile_condition(text, CASE)
    assert expression.points == ("temp.control", "temp.air_on")
    assert [length.total_seconds() for length in expression.windows.values()] == [900]


def test_a_name_means_the_same_type_in_every_class() -> None:
    types: dict[str, set[PointType]] = {}
    for device_class in DEVICE_CLASSES.values():
        for point in device_class.points.values():
            types.setdefault(point.name, set()).add(point.type)
    assert [name for name, found in types.items() if len(found) > 1] == []
