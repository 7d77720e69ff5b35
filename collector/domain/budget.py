"""What a visit found, in one tap, and which rules cry wolf: those over their budget go to shadow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

from edge_agent.contract.text import Text

Code = Literal["real_fault", "nuisance", "no_fault_found", "staff_action", "duplicate", "test"]
CODES: tuple[Code, ...] = get_args(Code)
CODE_NAMES: Mapping[Code, Text] = {
    "real_fault": Text(zh="确有故障", en="a real fault"),
    "nuisance": Text(zh="误报", en="a false alarm"),
    "no_fault_found": Text(zh="未发现故障", en="no fault found"),
    "staff_action": Text(zh="店员操作所致", en="something staff did"),
    "duplicate": Text(zh="重复", en="a duplicate"),
    "test": Text(zh="测试", en="a test"),
}

RIGHT: frozenset[Code] = frozenset({"real_fault"})
WRONG: frozenset[Code] = frozenset({"nuisance", "no_fault_found"})
"""The others say nothing of the rule: what staff did was there to be seen, a duplicate or a test was nobody's visit."""

LOOKS_BACK = timedelta(days=90)
Verdict = Literal["too_few", "within", "to_shadow", "only_told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often a rule has to be right, once so many tickets were closed with a code that says whether it was."""

    precision: float = 0.8
    closures: int = 10


DEFAULT = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How a rule has done: `counts` by code. `food`: it, or a ticket of it, is about food at risk."""

    rule: str
    counts: dict[Code, int]
    food: bool

    @property
    def right(self) -> int:
        return sum(self.counts.get(code, 0) for code in RIGHT)

    @property
    def judged(self) -> int:
        return self.right + sum(self.counts.get(code, 0) for code in WRONG)

    @property
    def precision(self) -> float | None:
        return self.right / self.judged if self.judged else None


def record_of(rule: str, closures: Iterable[tuple[Code, bool]]) -> Record:
    """`closures` are codes of the rule's tickets, each with whether its ticket was food-critical."""
    counts: dict[Code, int] = {}
    food = False
    for code, critical in closures:
        counts[code] = counts.get(code, 0) + 1
        food = food or critical
    return Record(rule=rule, counts=counts, food=food)


def judge_record(record: Record, budget: Budget = DEFAULT) -> Verdict:
    """Food that spoils unseen is worse than any number of visits: such a rule is only told of."""
    precision = record.precision
    if precision is None or record.judged < budget.closures:
        return "too_few"
    if precision >= budget.precision:
        return "within"
    return "only_told" if record.food else "to_shadow"
