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

CAUSES = """
unless: {when: defrost.active, text: {zh: 化霜, en: a defrost}}
evidence: [temp.control, temp.air_on, in.door]
key_value: temp.control
limit: limit
causes:
  - {id: unspoken, text: {zh: 未知, en: Unspoken}, weight: 3}
  - {id: door, text: {zh: 门开, en: Door}, when: in.door}
  - id: coil
    text: {zh: 结冰, en: Coil}
    when: temp.evaporator < -30
    because:
      zh: 蒸发器 {temp.evaporator} °C
      en: "evaporator {temp.evaporator} °C, limit {limit}"
    checks: [{zh: 查看, en: "Look at it, {for}"}]
    parts: [{zh: 加热管, en: Heater}]
"""


def change_for(tmp_path: Path, **others: Said) -> Change:
    book = book_in(tmp_path, rule_text(CAUSES))
    named = {name.replace("_", ".", 1): value for name, value in others.items()}
    points: dict[str, Said] = {"temp.control": -10.04, "defrost.active": False, **named}
    told = [telemetry(minute, points) for minute in (0, 10, 20, 30)]
    (change,) = judge_all(book, freezer(), told).changes
    return change


def test_causes_that_the_readings_show_come_first_and_those_they_contradict_last(tmp_path: Path) -> None:
    found = change_for(tmp_path, temp_evaporator=-33.33, in_door=False).diagnosis
    assert [cause.cause.en for cause in found] == ["Coil", "Unspoken", "Door"]
    assert [cause.likelihood for cause in found] == [0.625, 0.375, 0.0]


def test_a_cause_says_what_supports_it_with_the_digits_of_the_catalogue(tmp_path: Path) -> None:
    first = change_for(tmp_path, temp_evaporator=-33.33).diagnosis[0]
    assert first.supports == (Text(zh="蒸发器 -33.3 °C", en="evaporator -33.3 °C, limit -12"),)
    assert first.checks == (Text(zh="查看", en="Look at it, 30 min"),)
    assert first.parts == (Text(zh="加热管", en="Heater"),)


def test_a_cause_says_what_contradicts_it(tmp_path: Path) -> None:
    last = change_for(tmp_path, in_door=False).diagnosis[-1]
    assert last.contradicts == (Text(zh="门开：否", en="Door open: no"),)
    assert last.supports == ()


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
