"""Whether a condition makes sense for the devices it is meant for: its names, types and functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches

from configs.durations import duration_text
from edge_agent.contract.catalogue import DeviceClass
from edge_agent.contract.readings import UNREACHED, Quality
from edge_agent.contract.text import Text, same
from rules.expression import (
    CALCULATE,
    COMPARE,
    Arithmetic,
    Both,
    Comparison,
    Constant,
    Either,
    Expression,
    Held,
    Negative,
    Opposite,
    OverWindow,
    ParamValue,
    PointValue,
    QualityOf,
    Silent,
    Term,
    Type,
)
from rules.syntax import Binary, Call, ExpressionInvalid, Literal, Name, Node, Unary, parse
from rules.window import LONGEST_WINDOW, QUESTIONS

CALLED: Mapping[Type, Text] = {
    "number": Text(zh="数字", en="a number"),
    "flag": Text(zh="是非值", en="true or false"),
    "word": Text(zh="词语", en="a word"),
}
_USES = {name: f"{name}(temp.control, 10m)" for name in QUESTIONS}
_USES |= {"held": "held(defrost.active, 60m)", "quality": "quality(temp.control)", "silent": "silent()"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a condition may name: points that every one of `classes` (never empty) has, and the rule's params."""

    classes: tuple[DeviceClass, ...]
    params: frozenset[str] = frozenset()

    def type_of(self, point: str) -> Type:
        """Raises KeyError: a class has no such point."""
        types: set[Type] = {device_class.points[point].type for device_class in self.classes}
        (only,) = types  # the catalogue gives a name one type, a test sees to it
        return only

    def missing(self, point: str) -> DeviceClass | None:
        """The first class that has no such point."""
        return next((each for each in self.classes if point not in each.points), None)


def compile_condition(text: str, scope: Scope) -> Expression:
    """Raises ExpressionInvalid."""
    checker = _Checker(scope)
    node = parse(text)
    term = checker.term(node, "flag")
    return Expression(text=text, term=term, points=tuple(checker.points), windows=checker.windows)


def suggestion(given: str, known: Iterable[str]) -> Text:
    """What was probably meant, or everything there is."""
    known = sorted(known)
    near = get_close_matches(given, known, n=1, cutoff=0.6)
    if near:
        return Text(zh=f"是否应为 {near[0]}？", en=f"did you mean {near[0]}?")
    listed = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
    return Text(zh=f"可用的有：{listed}", en=f"there are: {listed}") if known else Text(zh="请删除它", en="remove it")


def unknown_point(point: str, device_class: DeviceClass, others: Iterable[str] = ()) -> tuple[Text, Text]:
    what = Text(
        zh=f"{device_class.label.zh}({device_class.name})没有名为 {point} 的点",
        en=f"a {device_class.name} has no point {point}",
    )
    return what, suggestion(point, {*device_class.points, *others})


@dataclass(slots=True)
class _Checker:
    scope: Scope
    points: dict[str, None] = field(default_factory=dict)
    windows: dict[str, timedelta] = field(default_factory=dict)

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
                return Negative(self.term(node.operand, "number")), "number"
            case Binary():
                return self._binary(node)
            case Call():
                return self._call(node)

    def point(self, node: Node, wanted: Type | None = None) -> PointValue:
        """The argument of a function that asks after a point and not after a value."""
        if not isinstance(node, Name) or node.name in self.scope.params:
            what = Text(zh="此处应为点的名称", en="a point belongs here")
            raise ExpressionInvalid(node.column, what, Text(zh="例如 temp.control", en="such as temp.control"))
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
            return ParamValue(node.name), "number"
        found = self._known(node)
        return PointValue(node.name, found), found

    def _binary(self, node: Binary) -> tuple[Term, Type]:
        if node.operator in CALCULATE:
            left, right = self.term(node.left, "number"), self.term(node.right, "number")
            return Arithmetic(CALCULATE[node.operator], left, right), "number"
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
        return Comparison(COMPARE[node.operator], left, right)

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
        call = self._calls().get(node.function)
        if call is None:
            what = Text(zh=f"没有函数 {node.function}", en=f"there is no function {node.function}")
            raise ExpressionInvalid(node.column, what, suggestion(node.function, _USES))
        arguments, build, found = call
        if len(node.arguments) != arguments:
            what = Text(
                zh=f"{node.function} 需要 {arguments} 个参数", en=f"{node.function} takes {arguments} arguments"
            )
            raise ExpressionInvalid(node.column, what, same(_USES[node.function]))
        return build(*node.arguments), found

    def _calls(self) -> Mapping[str, tuple[int, Callable[..., Term], Type]]:
        return {
            **{name: (2, self._window(name), "number") for name in QUESTIONS},
            "held": (2, lambda flag, length: Held(self.point(flag, "flag"), _length(length)), "flag"),
            "quality": (1, lambda point: QualityOf(self.point(point).name), "word"),
            "silent": (0, Silent, "flag"),
        }

    def _window(self, question: str) -> Callable[[Node, Node], Term]:
        def build(node: Node, length: Node) -> Term:
            point, span = self.point(node, "number"), _length(length)
            if span > LONGEST_WINDOW:
                what = Text(zh=f"{duration_text(span)} 太长", en=f"{duration_text(span)} is too long")
                longest = duration_text(LONGEST_WINDOW)
                raise ExpressionInvalid(length.column, what, Text(zh=f"最长 {longest}", en=f"at most {longest}"))
            self.windows[point.name] = max(span, self.windows.get(point.name, span))
            return OverWindow(question, point, span)

        return build


def _literal(node: Literal) -> tuple[Term, Type]:
    if isinstance(node.value, timedelta):
        what = Text(zh="时长只能作为函数的参数", en="a length of time belongs into a function")
        raise ExpressionInvalid(node.column, what, same(_USES["avg"]))
    if isinstance(node.value, bool):
        return Constant(node.value), "flag"
    return Constant(node.value), "word" if isinstance(node.value, str) else "number"


def _length(node: Node) -> timedelta:
    if isinstance(node, Literal) and isinstance(node.value, timedelta) and node.value:
        return node.value
    raise ExpressionInvalid(
        node.column,
        Text(zh="此处应为时长", en="a length of time belongs here"),
        Text(zh="例如 10m、1h", en="such as 10m or 1h"),
    )


def _check_quality(word: str, node: Node) -> None:
    if word in UNREACHED:
        what = Text(zh=f"{word} 说的是线路，不是这个点", en=f"{word} speaks of the line and not of the point")
        raise ExpressionInvalid(node.column, what, Text(zh="请用 silent()", en="use silent()"))
    if word not in set(Quality):
        what = Text(zh=f"没有质量 {word}", en=f"there is no quality {word}")
        raise ExpressionInvalid(node.column, what, suggestion(word, set(Quality) - UNREACHED))
