"""One rule file, its shape already right → Rule and its tests, with every fault of names, types and conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from configs.documents import Document, Faulty, Location
from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES, DeviceClass
from edge_agent.contract.text import Text, same
from rules.alarm import State
from rules.causes import CauseBook
from rules.check import Scope
from rules.document import MaskShape, RuleShape, TestShape
from rules.draft import Draft
from rules.expression import FITS, Type
from rules.families import Family, above_faults, above_of, unknown_family
from rules.model import Above, Mask, Param, Rule, Suspect
from rules.naming import CALLED, suggestion, unknown_point, unknown_word
from rules.series import Series, SeriesInvalid, parse_series, repeated


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTest:
    """A story of one device, step by step, and the states that the rule's alarm must have. `beside` is what another
    device of its class and duty says meanwhile; there is none where it is empty."""

    rule: str
    it: str
    file: str
    line: int
    every: timedelta
    device_class: str
    duty: str
    series: dict[str, Series]
    beside: dict[str, Series]
    expect: tuple[str, ...]
    first_cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What rules may name that stands in other files: causes and families."""

    causes: CauseBook = field(default_factory=CauseBook)
    families: Mapping[str, Family] = field(default_factory=dict)


def rule_of(document: Document, shape: RuleShape, shelf: Shelf) -> tuple[Rule, tuple[RuleTest, ...]]:
    """Raises Faulty."""
    builder = _Builder(document, shape, shelf)
    rule, tests = builder.rule(), builder.tests()
    if builder.draft.faults or rule is None:
        raise Faulty(builder.draft.faults)
    return rule, tests


