"""What a rule is, and what judging a device by rules brings forth: changes with evidence and diagnosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from edge_agent.contract.readings import Device, Quality, Value
from edge_agent.contract.text import Text
from rules.alarm import ChangeKind
from rules.expression import Expression

Severity = Literal["critical", "high", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceValue:
    """A point as it was known when the change was decided; `value` is None where `quality` is not good."""

    point: str
    value: Value | None
    quality: Quality
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why the alarm changed. `held_for` counts from the first true reading; `params` are the limits that were used."""

    condition: Text
    held_for: timedelta
    values: tuple[EvidenceValue, ...]
    params: dict[str, float]
    excluded: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One possible cause. `likelihood` is a share of 1 among the causes of this change; 0 means ruled out."""

    cause: Text
    likelihood: float
    supports: tuple[Text, ...]
    contradicts: tuple[Text, ...]
    checks: tuple[Text, ...]
    parts: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An alarm of one device was raised or is over. `since` is when its condition began, in event time as `at` is.

    `since_at_least`: it had begun by then; what was before is not known yet.
    """

    rule: str
    device: str
    kind: ChangeKind
    at: datetime
    since: datetime
    severity: Severity
    evidence: Evidence
    diagnosis: tuple[Diagnosis, ...]
    since_at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A number of a rule that may differ by duty. `digits` is None where the shortest form reads best."""

    value: float
    unit: str = ""
    comment: str = ""
    digits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What may be behind an alarm; `when` is what would show it, and `because` says so with the values put in."""

    id: str
    text: Text
    when: Expression | None = None
    because: Text | None = None
    weight: float = 1.0
    checks: tuple[Text, ...] = ()
    parts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """While `when` is true the rule raises nothing; `text` names what was excluded where it was false."""

    when: Expression
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault, how it is recognised, and what is told to whoever goes to mend it.

    `duties` is empty where every duty of `device_classes` is meant. `key_value` is the point and `limit` the param that
    a chart shows. Texts may hold `{point}`, `{param}`, `{for}` and `{held_for}`.
    """

    id: str
    title: Text
    why: Text
    severity: Severity
    device_classes: frozenset[str]
    duties: frozenset[str]
    condition: Text
    when: Expression
    hold: timedelta
    normal: Expression | None
    normal_for: timedelta
    unless: Mask | None
    inhibited_by: tuple[str, ...]
    params: Mapping[str, Param]
    params_for: Mapping[str, Mapping[str, float]]
    evidence: tuple[str, ...]
    key_value: str | None
    limit: str | None
    causes: tuple[Cause, ...]
    file: str = ""

    def applies_to(self, device_class: str, duty: str) -> bool:
        return device_class in self.device_classes and (not self.duties or duty in self.duties)

    def expressions(self) -> tuple[Expression, ...]:
        """Every condition of the rule."""
        mask = None if self.unless is None else self.unless.when
        every = (self.when, self.normal, mask, *(cause.when for cause in self.causes))
        return tuple(expression for expression in every if expression is not None)

    def params_of(self, duty: str) -> dict[str, float]:
        return {name: param.value for name, param in self.params.items()} | dict(self.params_for.get(duty, {}))

    def limit_of(self, duty: str) -> float | None:
        """The number to draw across the chart of `key_value`."""
        return None if self.limit is None else self.params_of(duty)[self.limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What judging one kind of device takes: each rule with its params, and how long which points are remembered."""

    rules: tuple[tuple[Rule, dict[str, float]], ...] = ()
    windows: dict[str, timedelta] = field(default_factory=dict)


NOTHING_TO_JUDGE = Plan()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules in force, each after those that inhibit it; `by_id` finds one, `plans` go by class and duty."""

    rules: tuple[Rule, ...]
    by_id: Mapping[str, Rule]
    plans: Mapping[tuple[str, str], Plan]

    def plan(self, device: Device) -> Plan:
        """A duty that this release does not know is judged by the rules that ask for none."""
        duty = device.duty if device.duty in DUTIES else ""
        return self.plans.get((device.device_class, duty), NOTHING_TO_JUDGE)


def book_of(rules: Sequence[Rule]) -> RuleBook:
    """`rules` come each after those that inhibit it."""
    kinds = [(device_class, duty) for device_class in DEVICE_CLASSES for duty in ("", *DUTIES)]
    return RuleBook(
        rules=tuple(rules),
        by_id={rule.id: rule for rule in rules},
        plans={kind: _plan(rules, *kind) for kind in kinds},
    )


def _plan(rules: Sequence[Rule], device_class: str, duty: str) -> Plan:
    meant = [rule for rule in rules if rule.applies_to(device_class, duty)]
    windows: dict[str, timedelta] = {}
    for expression in (expression for rule in meant for expression in rule.expressions()):
        for point, length in expression.windows.items():
            windows[point] = max(length, windows.get(point, length))
    return Plan(rules=tuple((rule, rule.params_of(duty)) for rule in meant), windows=windows)
