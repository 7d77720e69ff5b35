"""Points that rest on other points: true, false, or unknown for a reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.contract.readings import Quality, Reading, Value
from edge_agent.core.condition import Condition, Doubt, NoCondition, condition_of
from edge_agent.core.decode import Raw, decode
from edge_agent.core.profile import Derived, Profile, WordType
from tests.unit.edge_agent.points import flag, point, profile_of

ANY = Derived(name="defrost.active", any_of=(condition_of("out.defrost"), condition_of("state.mode == defrost")))
ALL = Derived(name="in.door", all_of=(condition_of("out.light"), condition_of("not out.fan")))
SUM = Derived(name="temp.product", sum_of=("temp.air_on", "temp.air_off"), scale=0.5)
CASE = profile_of(
    point("state.mode", 1, type=WordType.U16, words={0: "cooling", 14: "defrost"}),
    flag("out.defrost", 2),
    flag("out.light", 3),
    flag("out.fan", 4),
    point("temp.air_on", 5),
    point("temp.air_off", 6),
    derived=(ANY, ALL, SUM),
)
GATEWAY = replace(
    CASE,
    points={
        "temp.product": point(
            "temp.product", 7, doubts=(Doubt(when=condition_of("state.code == 9"), quality=Quality.NO_ANSWER),)
        ),
        "state.code": point("state.code", 8),
        "ct_ratio": point("ct_ratio", 9),
        "temp.air_on": point("temp.air_on", 5, scale=0.1, scale_from=("ct_ratio",)),
    },
    derived={},
)


def told(raw: dict[str, Raw], of: Profile = CASE, known: dict[str, Value] | None = None) -> dict[str, Reading]:
    return {reading.point: reading for reading in decode(of, raw, known)}


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("alarm.any", Condition(point="alarm.any", compare="==", value=True)),
        ("not power", Condition(point="power", compare="==", value=False)),
        ("error_code == 65535", Condition(point="error_code", compare="==", value=65535.0)),
        ("error_code == 0xFFFF", Condition(point="error_code", compare="==", value=65535.0)),
        ("state.mode != off", Condition(point="state.mode", compare="!=", value="off")),
        ("p.total >= -1.5", Condition(point="p.total", compare=">=", value=-1.5)),
    ],
)
def test_it_reads_conditions(text: str, condition: Condition) -> None:
    assert condition_of(text) == condition


@pytest.mark.parametrize("text", ["", "a b", "a = 1", "a == ", "a < off", "not a == 1", "A.b", "__import__('os')"])
def test_it_refuses_what_is_no_condition(text: str) -> None:
    with pytest.raises(NoCondition):
        condition_of(text)


@pytest.mark.parametrize(
    ("relay", "state", "expected"),
    [
        ((1,), (0,), True),
        ((0,), (14,), True),
        ((0,), (0,), False),
        ((1,), Quality.NO_ANSWER, True),
        ((0,), Quality.NO_ANSWER, Quality.NO_ANSWER),
        ((0,), (46,), Quality.OUT_OF_RANGE),
        (Quality.REFUSED, (14,), True),
        (Quality.REFUSED, (0,), False),
        (Quality.REFUSED, Quality.REFUSED, Quality.REFUSED),
    ],
)
def test_any_of_several(relay: Raw, state: Raw, expected: object) -> None:
    found = told({"out.defrost": relay, "state.mode": state})["defrost.active"]
    assert (found.quality if isinstance(expected, Quality) else found.value) == expected


@pytest.mark.parametrize(("light", "fan", "expected"), [(1, 0, True), (1, 1, False), (0, 0, False)])
def test_all_of_several(light: int, fan: int, expected: bool) -> None:
    assert told({"out.light": (light,), "out.fan": (fan,)})["in.door"].value is expected


def test_a_sum_of_several() -> None:
    assert told({"temp.air_on": (20,), "temp.air_off": (10,)})["temp.product"].value == 15.0
    assert told({"temp.air_on": (20,), "temp.air_off": Quality.NO_ANSWER})["temp.product"].value is None


def test_an_earlier_poll_counts_and_what_was_never_heard_of_is_not_told() -> None:
    assert told({"out.defrost": (0,)}, known={"state.mode": "defrost"})["defrost.active"].value is True
    assert "defrost.active" not in told({"out.defrost": (0,)})


def test_another_point_takes_the_value_away_for_its_own_reason() -> None:
    readings = told({"temp.product": (5,), "state.code": (9,)}, GATEWAY)
    assert readings["temp.product"].quality is Quality.NO_ANSWER
    assert told({"temp.product": (5,), "state.code": (0,)}, GATEWAY)["temp.product"].value == 5.0
    assert told({"temp.product": (5,)}, GATEWAY, {"state.code": 9.0})["temp.product"].value is None


def test_a_point_without_its_factor_has_no_value() -> None:
    assert told({"temp.air_on": (25,)}, GATEWAY)["temp.air_on"].quality is Quality.NO_ANSWER
    assert told({"temp.air_on": (25,), "ct_ratio": (40,)}, GATEWAY)["temp.air_on"].value == 100.0
    assert told({"temp.air_on": (25,)}, GATEWAY, {"ct_ratio": 40.0})["temp.air_on"].value == 100.0
    lost = told({"temp.air_on": (25,), "ct_ratio": Quality.REFUSED}, GATEWAY)
    assert lost["temp.air_on"].quality is Quality.REFUSED
