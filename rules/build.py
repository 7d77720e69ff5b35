"""One rule file, its shape already right → Rule and its tests, with every fault of names, types and conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from configs.documents import Document, Fault, Faulty, Location
from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES, DeviceClass
from edge_agent.contract.text import Text, same
from rules.alarm import State
from rules.check import CALLED, Scope, compile_condition, suggestion, unknown_point
from rules.diagnosis import DURATIONS, PLACEHOLDER
from rules.document import CauseShape, MaskShape, RuleShape, TestShape
from rules.expression import FITS, Expression, Type
from rules.model import Cause, Mask, Param, Rule
from rules.series import Series, SeriesInvalid, parse_series, repeated
from rules.syntax import ExpressionInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """A story of one device, step by step, and the states that the rule's alarm must have."""

    rule: str
    it: str
    file: str
    line: int
    every: timedelta
    device_class: str
    duty: str
    series: dict[str, Series]
    expect: tuple[str, ...]
    first_cause: Text | None


def rule_of(document: Document, shape: RuleShape) -> tuple[Rule, tuple[RuleTest, ...]]:
    """Raises Faulty."""
    builder = _Builder(document, shape)
    rule, tests = builder.rule(), builder.tests()
    if builder.faults or rule is None:
        raise Faulty(builder.faults)
    return rule, tests


