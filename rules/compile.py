"""Checked terms → Python functions of a moment.

The source is written here from the terms alone: names come from the tables below, everything that a rule file said
comes in as a constant. So a condition can do nothing but read what is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from edge_agent.contract.readings import Quality
from rules import kinetic
from rules.pace import step_of
from rules.terms import (
    Answer,
    Arithmetic,
    AtFeeder,
    Both,
    Calculated,
    Comparison,
    Constant,
    Either,
    Followed,
    Held,
    InStore,
    LocalHour,
    OfFood,
    Opposite,
    OverWindow,
    ParamValue,
    PointValue,
    QualityOf,
    Reached,
    ShareOf,
    Siblings,
    Silent,
    SumOfFed,
    SunUp,
    Term,
    Track,
    parts_of,
)
from rules.window import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.expression import Moment

COMPARE = frozenset({"==", "!=", "<", "<=", ">", ">="})
CALCULATE: Mapping[str, str] = {"+": "add", "-": "sub", "*": "mul", "/": "div"}

TOO_MUCH = 1e30
"""No measured value is as large; sums of such would not fit where they are kept."""


def _total(calculate: Callable[..., float | None]) -> Callable[..., float | None]:
    """Unknown where a result is none or no number that could be measured."""

    def calculated(*numbers: float) -> float | None:
        try:
            result = calculate(*numbers)
            return result if result is not None and math.isfinite(result) else None
        except (ZeroDivisionError, OverflowError):
            return None

    return calculated


NUMBERS: Mapping[str, Callable[..., float | None]] = {
    "add": _total(lambda a, b: a + b),
    "sub": _total(lambda a, b: a - b),
    "mul": _total(lambda a, b: a * b),
    "div": _total(lambda a, b: a / b),
    "minus": lambda a: -a,
    "abs": abs,
    "least": min,
    "most": max,
    "arrhenius": _total(kinetic.speed),
    "kinetic": _total(kinetic.temperature),
}
"""Functions of numbers that are known; None is unknown."""


class Function(Protocol):
    def __call__(self, moment: Moment, /) -> Answer: ...


class Sampler(Protocol):
    """A number or flag as a number that can be summed; False where the condition of a track does not hold, None where
    either is unknown."""

    def __call__(self, moment: Moment, /) -> float | bool | None: ...


@cache
def function_of(term: Term) -> Function:
    writer = _Writer()
    writer.line(f"return {writer.write(term)}")
    made: Function = writer.function()
    return made


@cache
def sampler_of(term: Term, condition: Term | None, step: float | None) -> Sampler:
    """`step`: where it may change without a point of its own, it says when, in no shorter steps than that many s."""
    writer = _Writer(step)
    if condition is not None:
        holds = writer.write(condition)
        writer.line(f"if not {holds}: return {holds}")
    value = writer.write(term)
    writer.line(f"return float({value}) if {value} is not None and {-TOO_MUCH} < {value} < {TOO_MUCH} else None")
    made: Sampler = writer.function()
    return made


_TYPES: Mapping[str, str] = {
    "number": "type({0}) is not float and type({0}) is not int",
    "flag": "{0} is not True and {0} is not False",
    "word": "type({0}) is not str",
}


class _Writer:
    """Lines of one function; each term leaves its answer in a variable, and only where it is needed."""

    def __init__(self, step: float | None = None) -> None:
        """`step`: the function says when its answer may be another one."""
        self._step = step
        self._lines: list[str] = []
        self._depth = 1
        self._count = 0
        self._loaded: dict[PointValue, str] = {}
        self._names: dict[str, Any] = {"GOOD": Quality.GOOD, "__builtins__": {"type": type, "float": float, "int": int, "str": str}}  # fmt: skip  # noqa: E501

    def line(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    def function(self) -> Any:
        head = ["def answer(m):", "    points, fresh = m.points.get, m.fresh_from"]
        source = "\n".join([*head, *self._lines])
        exec(compile(source, "<condition>", "exec"), self._names)  # noqa: S102 — written above, of checked terms alone
        return self._names["answer"]

    def write(self, term: Term) -> str:
        return _WRITERS[type(term)](self, term)

    def parameter(self, term: ParamValue) -> str:
        return self.variable(f"m.params.get({self.constant(term.name)})")

    def opposite(self, term: Opposite) -> str:
        value = self.write(term.operand)
        return self.variable(f"None if {value} is None else not {value}")

    def comparison(self, term: Comparison) -> str:
        if self._step is not None and _is_of_timer(term):
            return self.crossing(term)
        return self.pair(term.left, term.right, f"{{0}} {term.operator} {{1}}")

    def calculation(self, term: Arithmetic) -> str:
        function = CALCULATE[term.operator]
        self._names[function] = NUMBERS[function]
        return self.pair(term.left, term.right, f"{function}({{0}}, {{1}})")

    def pair(self, first: Term, second: Term, known: str) -> str:
        """What takes long to answer is not asked where the other side is unknown."""
        left = self.write(first)
        if left.startswith("K") or not _takes_long(second):
            right = self.write(second)
            return self.variable(_unless_unknown([left, right], known.format(left, right)))
        answer = self.variable("None")
        self.line(f"if {left} is not None:")
        with self._branch():
            right = self.write(second)
            self.line(f"{answer} = {_unless_unknown([right], known.format(left, right))}")
        return answer

    def crossing(self, term: Comparison) -> str:
        """Of a time that runs with a number that stands: when the one will reach the other is known."""
        assert isinstance(term.left, Followed)  # noqa: S101 — `_is_of_timer` has said so
        if not _turns_at_once(term.left.track):
            self.again(step_of(term.left.track))
        followed = self.constant(term.left)
        left = self.variable(f"None if m.tracks is None else m.tracks.answer({followed}, m)")
        right = self.write(term.right)
        self.line(f"if {left} is not None and {right} is not None and {left} <= {right}:")
        self.line(f"    m.tracks.will_cross({followed}, {right}, m)")
        return self.variable(_unless_unknown([left, right], f"{left} {term.operator} {right}"))

    def followed(self, term: Followed) -> str:
        self.again(step_of(term.track))
        return self.variable(f"None if m.tracks is None else m.tracks.answer({self.constant(term)}, m)")

    def again(self, pace: float = 0.0) -> None:
        """The answer may be another one after `pace` seconds."""
        if self._step is not None:
            constant = self.constant(max(pace, self._step))
            self.line(f"if {constant} < m.pace: m.pace = {constant}")

    def held(self, term: Held) -> str:
        self.again()
        value = self.write(term.flag)
        return self.variable(f"m.held({self.constant(term)}) if {value} else {value}")

    def share(self, term: ShareOf) -> str:
        self.again()
        asked = f"m.view.share({self.constant(term.devices)}, {self.constant(function_of(term.flag))}, m.params)"
        return self.variable(f"None if m.view is None else {asked}")

    def beyond(self, term: Term) -> str:
        self.again()
        return self.variable(f"None if m.view is None else m.view.answer({self.constant(term)})")

    def variable(self, value: str) -> str:
        self._count += 1
        self.line(f"v{self._count} = {value}")
        return f"v{self._count}"

    def constant(self, value: object) -> str:
        name = f"K{len(self._names)}"
        self._names[name] = _one(value) if isinstance(value, Followed) else value
        return name

    def point(self, point: PointValue) -> str:
        known = self._loaded.get(point)
        if known is None:
            known = self.variable(f"points({self.constant(point.name)})")
            self.line(f"if {known} is not None:")
            self.line(f"    if {known}[1] is not GOOD or {known}[2] < fresh: {known} = None")
            self.line(f"    else: {known} = {known}[0]")
            self.line(f"    if {_TYPES[point.type].format(known)}: {known} = None")
            self._loaded[point] = known
        return known

    def joined(self, left: Term, right: Term, *, decisive: str) -> str:
        """Kleene's `and` and `or`: the right side is asked only where the left does not decide."""
        first = self.write(left)
        joined = self.variable(decisive)
        self.line(f"if {first} is not {decisive}:")
        with self._branch():
            second = self.write(right)
            unknown = f"None if {first} is None or {second} is None else {'not ' + decisive}"
            self.line(f"if {second} is not {decisive}: {joined} = {unknown}")
        return joined

    @contextmanager
    def _branch(self) -> Iterator[None]:
        """What is loaded in it is not known to be loaded after it."""
        loaded, self._loaded = self._loaded, dict(self._loaded)
        self._depth += 1
        yield
        self._depth -= 1
        self._loaded = loaded

    def call(self, function: str, arguments: tuple[Term, ...]) -> str:
        values = [self.write(each) for each in arguments]
        self._names[function] = NUMBERS[function]
        return self.variable(_unless_unknown(values, f"{function}({', '.join(values)})"))

    def of_device(self, asked: str) -> str:
        """What changes with the line or with time."""
        self.again()
        return self.variable(asked)

    def over_window(self, term: OverWindow) -> str:
        self.again()
        point, question = self.write(term.point), self.constant(QUESTIONS[term.question])
        asked = f"{question}(m.windows.get({self.constant(term.point.name)}, ()), m.at, {self.constant(term.length)})"
        return self.variable(_unless_unknown([point], asked))


