"""What an author of rules wrote, held against the catalogue: conditions, points, params and texts with their faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from configs.documents import Document, Fault, Location
from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from edge_agent.contract.text import Text
from rules.check import Scope, compile_condition, compile_number
from rules.contradiction import contradicts_itself
from rules.diagnosis import DURATIONS, PLACEHOLDER
from rules.expression import Expression
from rules.naming import suggestion, unknown_point
from rules.syntax import ExpressionInvalid

_KEYWORDS = frozenset({"and", "or", "not", "true", "false"})


@dataclass(slots=True)
class Draft:
    """One document; every fault that is found in it is kept.

    `scope` is what its conditions and texts may name, `numbers` are further names for its texts.
    """

    document: Document
    scope: Scope
    faults: list[Fault] = field(default_factory=list)
    numbers: frozenset[str] = frozenset()

    def fault(self, at: Location, what: Text, fix: Text) -> None:
        self.faults.append(self.document.fault(at, what, fix))

    def check_known(self, at: Location, names: Iterable[str], known: Iterable[str]) -> None:
        """`at` is the list that holds the names; its last part is what they are called."""
        known = set(known)
        for position, name in enumerate(names):
            if name not in known:
                what = Text(zh=f"目录中没有 {name}", en=f"the catalogue has no {at[-1]} {name}")
                self.fault((*at, position), what, suggestion(name, known))

    def check_params(self, params: Iterable[str], params_for: Mapping[str, Mapping[str, float]]) -> None:
        """`params_for` must name duties that there are; whether they are meant is the rule's to say."""
        points = {point for each in self.scope.classes for point in each.points}
        names = set(params)
        for taken, zh, en in (
            (points, "已是点的名称", "is the name of a point"),
            (_KEYWORDS, "在条件中另有含义", "means something else in a condition"),
            (DURATIONS, "在文字中另有含义", "means something else in a text"),
        ):
            for name in names & taken:
                what = Text(zh=f"{name} {zh}", en=f"{name} {en}")
                self.fault(("params", name), what, Text(zh="请给参数换个名称", en="give the param another name"))
        for duty, values in params_for.items():
            for name in values.keys() - names:
                what = Text(zh=f"没有参数 {name}", en=f"there is no param {name}")
                self.fault(("params_for", duty, name), what, suggestion(name, names))

    def check_duties(self, at: Location, given: Iterable[str], meant: Iterable[str] = ()) -> None:
        duties = list(meant) or list(DUTIES)
        for duty in given:
            if duty not in duties:
                what = Text(zh=f"规则不适用于 {duty}", en=f"the rule does not apply to {duty}")
                self.fault((*at, duty), what, suggestion(duty, duties))

    def check_points(self, key: str, points: Iterable[tuple[int | None, str]]) -> None:
        for position, point in points:
            lacking = self.scope.missing(point)
            if lacking is not None:
                self.fault((key,) if position is None else (key, position), *unknown_point(point, lacking))

    def condition(self, at: Location, text: str | None) -> Expression | None:
        """None where there is none, and where it cannot be compiled; the faults tell of that."""
        expression = None if text is None else self._compiled(at, text, compile_condition)
        if expression is not None and contradicts_itself(expression.term):
            what = Text(zh="条件永远不会成立", en="this can never be true")
            fix = Text(zh="同一个值不能同时满足两个要求", en="no value can be both at once: mend one of the two")
            self.fault(at, what, fix)
        return expression

    def number(self, at: Location, text: str) -> Expression | None:
        """What stands in a text as a number; None where it cannot be compiled."""
        return self._compiled(at, text, compile_number)

    def _compiled(self, at: Location, text: str, compiled: Callable[[str, Scope], Expression]) -> Expression | None:
        try:
            return compiled(text, self.scope)
        except ExpressionInvalid as error:
            column = error.column
            what = Text(zh=f"第 {column} 列：{error.what.zh}", en=f"column {column}: {error.what.en}")
            self.fault(at, what, error.fix)
            return None

    def text(self, at: Location, text: Text) -> Text:
        """A text that may hold points, params and durations."""
        self._check_said(at, text)
        for name in dict.fromkeys(PLACEHOLDER.findall(text.zh) + PLACEHOLDER.findall(text.en)):
            lacking = self.scope.missing(name)
            others = {*self.scope.params, *DURATIONS, *self.numbers}
            if lacking is not None and name not in others:
                self.fault(at, *unknown_point(name, lacking, others))
        return text

    def texts(self, at: Location, texts: Iterable[Text]) -> tuple[Text, ...]:
        return tuple(self.text((*at, n), text) for n, text in enumerate(texts))

    def name(self, at: Location, text: Text) -> Text:
        """A text that stands for itself before any value is known."""
        self._check_said(at, text)
        if PLACEHOLDER.search(text.zh + text.en):
            what = Text(zh="此处不能放数值", en="no value can stand here")
            self.fault(at, what, Text(zh="请写在 condition 或 because 中", en="put it into condition or because"))
        return text

    def _check_said(self, at: Location, text: Text) -> None:
        for language, said in (("zh", text.zh), ("en", text.en)):
            if not said.strip():
                what = Text(zh=f"{language} 的文字为空", en=f"the text is empty in {language}")
                self.fault((*at, language), what, Text(zh="请用两种语言书写", en="write it in both languages"))


def every_class() -> Scope:
    """What holds for any device: the points that all classes have."""
    return Scope(classes=tuple(DEVICE_CLASSES.values()))
