"""Conditions that answer true, false or unknown at each telemetry."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import add, eq, ge, gt, le, lt, mul, ne, sub, truediv
from typing import Literal, Protocol

from edge_agent.contract.readings import UNREACHED, Quality, Value
from rules.memory import LastReading
from rules.window import QUESTIONS, STALE_AFTER, Run

_GOOD = Quality.GOOD

Type = Literal["number", "flag", "word"]
Answer = Value | None
"""None is unknown."""

FITS: dict[Type, frozenset[type]] = {
    "number": frozenset({float, int}),
    "flag": frozenset({bool}),
    "word": frozenset({str}),
}
"""What a reading of each type must be; a flag is no number."""


@dataclass(slots=True, kw_only=True)
class Moment:
    """What is known of a device at `at`. `silent`: nothing but that it cannot be reached; None: no report yet."""

    at: datetime
    points: Mapping[str, LastReading]
    windows: Mapping[str, tuple[Run, ...]]
    params: Mapping[str, float]
    silent: bool | None


class Term(Protocol):
    """A part of a condition; it raises nothing, whatever a store has sent."""

    def answer(self, moment: Moment) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value

    def answer(self, moment: Moment) -> Answer:  # noqa: ARG002 — the same at every moment
        return self.value


@dataclass(frozen=True, slots=True)
class ParamValue:
    name: str

    def answer(self, moment: Moment) -> Answer:
        return moment.params.get(self.name)


@dataclass(frozen=True, slots=True)
class PointValue:
    """Unknown while the newest report is bad, older than STALE_AFTER, or not of the type that the catalogue says."""

    name: str
    type: Type

    def answer(self, moment: Moment) -> Answer:
        last = moment.points.get(self.name)
        if last is None or last.quality is not _GOOD or moment.at - last.at > STALE_AFTER:
            return None
        return last.value if type(last.value) in FITS[self.type] else None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Unknown where a side is, where a divisor is zero, and where the result is too large."""

    calculate: Callable[[float, float], float]
    left: Term
    right: Term

    def answer(self, moment: Moment) -> Answer:
        left, right = self.left.answer(moment), self.right.answer(moment)
        if left is None or right is None:
            return None
        try:
            result = self.calculate(left, right)  # type: ignore[arg-type]  # the checker has seen that both are numbers
        except (ZeroDivisionError, OverflowError):
            return None
        return result if math.isfinite(result) else None


@dataclass(frozen=True, slots=True)
class Comparison:
    compare: Callable[[Value, Value], bool]
    left: Term
    right: Term

    def answer(self, moment: Moment) -> Answer:
        left, right = self.left.answer(moment), self.right.answer(moment)
        return None if left is None or right is None else self.compare(left, right)


@dataclass(frozen=True, slots=True)
class Both:
    left: Term
    right: Term

    def answer(self, moment: Moment) -> Answer:
        left = self.left.answer(moment)
        if left is False:
            return False
        right = self.right.answer(moment)
        if right is False:
            return False
        return None if left is None or right is None else True


@dataclass(frozen=True, slots=True)
class Either:
    left: Term
    right: Term

    def answer(self, moment: Moment) -> Answer:
        left = self.left.answer(moment)
        if left is True:
            return True
        right = self.right.answer(moment)
        if right is True:
            return True
        return None if left is None or right is None else False


@dataclass(frozen=True, slots=True)
class Opposite:
    operand: Term

    def answer(self, moment: Moment) -> Answer:
        value = self.operand.answer(moment)
        return None if value is None else not value


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Term

    def answer(self, moment: Moment) -> Answer:
        value = self.operand.answer(moment)
        return None if value is None else -value  # type: ignore[operator]  # the checker has seen that it is a number


@dataclass(frozen=True, slots=True)
class QualityOf:
    """The word of the newest report's quality; unknown where that speaks of the line, and after a long silence."""

    name: str

    def answer(self, moment: Moment) -> Answer:
        last = moment.points.get(self.name)
        if last is None or last.quality in UNREACHED or moment.at - last.at > STALE_AFTER:
            return None
        return last.quality.value


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a flag is set and has been reported so, and nothing else, for at least `length`."""

    flag: PointValue
    length: timedelta

    def answer(self, moment: Moment) -> Answer:
        value = self.flag.answer(moment)
        return moment.at - moment.points[self.flag.name].since >= self.length if value else value


@dataclass(frozen=True, slots=True)
class OverWindow:
    """What the last `length` says of a point; unknown while the point is, or while the window is not covered."""

    question: str
    point: PointValue
    length: timedelta

    def answer(self, moment: Moment) -> Answer:
        if self.point.answer(moment) is None:
            return None
        return QUESTIONS[self.question](moment.windows.get(self.point.name, ()), moment.at, self.length)


@dataclass(frozen=True, slots=True)
class Silent:
    """Whether all that was said of the device since it last answered is that it cannot be reached."""

    def answer(self, moment: Moment) -> Answer:
        return moment.silent


COMPARE: Mapping[str, Callable[..., bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
CALCULATE: Mapping[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": truediv}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A checked condition. `points` are those it reads, in the order of the text; `windows` how far back it looks."""

    text: str
    term: Term
    points: tuple[str, ...]
    windows: Mapping[str, timedelta]

    def holds(self, moment: Moment) -> bool | None:
        answer = self.term.answer(moment)
        return None if answer is None else answer is True
