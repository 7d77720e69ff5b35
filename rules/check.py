"""Whether a condition makes sense for the devices it is meant for: its names, types and functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from configs.durations import duration_text
from edge_agent.contract.catalogue import DEVICE_CLASSES, DeviceClass
from edge_agent.contract.readings import UNREACHED, Quality
from edge_agent.contract.text import Text, same
from rules.compile import CALCULATE, COMPARE
from rules.expression import Expression
from rules.functions import FUNCTIONS, POINT_FUNCTIONS, Function
from rules.naming import CALLED, suggestion, unknown_point, unknown_word
from rules.syntax import Binary, Call, ExpressionInvalid, Literal, Name, Node, Unary, parse, spelled
from rules.terms import (
    Arithmetic,
    AtFeeder,
    Both,
    Calculated,
    Comparison,
    Constant,
    Either,
    InStore,
    Opposite,
    OverWindow,
    ParamValue,
    PointValue,
    Term,
    Track,
    TrackKind,
    Type,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a condition may name: points that every one of `classes` (never empty) has, and the rule's params.

    `loose`: points that one of them has.
    """

    classes: tuple[DeviceClass, ...]
    params: frozenset[str] = frozenset()
    loose: bool = False

    def type_of(self, point: str) -> Type:
        """Raises KeyError: a class has no such point."""
        having = [each for each in self.classes if not self.loose or point in each.points]
        types: set[Type] = {device_class.points[point].type for device_class in having}
        return min(types)  # the catalogue gives a name one type, a test sees to it

    def missing(self, point: str) -> DeviceClass | None:
        """The first class that has no such point."""
        without = [each for each in self.classes if point not in each.points]
        if not without or (self.loose and len(without) < len(self.classes)):
            return None
        return without[0]

    def anywhere(self) -> Scope:
        """For points of devices of other classes."""
        return replace(self, classes=tuple(DEVICE_CLASSES.values()), loose=True)


def compile_condition(text: str, scope: Scope) -> Expression:
    """Raises ExpressionInvalid."""
    return _compiled(text, scope, "flag")


def compile_number(text: str, scope: Scope) -> Expression:
    """As `compile_condition`, for what is a number and stands in a text. Raises ExpressionInvalid."""
    return _compiled(text, scope, "number")


def _compiled(text: str, scope: Scope, wanted: Type) -> Expression:
    checker = Checker(scope)
    term = checker.term(parse(text), wanted)
    return Expression(
        text=text,
        term=term,
        points=tuple(checker.points),
        windows=checker.windows,
        params=tuple(checker.params),
        tracks=tuple(checker.tracks.values()),
        neighbours=frozenset(checker.neighbours),
        timed=checker.timed,
        slow=checker.slow,
        silent=checker.silent,
    )


