"""Conditions that nothing can ever meet, in plain cases: one value above 5 and below 3, or one word and another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from rules.terms import Both, Calculated, Comparison, Constant, Either, Opposite, Term

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


class _Asked(NamedTuple):
    """That a term stands so to a constant."""

    term: Term
    operator: str
    value: float | str


def contradicts_itself(term: Term) -> bool:
    """Whether it, or a part of it, can never be true whatever is reported. Params may have any value."""
    match term:
        case Both():
            parts = list(_conjuncts(term))
            return _impossible(parts) or any(contradicts_itself(part) for part in parts)
        case Either(left=left, right=right):
            return contradicts_itself(left) or contradicts_itself(right)
        case Opposite(operand=operand):
            return contradicts_itself(operand)
    return False


def _conjuncts(term: Term) -> Iterator[Term]:
    if isinstance(term, Both):
        yield from _conjuncts(term.left)
        yield from _conjuncts(term.right)
    else:
        yield term


def _impossible(parts: list[Term]) -> bool:
    if any(Opposite(part) in parts for part in parts):
        return True
    asked: dict[Term, list[_Asked]] = defaultdict(list)
    for one in filter(None, map(_asked, parts)):
        asked[one.term].append(one)
    return any(_apart(some) for some in asked.values())


def _asked(part: Term) -> _Asked | None:
    """None where it compares no term with a constant."""
    if not isinstance(part, Comparison) or part.operator not in _TURNED:
        return None
    left, right = _constant(part.left), _constant(part.right)
    if (left is None) == (right is None):
        return None
    if right is not None:
        return _Asked(part.left, part.operator, right)
    return None if left is None else _Asked(part.right, _TURNED[part.operator], left)


def _constant(term: Term) -> float | str | None:
    if isinstance(term, Calculated) and term.function == "minus":
        inner = _constant(term.arguments[0])
        return -inner if isinstance(inner, float) else None
    if not isinstance(term, Constant) or isinstance(term.value, bool):
        return None
    return term.value if isinstance(term.value, str) else float(term.value)


def _apart(some: list[_Asked]) -> bool:
    """Whether no value fulfils all that is asked of one term."""
    words = {one.value for one in some if isinstance(one.value, str)}
    if words:
        return len(words) > 1
    low = max(((_number(one), one.operator == ">") for one in some if one.operator in {">", ">=", "=="}), default=None)
    high = min(((_number(one), one.operator != "<") for one in some if one.operator in {"<", "<=", "=="}), default=None)
    if low is None or high is None:
        return False
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or not high[1]))


def _number(one: _Asked) -> float:
    return one.value if isinstance(one.value, float) else inf