_LONG = Followed | OverWindow | ShareOf | Siblings | AtFeeder | SumOfFed | InStore | OfFood


@cache
def _takes_long(term: Term) -> bool:
    return any(isinstance(part, _LONG) for part in parts_of(term))


def _turns_at_once(track: Track) -> bool:
    """It changes with flags and words alone, which are looked at whenever they change."""
    numbers = (isinstance(part, PointValue) and part.type == "number" for part in parts_of(track.term))
    return not track.ticking and not any(numbers)


@cache
def _one(asked: Followed) -> Followed:
    """The same object for the same question, so that its answer can be kept by it."""
    return asked


def _is_of_timer(term: Comparison) -> bool:
    timer = isinstance(term.left, Followed) and term.left.question in {"since", "lasting"}
    return timer and isinstance(term.right, Constant | ParamValue)


def _unless_unknown(values: list[str], known: str) -> str:
    perhaps = [value for value in dict.fromkeys(values) if not value.startswith("K")]
    if not perhaps:
        return known
    return f"None if {' or '.join(f'{value} is None' for value in perhaps)} else {known}"


_WRITERS: Mapping[type, Callable[[_Writer, Any], str]] = {
    Constant: lambda writer, term: writer.constant(term.value),
    ParamValue: _Writer.parameter,
    PointValue: _Writer.point,
    Both: lambda writer, term: writer.joined(term.left, term.right, decisive="False"),
    Either: lambda writer, term: writer.joined(term.left, term.right, decisive="True"),
    Opposite: _Writer.opposite,
    Comparison: _Writer.comparison,
    Arithmetic: _Writer.calculation,
    Calculated: lambda writer, term: writer.call(term.function, term.arguments),
    Held: _Writer.held,
    OverWindow: _Writer.over_window,
    QualityOf: lambda writer, term: writer.variable(f"m.quality_of({writer.constant(term.name)})"),
    Silent: lambda writer, _: writer.of_device("m.silent"),
    OfFood: lambda writer, term: writer.of_device(f"m.of_food({writer.constant(term.question)})"),
    Reached: lambda writer, _: writer.of_device("0.0 if m.silent else 1.0"),
    Followed: _Writer.followed,
    ShareOf: _Writer.share,
    **dict.fromkeys((Siblings, AtFeeder, SumOfFed, InStore, LocalHour, SunUp), _Writer.beyond),
}
