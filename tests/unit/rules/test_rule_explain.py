"""Why an alarm is up or not: each part of a condition with its values, the hold, what inhibits, whose params."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.contract.readings import Quality, Telemetry
from rules.alarm import State
from rules.explain import USUAL_REACH, Explanation, Part, asks_neighbours, explain, reach_of
from rules.load import load_rules
from rules.memory import DeviceMemory
from rules.neighbours import Neighbours, Setting
from tests.unit.rules.judged import book_in, freezer, judge_all, rule_text, said

RULE = "refrigeration.too_warm"
MASKED = rule_text("unless: defrost.active and not held(defrost.active, 60m)")
WARM = [said(minute, temp_control=-5.0) for minute in range(0, 41, 10)]


def explained(folder: Path, text: str, told: Sequence[Telemetry], *more: str, overrides: str = "") -> Explanation:
    if overrides:
        (folder / "overrides").mkdir()
        (folder / "overrides" / "one.yaml").write_text(f"rule: {RULE}\n{overrides}\n", encoding="utf-8")
    book, device = book_in(folder, text, *more), freezer()
    memory = judge_all(book, device, told).memory
    around = Neighbours(setting=Setting(id="store-1", devices={device.id: device}))
    return explain(book, book.by_id[RULE], device, memory, around)


def parts(one: Explanation, role: str = "when") -> list[tuple[int, str, bool | None]]:
    (condition,) = (each for each in one.conditions if each.role == role)
    return [(part.depth, part.text, part.answer) for part in condition.parts]


def first_part(one: Explanation, role: str = "when") -> Part:
    return next(each.parts[0] for each in one.conditions if each.role == role)


def test_a_raised_alarm_shows_its_condition_with_values_and_hold(tmp_path: Path) -> None:
    one = explained(tmp_path, rule_text(), WARM)
    assert (one.state, one.answer("when"), one.hold) == (State.ACTIVE, True, timedelta(minutes=30))
    assert one.alarm is not None
    assert one.alarm.since == WARM[0].at
    temperature, limit = first_part(one).values
    assert (temperature.text, temperature.value, temperature.unit, temperature.at) == (
        "temp.control",
        -5.0,
        "°C",
        WARM[-1].at,
    )
    assert (limit.text, limit.value) == ("limit", -12)


def test_a_condition_is_taken_apart_level_by_level(tmp_path: Path) -> None:
    text = rule_text().replace(
        "when: temp.control > limit", "when: temp.control > limit and in.door and not (fault.probe or out.compressor)"
    )
    one = explained(tmp_path, text.replace("fault.probe or ", ""), [said(0, temp_control=-5.0, in_door=False)])
    assert parts(one) == [
        (1, "and", False),
        (2, "temp.control > limit", True),
        (2, "in.door", False),
        (2, "not", None),
        (3, "out.compressor", None),
    ]


@pytest.mark.parametrize(
    ("told", "quality", "known"),
    [
        ([said(0, out_compressor=True)], None, False),
        ([said(0, temp_control=Quality.PROBE_FAULT)], Quality.PROBE_FAULT, False),
        ([said(0, temp_control=-5.0), said(30, out_compressor=True)], Quality.GOOD, False),
        ([said(0, temp_control=-5.0)], Quality.GOOD, True),
    ],
    ids=["never", "bad", "stale", "good"],
)
def test_what_is_unknown_says_how_the_point_was_reported(
    tmp_path: Path, told: Sequence[Telemetry], quality: Quality | None, known: bool
) -> None:
    one = explained(tmp_path, rule_text(), told)
    temperature = first_part(one).values[0]
    assert (temperature.quality, temperature.value is not None) == (quality, known)
    assert one.answer("when") is (True if known else None)


def test_a_function_shows_what_it_amounts_to_and_what_it_is_of(tmp_path: Path) -> None:
    text = rule_text().replace("when: temp.control > limit", "when: avg(temp.control, 30m) > limit")
    one = explained(tmp_path, text, WARM)
    assert [(value.text, value.value) for value in first_part(one).values] == [
        ("avg(temp.control, 30m)", -5.0),
        ("temp.control", -5.0),
        ("limit", -12),
    ]


def test_a_statistic_is_found_under_the_name_it_is_followed_by(tmp_path: Path) -> None:
    text = rule_text().replace("when: temp.control > limit", "when: lasting(temp.control > limit) > 15")
    one = explained(tmp_path, text, WARM)
    assert first_part(one).values[0].value == 40
    assert parts(one) == [(1, "lasting((temp.control > limit)) > 15.0", True)]


def test_a_mask_is_a_condition_of_its_own(tmp_path: Path) -> None:
    one = explained(tmp_path, MASKED, [said(0, temp_control=-5.0, defrost_active=True)])
    assert (one.state, one.answer("when"), one.answer("unless")) == (State.CLEAR, True, True)
    assert parts(one, "unless")[2:] == [(2, "not", True), (3, "held(defrost.active, 1h)", False)]


def test_an_inhibitor_is_told_with_its_state(tmp_path: Path) -> None:
    other = (
        rule_text(id_="refrigeration.probe_bad").replace("for: 30m", "for: 0s").replace("pendingx3 active", "activex4")
    )
    one = explained(tmp_path, rule_text("inhibited_by: [refrigeration.probe_bad]"), WARM, other)
    assert (one.inhibited, one.inhibitors) == (True, {"refrigeration.probe_bad": State.ACTIVE})
    assert one.state is State.PENDING


@pytest.mark.parametrize(
    ("overrides", "origin", "value"),
    [
        ("", "rule", -12),
        ("chain: {limit: -13}", "chain", -13),
        ("{chain: {limit: -13}, stores: {store-1: {limit: -14}}}", "store", -14),
        ("devices: {store-1/freezer-1: {limit: -15}}", "device", -15),
    ],
)
def test_a_param_says_where_it_comes_from(tmp_path: Path, overrides: str, origin: str, value: float) -> None:
    text = overrides.strip("{}").replace("}, stores", "}\nstores") if overrides.startswith("{") else overrides
    text = text + "}" * (text.count("{") - text.count("}"))
    (param,) = explained(tmp_path, rule_text(), WARM, overrides=text).params
    assert (param.origin, param.value) == (origin, value)


def test_a_duty_may_have_a_param_of_its_own(tmp_path: Path) -> None:
    book, device = book_in(tmp_path, rule_text()), freezer(duty="chiller")
    memory = judge_all(book, device, WARM).memory
    assert [(one.origin, one.value) for one in explain(book, book.rules[0], device, memory).params] == [("duty", 8)]


def test_a_rule_of_other_devices_and_a_device_never_heard_are_told(tmp_path: Path) -> None:
    text = rule_text().replace("[refrigeration_case]}", "[refrigeration_case], duty: [freezer]}")
    book = book_in(tmp_path, text.replace("params_for: {chiller: {limit: 8}}\n", ""))
    assert not explain(book, book.rules[0], freezer(duty="chiller"), DeviceMemory()).applies
    assert explain(book, book.rules[0], freezer(), DeviceMemory()).at is None


def test_asking_changes_nothing_and_every_shipped_rule_can_be_asked() -> None:
    book = load_rules()
    for rule in book.rules:
        for device_class in rule.device_classes:
            device = freezer(duty=next(iter(sorted(rule.duties)), ""))
            device = replace(device, device_class=device_class)
            memory = DeviceMemory(at=WARM[0].at)
            one = explain(book, rule, device, memory)
            assert (one.applies, memory) == (True, DeviceMemory(at=WARM[0].at))
            assert all(condition.parts for condition in one.conditions)


@pytest.mark.parametrize(
    ("when", "least"),
    [
        ("temp.control > limit", timedelta(hours=4)),
        ("avg(temp.control, 3d) > limit", timedelta(days=3)),
        ("lasting(avg(temp.control, 3d) > limit) > 60", timedelta(days=4)),
        ("temp.control > usual(temp.control) + 3", USUAL_REACH),
    ],
)
def test_it_knows_how_far_back_a_rule_looks(tmp_path: Path, when: str, least: timedelta) -> None:
    rule = book_in(tmp_path, rule_text().replace("when: temp.control > limit", f"when: {when}")).rules[0]
    assert least <= reach_of(rule) < least + timedelta(hours=2)


@pytest.mark.parametrize(
    ("when", "asks"), [("temp.control > limit", False), ("temp.control > siblings(temp.control)", True)]
)
def test_it_knows_whether_neighbours_have_a_say(tmp_path: Path, when: str, asks: bool) -> None:
    rule = book_in(tmp_path, rule_text().replace("when: temp.control > limit", f"when: {when}")).rules[0]
    assert asks_neighbours(rule) is asks
