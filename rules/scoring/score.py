"""The figures that are asked of a rule library, by kind of fault and all together."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rules.scoring.match import Finding, Outcome, ScoredTicket

QUARTER = timedelta(days=91)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindScore:
    """Of one kind of fault. Shares are of 1; `median_after` is from the physical earliest to the first ticket."""

    fault: str
    labels: int
    found: int
    first: int
    among_three: int
    median_after: timedelta | None
    median_left: float | None
    food_missed: int

    @property
    def recall(self) -> float:
        return self.found / self.labels

    @property
    def first_share(self) -> float | None:
        return self.first / self.found if self.found else None

    @property
    def three_share(self) -> float | None:
        return self.among_three / self.found if self.found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """Of the tickets that a rule opened: `right` ones that a label explains, and `false` ones."""

    rule: str
    right: int
    false: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.false)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """`sudden` and `creeping` divide the kinds; `healthy_false` are false tickets per healthy store and quarter.

    A share is None where there was nothing to take it of.
    """

    kinds: tuple[KindScore, ...]
    rules: tuple[RuleScore, ...]
    sudden_recall: float | None
    creeping_recall: float | None
    precision: float | None
    tickets: int
    false: int
    tickets_per_fault: float | None
    first_share: float | None
    three_share: float | None
    median_left: float | None
    food_missed: int
    healthy_false: float | None
    store_months: float
    healthy_store_months: float


def score(outcome: Outcome, lengths: dict[str, timedelta], *, sudden: Callable[[str], bool] = lambda _: True) -> Score:
    """`lengths` is how long each store was judged; one without labels is healthy."""
    findings = outcome.findings
    kinds = tuple(_kind(fault, group) for fault, group in sorted(_by_fault(findings).items()))
    labelled = {finding.label.store for finding in findings}
    healthy = {store: length for store, length in lengths.items() if store not in labelled}
    true = {ticket for one in findings for ticket in one.tickets}
    told = len(true) + len(outcome.false)
    found = [finding for finding in findings if finding.found]
    false_there = sum(ticket.store in healthy for ticket in outcome.false)
    return Score(
        kinds=kinds,
        rules=_rules(true, outcome.false),
        sudden_recall=_recall(finding for finding in findings if sudden(finding.label.fault)),
        creeping_recall=_recall(finding for finding in findings if not sudden(finding.label.fault)),
        precision=len(true) / told if told else None,
        tickets=told,
        false=len(outcome.false),
        tickets_per_fault=len(true) / len(found) if found else None,
        first_share=_share([finding.rank == 1 for finding in found]),
        three_share=_share([finding.rank is not None and finding.rank <= 3 for finding in found]),
        median_left=_median([finding.left for finding in findings]),
        food_missed=sum(finding.food_missed for finding in findings),
        healthy_false=false_there / (_total(healthy.values()) / QUARTER) if _total(healthy.values()) else None,
        store_months=_total(lengths.values()) / timedelta(days=30),
        healthy_store_months=_total(healthy.values()) / timedelta(days=30),
    )


def _by_fault(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.label.fault].append(finding)
    return groups


def _kind(fault: str, findings: Sequence[Finding]) -> KindScore:
    after = [finding.after.total_seconds() for finding in findings if finding.after is not None]
    return KindScore(
        fault=fault,
        labels=len(findings),
        found=sum(finding.found for finding in findings),
        first=sum(finding.rank == 1 for finding in findings),
        among_three=sum(finding.rank is not None and finding.rank <= 3 for finding in findings),
        median_after=timedelta(seconds=statistics.median(after)) if after else None,
        median_left=_median([finding.left for finding in findings]),
        food_missed=sum(finding.food_missed for finding in findings),
    )


def _rules(right: Iterable[ScoredTicket], false: Iterable[ScoredTicket]) -> tuple[RuleScore, ...]:
    rights, falses = Counter(ticket.rule for ticket in right), Counter(ticket.rule for ticket in false)
    return tuple(RuleScore(rule=rule, right=rights[rule], false=falses[rule]) for rule in sorted({*rights, *falses}))


def _recall(findings: Iterable[Finding]) -> float | None:
    return _share([finding.found for finding in findings])


def _share(answers: Sequence[bool]) -> float | None:
    return sum(answers) / len(answers) if answers else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _total(lengths: Iterable[timedelta]) -> timedelta:
    return sum(lengths, timedelta(0))
