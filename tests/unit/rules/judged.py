"""A device, telemetry and rules that tests can say in one line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Device, Quality, Reading, Telemetry, Value
from edge_agent.contract.text import same
from rules.book import RuleBook
from rules.check import Scope, compile_condition
from rules.engine import Judgement, judge
from rules.expression import Expression, Moment
from rules.load import load_rules
from rules.memory import DeviceMemory, is_silent, remember
from rules.model import Change

T0 = datetime(2026, 7, 15, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CASE = Scope(classes=(DEVICE_CLASSES["refrigeration_case"],), params=frozenset({"limit"}))
PARAMS = {"limit": -12.0}
Said = Value | Quality


def freezer(id_: str = "freezer-1", duty: str = "freezer") -> Device:
    return Device(
        id=id_,
        device_class="refrigeration_case",
        duty=duty,
        profile="danfoss_ekc204a1",
        profile_version=1,
        proven=False,
        name=same(id_),
    )


def said(minute: float, device: str = "freezer-1", *, trusted: bool = True, **points: Said) -> Telemetry:
    """`temp_control=-20.0` at that minute; the first underscore of a name stands for the dot."""
    return telemetry(minute, {name.replace("_", ".", 1): value for name, value in points.items()}, device, trusted)


def telemetry(minute: float, points: dict[str, Said], device: str = "freezer-1", trusted: bool = True) -> Telemetry:
    readings = tuple(
        Reading(point=point, value=None, quality=value)
        if isinstance(value, Quality)
        else Reading(point=point, value=value)
        for point, value in points.items()
    )
    at = T0 + minute * MINUTE
    return Telemetry(device=device, at=at, boot="b", mono=minute * 60, clock_trusted=trusted, readings=readings)


def answer(text: str, *told: Telemetry) -> bool | None:
    """What a condition on a refrigeration case answers right after the last telemetry."""
    return answer_at(None, text, *told)


def answer_at(minute: float | None, text: str, *told: Telemetry) -> bool | None:
    expression = compile_condition(text, CASE)
    return expression.holds(moment_after(expression, told, minute))


def moment_after(expression: Expression, told: Iterable[Telemetry], minute: float | None = None) -> Moment:
    memory = DeviceMemory()
    for each in told:
        memory = remember(memory, each, expression.windows)
    at = (memory.at or T0) if minute is None else T0 + minute * MINUTE
    return Moment(at=at, points=memory.points, windows=memory.windows, params=PARAMS, silent=is_silent(memory))


def judge_all(
    book: RuleBook, device: Device, told: Iterable[Telemetry], memory: DeviceMemory | None = None
) -> Judgement:
    """All changes of several telemetries, and the memory after the last."""
    memory, changes = memory or DeviceMemory(), list[Change]()
    for each in told:
        judgement = judge(book, device, memory, each)
        memory = judgement.memory
        changes += judgement.changes
    return Judgement(memory=memory, changes=tuple(changes))


RULE = """\
id: {id}
title: {{zh: 温度高, en: Too warm}}
why: {{zh: 变质, en: Food spoils}}
severity: high
applies_to: {{device_class: [refrigeration_case]}}
params: {{limit: -12}}
params_for: {{chiller: {{limit: 8}}}}
condition:
  zh: "{{temp.control}} °C 高于 {{limit}}"
  en: "{{temp.control}} °C above {{limit}} for {{held_for}}"
when: temp.control > limit
for: 30m
{more}
tests:
  - it: waits
    every: 10m
    device: {{duty: freezer}}
    temp.control: -10x4
    expect: pendingx3 active
"""


def rule_text(more: str = "", id_: str = "refrigeration.too_warm") -> str:
    return RULE.format(id=id_, more=more)


def book_in(folder: Path, *texts: str) -> RuleBook:
    """Raises Faulty."""
    for number, text in enumerate(texts):
        (folder / f"rule-{number}.yaml").write_text(text, encoding="utf-8")
    return load_rules(folder)