@dataclass(slots=True)
class _Builder:
    document: Document
    shape: RuleShape
    faults: list[Fault] = field(default_factory=list)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self._check_known("device_class", self.shape.applies_to.device_class, DEVICE_CLASSES)
        self._check_known("duty", self.shape.applies_to.duty, DUTIES)
        self.scope = Scope(classes=self._classes(), params=frozenset(self.shape.params))
        self._check_params()
        self._check_points("evidence", enumerate(self.shape.evidence))

    def rule(self) -> Rule | None:
        """None where `when` cannot be compiled; the faults tell of it."""
        shape = self.shape
        when = self._condition(("when",), shape.when)
        normal = self._condition(("normal",), shape.normal)
        unless, causes = self._mask(shape.unless), tuple(self._causes())
        condition = self._text(("condition",), shape.condition)
        self._check_chart()
        if when is None:
            return None
        return Rule(
            id=shape.id,
            title=self._name(("title",), shape.title),
            why=self._name(("why",), shape.why),
            severity=shape.severity,
            device_classes=frozenset(each.name for each in self.scope.classes),
            duties=frozenset(shape.applies_to.duty),
            condition=condition,
            when=when,
            hold=shape.hold,
            normal=normal,
            normal_for=shape.normal_for,
            unless=unless,
            inhibited_by=tuple(shape.inhibited_by),
            params={name: Param(**param.model_dump()) for name, param in shape.params.items()},
            params_for=shape.params_for,
            evidence=tuple(shape.evidence),
            key_value=shape.key_value,
            limit=shape.limit,
            causes=causes,
            file=str(self.document.path),
        )

    def tests(self) -> tuple[RuleTest, ...]:
        return tuple(self._test(("tests", n), shape) for n, shape in enumerate(self.shape.tests))

    def _fault(self, at: Location, what: Text, fix: Text) -> None:
        self.faults.append(self.document.fault(at, what, fix))

    def _classes(self) -> tuple[DeviceClass, ...]:
        """Those that the rule names; where it names none, those that its folder does, or all."""
        named = [DEVICE_CLASSES[name] for name in self.shape.applies_to.device_class if name in DEVICE_CLASSES]
        folder = DEVICE_CLASSES.get(self.document.path.parent.name)
        return tuple(named or ([folder] if folder else DEVICE_CLASSES.values()))

    def _check_known(self, key: str, names: Iterable[str], known: Iterable[str]) -> None:
        known = set(known)
        for position, name in enumerate(names):
            if name not in known:
                what = Text(zh=f"目录中没有 {name}", en=f"the catalogue has no {key} {name}")
                self._fault(("applies_to", key, position), what, suggestion(name, known))

    def _check_params(self) -> None:
        points = {point for each in self.scope.classes for point in each.points}
        for name in self.shape.params.keys() & points:
            what = Text(zh=f"{name} 已是点的名称", en=f"{name} is the name of a point")
            self._fault(("params", name), what, Text(zh="请给参数换个名称", en="give the param another name"))
        duties = self.shape.applies_to.duty or list(DUTIES)
        for duty, values in self.shape.params_for.items():
            if duty not in duties:
                what = Text(zh=f"规则不适用于 {duty}", en=f"the rule does not apply to {duty}")
                self._fault(("params_for", duty), what, suggestion(duty, duties))
            for name in values.keys() - self.shape.params.keys():
                what = Text(zh=f"没有参数 {name}", en=f"there is no param {name}")
                self._fault(("params_for", duty, name), what, suggestion(name, self.shape.params))

    def _check_points(self, key: str, points: Iterable[tuple[int | None, str]]) -> None:
        for position, point in points:
            lacking = self.scope.missing(point)
            if lacking is not None:
                self._fault((key,) if position is None else (key, position), *unknown_point(point, lacking))

    def _check_chart(self) -> None:
        if self.shape.key_value is not None:
            self._check_points("key_value", [(None, self.shape.key_value)])
        limit = self.shape.limit
        if limit is not None and limit not in self.shape.params:
            what = Text(zh=f"没有参数 {limit}", en=f"there is no param {limit}")
            self._fault(("limit",), what, suggestion(limit, self.shape.params))

    def _condition(self, at: Location, text: str | None) -> Expression | None:
        if text is None:
            return None
        try:
            return compile_condition(text, self.scope)
        except ExpressionInvalid as error:
            column = error.column
            what = Text(zh=f"第 {column} 列：{error.what.zh}", en=f"column {column}: {error.what.en}")
            self._fault(at, what, error.fix)
            return None

    def _text(self, at: Location, text: Text) -> Text:
        for name in dict.fromkeys(PLACEHOLDER.findall(text.zh) + PLACEHOLDER.findall(text.en)):
            lacking = self.scope.missing(name)
            if lacking is not None and name not in DURATIONS and name not in self.shape.params:
                self._fault(at, *unknown_point(name, lacking, {*self.shape.params, *DURATIONS}))
        return text

    def _name(self, at: Location, text: Text) -> Text:
        """A text that stands for itself before any value is known."""
        if PLACEHOLDER.search(text.zh + text.en):
            what = Text(zh="此处不能放数值", en="no value can stand here")
            self._fault(at, what, Text(zh="请写在 condition 或 because 中", en="put it into condition or because"))
        return text

    def _mask(self, shape: MaskShape | None) -> Mask | None:
        if shape is None:
            return None
        when = self._condition(("unless", "when"), shape.when)
        text = same(shape.when) if shape.text is None else self._text(("unless", "text"), shape.text)
        return None if when is None else Mask(when=when, text=text)

    def _causes(self) -> Iterable[Cause]:
        for n, cause in enumerate(self.shape.causes):
            if cause.id in {other.id for other in self.shape.causes[:n]}:
                what = Text(zh=f"原因 {cause.id} 已经有了", en=f"there is already a cause {cause.id}")
                self._fault(("causes", n, "id"), what, Text(zh="请换一个 id", en="choose another id"))
            yield self._cause(("causes", n), cause)

    def _cause(self, at: Location, shape: CauseShape) -> Cause:
        return Cause(
            id=shape.id,
            text=self._name((*at, "text"), shape.text),
            when=self._condition((*at, "when"), shape.when),
            because=None if shape.because is None else self._text((*at, "because"), shape.because),
            weight=shape.weight,
            checks=tuple(self._text((*at, "checks", n), text) for n, text in enumerate(shape.checks)),
            parts=tuple(self._text((*at, "parts", n), text) for n, text in enumerate(shape.parts)),
        )

    def _test(self, at: Location, shape: TestShape) -> RuleTest:
        device_class = shape.device.device_class or self.scope.classes[0].name
        duty = shape.device.duty or next(iter(self.shape.applies_to.duty), "")
        expect = self._expect(at, shape)
        points = {
            name: str(text).lower() if isinstance(text, bool) else str(text) for name, text in shape.series.items()
        }
        self._check_device(at, device_class, duty)
        if not shape.every:
            what = Text(zh="步长为零", en="a step takes no time")
            self._fault((*at, "every"), what, Text(zh="例如 10m", en="write 10m, for example"))
        return RuleTest(
            rule=self.shape.id,
            it=shape.it,
            file=str(self.document.path),
            line=self.document.line(*at),
            every=shape.every,
            device_class=device_class,
            duty=duty,
            series={name: self._series((*at, name), device_class, text, len(expect)) for name, text in points.items()},
            expect=expect,
            first_cause=self._first_cause((*at, "first_cause"), shape.first_cause),
        )

    def _check_device(self, at: Location, device_class: str, duty: str) -> None:
        classes = [each.name for each in self.scope.classes]
        for key, name, known in (
            ("device_class", device_class, classes),
            ("duty", duty, self.shape.applies_to.duty or ["", *DUTIES]),
        ):
            if name not in known:
                what = Text(zh=f"规则不适用于 {name}", en=f"the rule does not apply to {name}")
                self._fault((*at, "device", key), what, suggestion(name, known))

    def _expect(self, at: Location, shape: TestShape) -> tuple[str, ...]:
        text = shape.expect if isinstance(shape.expect, str) else " ".join(shape.expect)
        try:
            expect = repeated(text)
        except SeriesInvalid as error:
            self._fault((*at, "expect"), error.what, error.fix)
            return ()
        for state in dict.fromkeys(expect):
            if state not in set(State):
                what = Text(zh=f"报警没有状态 {state}", en=f"an alarm has no state {state}")
                self._fault((*at, "expect"), what, suggestion(state, set(State)))
        return expect

    def _series(self, at: Location, device_class: str, text: str, steps: int) -> Series:
        """A series of one sample holds throughout."""
        point = str(at[-1])
        known = DEVICE_CLASSES.get(device_class)
        try:
            series = parse_series(text)
        except SeriesInvalid as error:
            self._fault(at, error.what, error.fix)
            return ()
        if known is not None and point not in known.points:
            self._fault(at, *unknown_point(point, known))
        elif known is not None:
            self._check_samples(at, series, known.points[point].type)
        if len(series) == 1:
            return series * steps
        if len(series) != steps:
            what = Text(zh=f"{point} 有 {len(series)} 步", en=f"{point} has {len(series)} steps")
            self._fault(at, what, Text(zh=f"expect 有 {steps} 步", en=f"expect has {steps}"))
        return series

    def _check_samples(self, at: Location, series: Series, wanted: Type) -> None:
        values = [sample.value for sample in series if sample is not None and sample.value is not None]
        for value in values:
            if type(value) not in FITS[wanted]:
                what = Text(zh=f"{at[-1]} 不会报告 {value}", en=f"{at[-1]} never reports {value}")
                self._fault(at, what, Text(zh=f"应为{CALLED[wanted].zh}", en=f"it is {CALLED[wanted].en}"))
                return

    def _first_cause(self, at: Location, id_: str | None) -> Text | None:
        causes = {cause.id: cause.text for cause in self.shape.causes}
        if id_ is not None and id_ not in causes:
            what = Text(zh=f"没有原因 {id_}", en=f"there is no cause {id_}")
            self._fault(at, what, suggestion(id_, causes))
        return None if id_ is None else causes.get(id_)