@dataclass(slots=True)
class Checker:
    """Walks one condition and notes what answering it takes, in the order of the text; tracks the inner ones first.

    `timed`: its answer changes with time alone; `slow`: and it is enough to ask once a minute; `silent`: it asks
    whether the device answers.
    """

    scope: Scope
    points: dict[str, None] = field(default_factory=dict)
    windows: dict[str, timedelta] = field(default_factory=dict)
    params: dict[str, None] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    neighbours: set[tuple[str, str]] = field(default_factory=set)
    timed: bool = False
    slow: bool = False
    silent: bool = False

    def term(self, node: Node, wanted: Type) -> Term:
        term, found = self.typed(node)
        if found != wanted:
            what = Text(zh=f"此处是{CALLED[found].zh}", en=f"this is {CALLED[found].en}")
            fix = Text(zh=f"此处应为{CALLED[wanted].zh}", en=f"{CALLED[wanted].en} belongs here")
            raise ExpressionInvalid(node.column, what, fix)
        return term

    def typed(self, node: Node) -> tuple[Term, Type]:
        match node:
            case Literal():
                return _literal(node)
            case Name():
                return self._name(node)
            case Unary(operator="not"):
                return Opposite(self.term(node.operand, "flag")), "flag"
            case Unary():
                return Calculated("minus", (self.term(node.operand, "number"),)), "number"
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)

    def point(self, node: Node, wanted: Type | None = None) -> PointValue:
        """The argument of a function that asks after a point and not after a value."""
        if not isinstance(node, Name) or node.name in self.scope.params:
            raise ExpressionInvalid(node.column, *_NO_POINT)
        found = self._known(node)
        if wanted is not None and found != wanted:
            what = Text(zh=f"{node.name} 是{CALLED[found].zh}", en=f"{node.name} is {CALLED[found].en}")
            fix = Text(zh=f"此处应为{CALLED[wanted].zh}", en=f"a point that is {CALLED[wanted].en} belongs here")
            raise ExpressionInvalid(node.column, what, fix)
        return PointValue(node.name, found)

    def _known(self, node: Name) -> Type:
        lacking = self.scope.missing(node.name)
        if lacking is not None:
            raise ExpressionInvalid(node.column, *unknown_point(node.name, lacking, self.scope.params))
        self.points[node.name] = None
        return self.scope.type_of(node.name)

    def _name(self, node: Name) -> tuple[Term, Type]:
        if node.name in self.scope.params:
            self.params[node.name] = None
            return ParamValue(node.name), "number"
        found = self._known(node)
        return PointValue(node.name, found), found

    def _binary(self, node: Binary) -> tuple[Term, Type]:
        if node.operator in CALCULATE:
            left, right = self.term(node.left, "number"), self.term(node.right, "number")
            return Arithmetic(node.operator, left, right), "number"
        if node.operator in COMPARE:
            return self._comparison(node), "flag"
        joined = Both if node.operator == "and" else Either
        return joined(self.term(node.left, "flag"), self.term(node.right, "flag")), "flag"

    def _comparison(self, node: Binary) -> Term:
        """A name that no class has is a word, if what it is compared with is one."""
        if node.operator not in {"==", "!="}:
            left, right = self.term(node.left, "number"), self.term(node.right, "number")
        elif self._bare(node.left) and not self._bare(node.right):
            right, wanted = self.typed(node.right)
            left = self._word_or(node.left, node.right, wanted)
        else:
            left, wanted = self.typed(node.left)
            right = self._word_or(node.right, node.left, wanted)
        _check_word(left, right, node.left)
        _check_word(right, left, node.right)
        return Comparison(node.operator, left, right)

    def _bare(self, node: Node) -> bool:
        return (
            isinstance(node, Name) and node.name not in self.scope.params and self.scope.missing(node.name) is not None
        )

    def _word_or(self, node: Node, other: Node, wanted: Type) -> Term:
        bare = isinstance(node, Name) and wanted == "word" and self._bare(node)
        term = Constant(node.name) if isinstance(node, Name) and bare else self.term(node, wanted)
        if isinstance(other, Call) and other.function == "quality" and isinstance(term, Constant):
            _check_quality(str(term.value), node)
        return term

    def _call(self, node: Call) -> tuple[Term, Type]:
        function = FUNCTIONS.get(node.function) or POINT_FUNCTIONS.get(node.function)
        if function is None:
            what = Text(zh=f"没有函数 {node.function}", en=f"there is no function {node.function}")
            raise ExpressionInvalid(node.column, what, suggestion(node.function, [*FUNCTIONS, *POINT_FUNCTIONS]))
        _check_count(node, function)
        term = function.build(self, node)
        return term, term.point.type if isinstance(term, AtFeeder | InStore) else function.type

    def number_point(self, node: Node) -> PointValue | None:
        """The point, where the node is no more than one that is a number."""
        if isinstance(node, Name) and node.name not in self.scope.params and self.scope.missing(node.name) is None:
            return self.point(node) if self.scope.type_of(node.name) == "number" else None
        return None

    def window(self, question: str, point: PointValue, length: timedelta) -> Term:
        self.windows[point.name] = max(length, self.windows.get(point.name, length))
        self.timed = True
        return OverWindow(question, point, length)

    def track(
        self,
        kind: TrackKind,
        node: Node,
        takes: Type | None,
        length: timedelta,
        condition: Node | None,
        function: str = "",
    ) -> Track:
        """What is followed of `node`, a number or flag (`takes`: just that), of which `function` is taken first."""
        inner = Checker(self.scope)
        term = _number_or_flag(inner, node) if takes is None else inner.term(node, takes)
        only = None if condition is None else inner.term(condition, "flag")
        words = [kind, function, spelled(node), f"over {duration_text(length)}" if length else ""]
        text = " ".join([word for word in words if word] + ([] if condition is None else ["while", spelled(condition)]))
        if not (inner.points or inner.slow or inner.silent):
            raise ExpressionInvalid(node.column, *_NO_POINT)
        self._take_over(inner)
        track = Track(
            kind=kind,
            text=text,
            term=Calculated(function, (term,)) if function else term,
            condition=only,
            seconds=length.total_seconds(),
            points=tuple(inner.points),
            params=tuple(inner.params),
            ticking=inner.timed or inner.slow or inner.silent,
        )
        return self.keep(track)

    def keep(self, track: Track) -> Track:
        self.slow = True
        return self.tracks.setdefault(track.text, track)

    def apart(self, node: Node, scope: Scope) -> tuple[Term, tuple[str, ...]]:
        """A flag of points of other devices, and those points; it may name params, and nothing that takes time."""
        inner = Checker(scope)
        term = inner.term(node, "flag")
        if inner.timed or inner.slow or inner.silent:
            what = Text(zh="此处只能比较点的当前值", en="only values of now can be compared here")
            raise ExpressionInvalid(node.column, what, same("siblings_share(temp.control > 8)"))
        self.params |= inner.params
        return term, tuple(inner.points)

    def foreign_point(self, node: Node) -> PointValue:
        """A point of a device of whichever class."""
        return Checker(self.scope.anywhere()).point(node)

    def ask_neighbours(self, asked: Iterable[tuple[str, str]]) -> None:
        """Class (empty: any) and point."""
        self.neighbours |= set(asked)
        self.slow = True

    def _take_over(self, inner: Checker) -> None:
        self.points |= inner.points
        self.windows |= {point: max(length, self.windows.get(point, length)) for point, length in inner.windows.items()}
        self.params |= inner.params
        self.tracks |= inner.tracks
        self.neighbours |= inner.neighbours


