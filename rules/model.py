"""What a rule is, and what judging a device by rules brings forth: changes with evidence and diagnosis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

from edge_agent.contract.readings import Quality, Value
from edge_agent.contract.text import Text
from rules.alarm import ChangeKind
from rules.expression import Expression
from rules.food import Food

Severity = Literal["critical", "high", "low"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
"""The worst first."""


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
    """One possible cause. `likelihood` is a share of 1 among the causes of this change; 0 means ruled out.

    `staff_checks` are what the staff of the store can do while they are on the telephone, before anybody drives out;
    `checks` are the technician's.
    """

    cause: Text
    likelihood: float
    supports: tuple[Text, ...]
    contradicts: tuple[Text, ...]
    checks: tuple[Text, ...]
    parts: tuple[Text, ...]
    id: str = ""
    staff_checks: tuple[Text, ...] = ()
    tools: tuple[Text, ...] = ()
    food_at_risk: bool = False


Priority = Literal["urgent", "high", "medium", "low"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An alarm of one device was raised or is over. `since` is when its condition began, in event time as `at` is.

    `since_at_least`: it had begun by then; what was before is not known yet. `priority` follows from the severity and
    from how it stands with the food.
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
    food: Food | None = None
    priority: Priority | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """A number of a rule that may differ by duty. `digits` is None where the shortest form reads best."""

    value: float
    unit: str = ""
    comment: str = ""
    digits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What speaks for or against a cause: how many times likelier the cause is where `when` is true, and `otherwise`.

    `raised` is a rule whose alarm on the same device is the sign; then there is no `when`. `because` says what was
    seen with the values put in; where it is None, the values speak for themselves.
    """

    when: Expression | None
    ratio: float
    otherwise: float = 1.0
    because: Text | None = None
    otherwise_because: Text | None = None
    raised: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """What a text may hold beside points and params, such as a mean; `digits` behind the point."""

    value: Expression
    digits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What may be behind an alarm of a class of device, however many rules may name it.

    `weight` is how often it is met, against the other causes. `duties` is empty where every duty can have it. It is
    `creeping` where it grows; all others are there at once. `numbers` are those that its texts hold.
    """

    id: str
    text: Text
    weight: float = 1.0
    duties: frozenset[str] = frozenset()
    food_at_risk: bool = False
    creeping: bool = False
    signs: tuple[Sign, ...] = ()
    staff_checks: tuple[Text, ...] = ()
    checks: tuple[Text, ...] = ()
    parts: tuple[Text, ...] = ()
    tools: tuple[Text, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict)
    params_for: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    numbers: Mapping[str, Number] = field(default_factory=dict)

    def asked(self) -> Iterator[Expression]:
        """Every condition and number of it."""
        yield from (sign.when for sign in self.signs if sign.when is not None)
        yield from (number.value for number in self.numbers.values())

    def params_of(self, duty: str) -> dict[str, float]:
        return params_of(self.params, self.params_for, duty)

    def fits(self, duty: str) -> bool:
        return not self.duties or not duty or duty in self.duties


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A cause that a rule names; it trips the rule `ratio` times as readily as a cause that is just named."""

    cause: Cause
    ratio: float = 1.0


Relation = Literal["device", "fed", "feeder", "bus", "store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """Whose ticket takes in what follows from it: an alarm of this rule or family, `of` the related device."""

    of: Relation
    rule: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """While `when` is true the rule raises nothing; `text` names what was excluded where it was false."""

    when: Expression
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault, how it is recognised, and what is told to whoever goes to mend it.

    `duties` is empty where every duty of `device_classes` is meant. `key_value` is the point and `limit` the param that
    a chart shows. Texts may hold `{point}`, `{param}`, `{for}` and `{held_for}`. `suspects` are the causes, by class.
    Of one device there is one open ticket for all rules of a `family`; it folds under those of `folds_under`, and
    may stand for `recovers_within` when they are over.
    `latched`: its alarm stays with operators until one resets it; `shadow`: it is judged and recorded, told to nobody.
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
    suspects: Mapping[str, tuple[Suspect, ...]] = field(default_factory=dict)
    family: str = ""
    folds_under: tuple[Above, ...] = ()
    recovers_within: timedelta = timedelta()
    latched: bool = False
    shadow: bool = False
    file: str = ""

    def applies_to(self, device_class: str, duty: str) -> bool:
        return device_class in self.device_classes and (not self.duties or duty in self.duties)

    def asked(
        self, device_class: str, duty: str, params: Mapping[str, float] | None = None
    ) -> Iterator[tuple[Expression, Mapping[str, float]]]:
        """Every condition that may be asked of such a device, with its params: the rule's, and the signs of causes.

        `params` are the rule's own, where they differ from those of the duty.
        """
        params = self.params_of(duty) if params is None else params
        mask = None if self.unless is None else self.unless.when
        yield from ((each, params) for each in (self.when, self.normal, mask) if each is not None)
        for suspect in self.suspects.get(device_class, ()):
            if suspect.cause.fits(duty):
                own = suspect.cause.params_of(duty)
                yield from ((each, own) for each in suspect.cause.asked())

    def params_of(self, duty: str) -> dict[str, float]:
        return params_of(self.params, self.params_for, duty)


def params_of(
    params: Mapping[str, Param], params_for: Mapping[str, Mapping[str, float]], duty: str
) -> dict[str, float]:
    """Their values for devices of that duty."""
    return {name: param.value for name, param in params.items()} | dict(params_for.get(duty, {}))
