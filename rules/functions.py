"""The functions of a condition: what each takes, and the term that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from configs.durations import duration_text
from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.text import Text, same
from rules.syntax import Call, ExpressionInvalid, Literal, Name, Node
from rules.terms import (
    AtFeeder,
    Calculated,
    Followed,
    Held,
    InStore,
    LocalHour,
    OfFood,
    PointValue,
    QualityOf,
    Question,
    Reached,
    ShareOf,
    Siblings,
    Silent,
    SumOfFed,
    SunUp,
    Term,
    Track,
    TrackKind,
    Type,
)
from rules.window import LONGEST_WINDOW

if TYPE_CHECKING:
    from rules.check import Checker

SHORTEST_TRACK, LONGEST_TRACK = timedelta(minutes=10), timedelta(days=7)

Build = Callable[["Checker", Call], Term]


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` how many arguments at least and at most; `use` is how it is written."""

    use: str
    takes: tuple[int, int]
    type: Type
    build: Build


def _over_time(question: Question, kind: TrackKind, takes: Type | None = None) -> Build:
    """A statistic over a length, of what is true while a condition is."""

    def build(checker: Checker, call: Call) -> Term:
        node, length = call.arguments[0], _length(call.arguments[1])
        condition = call.arguments[2] if len(call.arguments) > 2 else None
        if question in {"avg", "min", "max"} and condition is None and length <= LONGEST_WINDOW and takes is None:
            point = checker.number_point(node)
            if point is not None:
                return checker.window(question, point, length)
        _check_length(call.arguments[1], length)
        return Followed(question, checker.track(kind, node, takes, length, condition))

    return build


def _rate(checker: Checker, call: Call) -> Term:
    node, length = call.arguments
    point, span = checker.point(node, "number"), _length(length)
    if span > LONGEST_WINDOW:
        raise _too_long(length, span, LONGEST_WINDOW)
    return checker.window("rate", point, span)


def _followed(question: Question, kind: TrackKind, takes: Type | None) -> Build:
    def build(checker: Checker, call: Call) -> Term:
        return Followed(question, checker.track(kind, call.arguments[0], takes, timedelta(), None))

    return build


def _lagged(checker: Checker, call: Call) -> Term:
    tau = _length(call.arguments[1])
    if tau > LONGEST_TRACK:
        raise _too_long(call.arguments[1], tau, LONGEST_TRACK)
    return Followed("lagged", checker.track("lag", call.arguments[0], None, tau, None))


def _mkt(checker: Checker, call: Call) -> Term:
    """The mean of what warms goods, told as the temperature that would have done the same."""
    length = _length(call.arguments[1])
    _check_length(call.arguments[1], length)
    inner = checker.track("mean", call.arguments[0], "number", length, None, function="arrhenius")
    return Calculated("kinetic", (Followed("avg", inner),))


def _covered(checker: Checker, call: Call) -> Term:
    length = _length(call.arguments[0])
    _check_length(call.arguments[0], length)
    track = Track(
        kind="mean", text=f"reached over {duration_text(length)}", term=Reached(), seconds=length.total_seconds(),
        ticking=True,
    )  # fmt: skip
    return Followed("covered", checker.keep(track))


def _held(checker: Checker, call: Call) -> Term:
    checker.timed = True
    return Held(checker.point(call.arguments[0], "flag"), _length(call.arguments[1]))


def _quality(checker: Checker, call: Call) -> Term:
    return QualityOf(checker.point(call.arguments[0]).name)


def _silent(checker: Checker, call: Call) -> Term:  # noqa: ARG001 — as every function is built
    checker.silent = True
    return Silent()


def _siblings(checker: Checker, call: Call) -> Term:
    point = checker.point(call.arguments[0], "number")
    checker.ask_neighbours((each.name, point.name) for each in checker.scope.classes)
    return Siblings(point)


def _siblings_share(checker: Checker, call: Call) -> Term:
    term, points = checker.apart(call.arguments[0], checker.scope)
    checker.ask_neighbours((each.name, point) for each in checker.scope.classes for point in points)
    return ShareOf("siblings", term)


def _fed_share(checker: Checker, call: Call) -> Term:
    term, points = checker.apart(call.arguments[0], checker.scope.anywhere())
    checker.ask_neighbours(("", point) for point in points)
    return ShareOf("fed", term)


def _feeder(checker: Checker, call: Call) -> Term:
    point = checker.foreign_point(call.arguments[0])
    checker.ask_neighbours([("", point.name)])
    return AtFeeder(point)


def _fed_sum(checker: Checker, call: Call) -> Term:
    point = checker.foreign_point(call.arguments[0])
    if point.type != "number":
        what = Text(zh=f"{point.name} 不是数值，不能相加", en=f"{point.name} is not a number that could be added up")
        raise ExpressionInvalid(call.column, what, same("fed_sum(p.total)"))
    checker.ask_neighbours([("", point.name)])
    return SumOfFed(point)


def _store(checker: Checker, call: Call) -> Term:
    node = call.arguments[0]
    class_name, _, point = node.name.partition(".") if isinstance(node, Name) else ("", "", "")
    device_class = DEVICE_CLASSES.get(class_name)
    if device_class is None or point not in device_class.points:
        what = Text(zh="此处应为“类别.点”", en="a class and one of its points belong here")
        raise ExpressionInvalid(node.column, what, same("store(env_sensor.temp)"))
    checker.ask_neighbours([(class_name, point)])
    return InStore(class_name, PointValue(point, device_class.points[point].type))