_NO_POINT = (
    Text(zh="此处应为点的名称", en="a point belongs here"),
    Text(zh="例如 temp.control", en="such as temp.control"),
)


def _number_or_flag(checker: Checker, node: Node) -> Term:
    term, found = checker.typed(node)
    if found == "word":
        what = Text(zh="此处是词语", en="this is a word")
        raise ExpressionInvalid(
            node.column, what, Text(zh="此处应为数字或是非值", en="a number or a flag belongs here")
        )
    return term


def _check_count(node: Call, function: Function) -> None:
    least, most = function.takes
    if not least <= len(node.arguments) <= most:
        count = f"{least}" if least == most else f"{least}–{most}"
        what = Text(zh=f"{node.function} 需要 {count} 个参数", en=f"{node.function} takes {count} arguments")
        raise ExpressionInvalid(node.column, what, same(function.use))


def _literal(node: Literal) -> tuple[Term, Type]:
    if isinstance(node.value, timedelta):
        what = Text(zh="时长只能作为函数的参数", en="a length of time belongs into a function")
        raise ExpressionInvalid(node.column, what, same(FUNCTIONS["avg"].use))
    if isinstance(node.value, bool):
        return Constant(node.value), "flag"
    return Constant(node.value), "word" if isinstance(node.value, str) else "number"


def _check_word(given: Term, beside: Term, node: Node) -> None:
    """What a point is compared with must be something that it may say."""
    point = beside.point if isinstance(beside, AtFeeder | InStore) else beside
    if isinstance(given, Constant) and isinstance(given.value, str) and isinstance(point, PointValue):
        amiss = unknown_word(point.name, given.value)
        if amiss is not None:
            raise ExpressionInvalid(node.column, *amiss)


def _check_quality(word: str, node: Node) -> None:
    if word in UNREACHED:
        what = Text(zh=f"{word} 说的是线路，不是这个点", en=f"{word} speaks of the line and not of the point")
        raise ExpressionInvalid(node.column, what, Text(zh="请用 silent()", en="use silent()"))
    if word not in set(Quality):
        what = Text(zh=f"没有质量 {word}", en=f"there is no quality {word}")
        raise ExpressionInvalid(node.column, what, suggestion(word, set(Quality) - UNREACHED))