@dataclass(slots=True)
class _Builder:
    document: Document
    shape: RuleShape
    shelf: Shelf
    scope: Scope = field(init=False)
    draft: Draft = field(init=False)

    def __post_init__(self) -> None:
        self.scope = Scope(classes=self._classes(), params=frozenset(self.shape.params))
        self.draft = Draft(self.document, self.scope)
        applies_to = self.shape.applies_to
        self.draft.check_known(("applies_to", "device_class"), applies_to.device_class, DEVICE_CLASSES)
        self.draft.check_known(("applies_to", "duty"), applies_to.duty, DUTIES)
        self.draft.check_params(self.shape.params, self.shape.params_for)
        self.draft.check_duties(("params_for",), self.shape.params_for, applies_to.duty)
        self.draft.check_points("evidence", enumerate(self.shape.evidence))

    def rule(self) -> Rule | None:
        """None where `when` cannot be compiled; the faults tell of it."""
        shape = self.shape
        when = self.draft.condition(("when",), shape.when)
        normal = self.draft.condition(("normal",), shape.normal)
        unless, suspects = self._mask(shape.unless), self._suspects()
        family, folds_under = self._folding()
        in_family = self.shelf.families.get(family)
        condition = self.draft.text(("condition",), shape.condition)
        self._check_chart()
        if when is None:
            return None
        return Rule(
            id=shape.id,
            title=self.draft.name(("title",), shape.title),
            why=self.draft.name(("why",), shape.why),
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
            suspects=suspects,
            family=family,
            folds_under=folds_under,
            recovers_within=timedelta() if in_family is None else in_family.recovers_within,
            latched=shape.latched,
            shadow=shape.shadow,
            file=str(self.document.path),
        )

    def tests(self) -> tuple[RuleTest, ...]:
        return tuple(self._test(("tests", n), shape) for n, shape in enumerate(self.shape.tests))

    def _classes(self) -> tuple[DeviceClass, ...]:
        """Those that the rule names; where it names none, those that its folder does, or all."""
        named = [DEVICE_CLASSES[name] for name in self.shape.applies_to.device_class if name in DEVICE_CLASSES]
        folder = DEVICE_CLASSES.get(self.document.path.parent.name)
        return tuple(named or ([folder] if folder else DEVICE_CLASSES.values()))

    def _check_chart(self) -> None:
        if self.shape.key_value is not None:
            self.draft.check_points("key_value", [(None, self.shape.key_value)])
        limit = self.shape.limit
        if limit is not None and limit not in self.shape.params:
            what = Text(zh=f"没有参数 {limit}", en=f"there is no param {limit}")
            self.draft.fault(("limit",), what, suggestion(limit, self.shape.params))

    def _mask(self, shape: MaskShape | None) -> Mask | None:
        if shape is None:
            return None
        when = self.draft.condition(("unless", "when"), shape.when)
        text = same(shape.when) if shape.text is None else self.draft.text(("unless", "text"), shape.text)
        return None if when is None else Mask(when=when, text=text)

    def _folding(self) -> tuple[str, tuple[Above, ...]]:
        """A rule that names no family is one of its own."""
        name, families = self.shape.family, self.shelf.families
        if name and name not in families:
            self.draft.fault(("family",), *unknown_family(name, families))
        own = self.shape.folds_under
        if own is None:
            return name or self.shape.id, families[name].folds_under if name in families else ()
        self.draft.faults += above_faults(self.document, ("folds_under",), own, families)
        return name or self.shape.id, above_of(own)

    def _suspects(self) -> dict[str, tuple[Suspect, ...]]:
        """The causes that the rule names, for each class of device that may have them."""
        classes, causes = [each.name for each in self.scope.classes], self.shelf.causes
        for n, (id_, _) in enumerate(self.shape.causes):
            if id_ in {other for other, _ in self.shape.causes[:n]}:
                what = Text(zh=f"原因 {id_} 已经有了", en=f"there is already a cause {id_}")
                self.draft.fault(("causes", n), what, Text(zh="请保留其中一个", en="keep one of the two"))
            if id_ not in causes.ids(classes):
                what = Text(zh=f"没有原因 {id_}", en=f"there is no cause {id_}")
                self.draft.fault(("causes", n), what, suggestion(id_, causes.ids(classes)))
        return {name: tuple(self._suspects_of(name)) for name in classes}

    def _suspects_of(self, device_class: str) -> Iterable[Suspect]:
        for id_, ratio in self.shape.causes:
            cause = self.shelf.causes.find(id_, device_class)
            if cause is not None:
                yield Suspect(cause=cause, ratio=ratio)

    def _test(self, at: Location, shape: TestShape) -> RuleTest:
        device_class = shape.device.device_class or self.scope.classes[0].name
        duty = shape.device.duty or next(iter(self.shape.applies_to.duty), "")
        expect = self._expect(at, shape)
        self._check_device(at, device_class, duty)
        if not shape.it.strip():
            what = Text(zh="测试没有说明", en="the test does not say what it shows")
            self.draft.fault((*at, "it"), what, Text(zh="请写一句话", en="write a sentence"))
        if not shape.every:
            what = Text(zh="步长为零", en="a step takes no time")
            self.draft.fault((*at, "every"), what, Text(zh="例如 10m", en="write 10m, for example"))
        return RuleTest(
            rule=self.shape.id,
            it=shape.it,
            file=str(self.document.path),
            line=self.document.line(*at),
            every=shape.every,
            device_class=device_class,
            duty=duty,
            series=self._all_series(at, device_class, shape.series, len(expect)),
            beside=self._all_series((*at, "beside"), device_class, shape.beside, len(expect)),
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
                self.draft.fault((*at, "device", key), what, suggestion(name, known))

    def _expect(self, at: Location, shape: TestShape) -> tuple[str, ...]:
        text = shape.expect if isinstance(shape.expect, str) else " ".join(shape.expect)
        try:
            expect = repeated(text)
        except SeriesInvalid as error:
            self.draft.fault((*at, "expect"), error.what, error.fix)
            return ()
        for state in dict.fromkeys(expect):
            if state not in set(State):
                what = Text(zh=f"报警没有状态 {state}", en=f"an alarm has no state {state}")
                self.draft.fault((*at, "expect"), what, suggestion(state, set(State)))
        return expect

    def _all_series(self, at: Location, device_class: str, given: Mapping[str, Any], steps: int) -> dict[str, Series]:
        points = {name: str(text).lower() if isinstance(text, bool) else str(text) for name, text in given.items()}
        return {name: self._series((*at, name), device_class, text, steps) for name, text in points.items()}

    def _series(self, at: Location, device_class: str, text: str, steps: int) -> Series:
        """A series of one sample holds throughout."""
        point = str(at[-1])
        known = DEVICE_CLASSES.get(device_class)
        try:
            series = parse_series(text)
        except SeriesInvalid as error:
            self.draft.fault(at, error.what, error.fix)
            return ()
        if known is not None and point not in known.points:
            self.draft.fault(at, *unknown_point(point, known))
        elif known is not None:
            self._check_samples(at, series, known.points[point].type)
        if len(series) == 1:
            return series * steps
        if len(series) != steps:
            what = Text(zh=f"{point} 有 {len(series)} 步", en=f"{point} has {len(series)} steps")
            self.draft.fault(at, what, Text(zh=f"expect 有 {steps} 步", en=f"expect has {steps}"))
        return series

    def _check_samples(self, at: Location, series: Series, wanted: Type) -> None:
        values = [sample.value for sample in series if sample is not None and sample.value is not None]
        for value in values:
            if type(value) not in FITS[wanted]:
                what = Text(zh=f"{at[-1]} 不会报告 {value}", en=f"{at[-1]} never reports {value}")
                self.draft.fault(at, what, Text(zh=f"应为{CALLED[wanted].zh}", en=f"it is {CALLED[wanted].en}"))
                return
        for word in dict.fromkeys(value for value in values if isinstance(value, str)):
            amiss = unknown_word(str(at[-1]), word)
            if amiss is not None:
                self.draft.fault(at, *amiss)

    def _first_cause(self, at: Location, id_: str | None) -> str | None:
        causes = [cause for cause, _ in self.shape.causes]
        if id_ is not None and id_ not in causes:
            what = Text(zh=f"没有原因 {id_}", en=f"there is no cause {id_}")
            self.draft.fault(at, what, suggestion(id_, causes))
        return id_