def _clock(term: Term) -> Build:
    def build(checker: Checker, call: Call) -> Term:  # noqa: ARG001 — as every function is built
        checker.slow = True
        return term

    return build


def _calculated(function: str) -> Build:
    def build(checker: Checker, call: Call) -> Term:
        return Calculated(function, tuple(checker.term(each, "number") for each in call.arguments))

    return build


FUNCTIONS: Mapping[str, Function] = {
    "avg": Function("avg(temp.control, 10m)", (2, 3), "number", _over_time("avg", "mean")),
    "min": Function("min(temp.control, 10m)", (2, 3), "number", _over_time("min", "range")),
    "max": Function("max(temp.control, 10m)", (2, 3), "number", _over_time("max", "range")),
    "spread": Function("spread(temp.control, 6h)", (2, 3), "number", _over_time("spread", "range")),
    "slope": Function("slope(temp.control, 6h)", (2, 3), "number", _over_time("slope", "slope")),
    "share": Function("share(out.compressor, 24h)", (2, 2), "number", _over_time("avg", "mean", "flag")),
    "minutes": Function("minutes(in.door, 24h)", (2, 2), "number", _over_time("minutes", "mean", "flag")),
    "starts": Function("starts(out.compressor, 1h)", (2, 2), "number", _over_time("starts", "starts", "flag")),
    "covered": Function("covered(24h)", (1, 1), "number", _covered),
    "rate": Function("rate(temp.control, 10m)", (2, 2), "number", _rate),
    "mkt": Function("mkt(temp.control, 24h)", (2, 2), "number", _mkt),
    "lagged": Function("lagged(temp.control, 90m)", (2, 2), "number", _lagged),
    "since": Function("since(defrost.active)", (1, 1), "number", _followed("since", "timer", "flag")),
    "lasting": Function("lasting(in.door)", (1, 1), "number", _followed("lasting", "timer", "flag")),
    "usual": Function("usual(p.total)", (1, 1), "number", _followed("usual", "usual", None)),
    "spread_of_usual": Function(
        "spread_of_usual(p.total)", (1, 1), "number", _followed("spread_of_usual", "usual", None)
    ),
    "held": Function("held(defrost.active, 60m)", (2, 2), "flag", _held),
    "quality": Function("quality(temp.control)", (1, 1), "word", _quality),
    "silent": Function("silent()", (0, 0), "flag", _silent),
    "siblings": Function("siblings(temp.control)", (1, 1), "number", _siblings),
    "siblings_share": Function("siblings_share(temp.control > 8)", (1, 1), "number", _siblings_share),
    "fed_share": Function("fed_share(temp.control > 8)", (1, 1), "number", _fed_share),
    "fed_sum": Function("fed_sum(p.total)", (1, 1), "number", _fed_sum),
    "food_limit": Function("food_limit()", (0, 0), "number", _clock(OfFood("limit"))),
    "food_estimate": Function("food_estimate()", (0, 0), "number", _clock(OfFood("estimate"))),
    "food_minutes": Function("food_minutes()", (0, 0), "number", _clock(OfFood("minutes"))),
    "local_hour": Function("local_hour()", (0, 0), "number", _clock(LocalHour())),
    "sun_up": Function("sun_up()", (0, 0), "flag", _clock(SunUp())),
    "abs": Function("abs(temp.control - sp.effective)", (1, 1), "number", _calculated("abs")),
    "least": Function("least(temp.probe1, temp.probe2)", (2, 2), "number", _calculated("least")),
    "most": Function("most(temp.probe1, temp.probe2)", (2, 2), "number", _calculated("most")),
}
"""Those whose type does not depend on what they are given; `POINT_FUNCTIONS` have the type of their point."""

POINT_FUNCTIONS: Mapping[str, Function] = {
    "feeder": Function("feeder(temp.evaporating)", (1, 1), "number", _feeder),
    "store": Function("store(env_sensor.temp)", (1, 1), "number", _store),
}


def _length(node: Node) -> timedelta:
    if isinstance(node, Literal) and isinstance(node.value, timedelta) and node.value:
        return node.value
    raise ExpressionInvalid(
        node.column,
        Text(zh="此处应为时长", en="a length of time belongs here"),
        Text(zh="例如 10m、1h", en="such as 10m or 1h"),
    )


def _check_length(node: Node, length: timedelta) -> None:
    if length > LONGEST_TRACK:
        raise _too_long(node, length, LONGEST_TRACK)
    if length < SHORTEST_TRACK:
        shortest = duration_text(SHORTEST_TRACK)
        what = Text(zh=f"{duration_text(length)} 太短", en=f"{duration_text(length)} is too short")
        raise ExpressionInvalid(node.column, what, Text(zh=f"最短 {shortest}", en=f"at least {shortest}"))


def _too_long(node: Node, length: timedelta, longest: timedelta) -> ExpressionInvalid:
    what = Text(zh=f"{duration_text(length)} 太长", en=f"{duration_text(length)} is too long")
    most = duration_text(longest)
    return ExpressionInvalid(node.column, what, Text(zh=f"最长 {most}", en=f"at most {most}"))
