"""What an alarm says of itself: evidence, causes in order, and texts with values in both languages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.contract.readings import Quality
from edge_agent.contract.text import Text
from rules.diagnosis import duration_words
from rules.model import Change
from tests.unit.rules.judged import Said, book_in, freezer, judge_all, rule_text, telemetry

MORE = """
unless: {when: defrost.active, text: {zh: 化霜, en: a defrost}}
evidence: [temp.control, temp.air_on, in.door]
key_value: temp.control
limit: limit
causes: [unspoken, door, {coil: 2}]
"""
CAUSES = """
params: {cold: {value: -30, digits: 1}}
causes:
  unspoken: {text: {zh: 未知, en: Unspoken}, weight: 3, checks: [{zh: 看, en: See}]}
  door:
    text: {zh: 门开, en: Door}
    signs: [{when: in.door, for: 6, else: 100}]
    checks: [{zh: 关门, en: Shut it}]
  coil:
    text: {zh: 结冰, en: Coil}
    food_at_risk: true
    signs:
      - when: temp.evaporator < cold
        for: 5
        because: {zh: "蒸发器 {temp.evaporator} °C", en: "evaporator {temp.evaporator} °C, below {cold}"}
        else: 4
        else_because: {zh: 蒸发器不冷, en: "the evaporator is not cold"}
      - {when: temp.air_off > 0, against: 5}
    staff_checks: [{zh: 看冰, en: Look for ice}]
    checks: [{zh: 查看, en: "Look at it, {for}"}]
    parts: [{zh: 加热管, en: Heater}]
    tools: [{zh: 钳形表, en: Clamp meter}]
"""


def change_for(tmp_path: Path, **others: Said) -> Change:
    (tmp_path / "causes").mkdir()
    (tmp_path / "causes" / "refrigeration_case.yaml").write_text(CAUSES, encoding="utf-8")
    book = book_in(tmp_path, rule_text(MORE))
    named = {name.replace("_", ".", 1): value for name, value in others.items()}
    points: dict[str, Said] = {"temp.control": -10.04, "defrost.active": False, **named}
    told = [telemetry(minute, points) for minute in (0, 10, 20, 30)]
    (change,) = judge_all(book, freezer(), told).changes
    return change


def shares(change: Change) -> dict[str, float]:
    return {cause.id: cause.likelihood for cause in change.diagnosis}


def test_without_signs_the_weights_decide_and_what_the_rule_says_of_them(tmp_path: Path) -> None:
    assert shares(change_for(tmp_path)) == {"unspoken": 0.5, "coil": 0.333, "door": 0.167}


def test_signs_that_are_seen_speak_for_a_cause(tmp_path: Path) -> None:
    assert shares(change_for(tmp_path, temp_evaporator=-33.0)) == {"coil": 0.714, "unspoken": 0.214, "door": 0.071}


def test_signs_speak_against_a_cause_and_are_weighed_together(tmp_path: Path) -> None:
    change = change_for(tmp_path, temp_evaporator=-33.0, temp_air_off=3.0, in_door=True)
    assert shares(change) == {"door": 0.545, "unspoken": 0.273, "coil": 0.182}
    assert [text.en for text in change.diagnosis[2].contradicts] == ["Air-off temperature (S4) 3.0 °C"]


def test_a_cause_that_is_contradicted_and_hardly_likely_is_ruled_out(tmp_path: Path) -> None:
    assert shares(change_for(tmp_path, in_door=False)) == {"unspoken": 0.599, "coil": 0.399, "door": 0.0}


def test_a_cause_says_what_supports_it_with_the_digits_of_the_catalogue_and_its_own_params(tmp_path: Path) -> None:
    first = change_for(tmp_path, temp_evaporator=-33.33).diagnosis[0]
    assert first.supports == (Text(zh="蒸发器 -33.3 °C", en="evaporator -33.3 °C, below -30.0"),)
    assert first.checks == (Text(zh="查看", en="Look at it, 30 min"),)


def test_a_cause_says_what_to_ask_and_what_to_carry(tmp_path: Path) -> None:
    first = change_for(tmp_path, temp_evaporator=-33.0).diagnosis[0]
    assert (first.staff_checks, first.food_at_risk) == ((Text(zh="看冰", en="Look for ice"),), True)
    assert (first.parts, first.tools) == ((Text(zh="加热管", en="Heater"),), (Text(zh="钳形表", en="Clamp meter"),))


def test_a_cause_says_what_contradicts_it_in_its_own_words_or_those_of_the_points(tmp_path: Path) -> None:
    found = {each.id: each for each in change_for(tmp_path, in_door=False, temp_evaporator=-20.0).diagnosis}
    assert found["door"].contradicts == (Text(zh="门开：否", en="Door open: no"),)
    assert found["coil"].contradicts == (Text(zh="蒸发器不冷", en="the evaporator is not cold"),)
    assert found["coil"].supports == ()


def test_evidence_names_what_was_excluded(tmp_path: Path) -> None:
    evidence = change_for(tmp_path, in_door=False).evidence
    assert [text.en for text in evidence.excluded] == ["a defrost (Defrost running: no)", "Door (Door open: no)"]
    assert evidence.excluded[0].zh == "化霜（化霜中：否）"


def test_evidence_shows_a_bad_reading_as_bad(tmp_path: Path) -> None:
    values = change_for(tmp_path, temp_air_on=Quality.PROBE_FAULT).evidence.values
    assert [(value.point, value.value, value.quality) for value in values] == [
        ("temp.control", -10.04, Quality.GOOD),
        ("temp.air_on", None, Quality.PROBE_FAULT),
    ]


def test_the_condition_is_a_sentence_with_values(tmp_path: Path) -> None:
    condition = change_for(tmp_path).evidence.condition
    assert condition == Text(zh="-10.0 °C 高于 -12", en="-10.0 °C above -12 for 30 min")


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(0, "0 秒", "0 s"), (59, "59 秒", "59 s"), (3600, "1 小时", "1 h"), (3901, "1 小时 5 分钟", "1 h 5 min")],
)
def test_durations_are_said_as_people_do(seconds: int, zh: str, en: str) -> None:
    assert duration_words(timedelta(seconds=seconds)) == Text(zh=zh, en=en)
