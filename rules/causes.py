"""What may be behind alarms, as engineers write it down: `causes/<class>.yaml` and `causes/any.yaml` → causes by id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, StrictStr

from configs.documents import Document, Fault, Faulty, Location, build, read_document
from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.text import Text
from rules.check import Scope
from rules.diagnosis import PLACEHOLDER
from rules.document import ParamShape, as_param
from rules.draft import Draft, every_class
from rules.model import Cause, Number, Param, Sign
from rules.naming import suggestion

SHIPPED = Path(__file__).parent / "causes"
FOLDER = "causes"
"""A folder of this name among rules holds causes, which take the place of the shipped ones of the same file name."""
ANY, STORE = "any", "store"
"""The files of what every class may have, and of what befalls a whole store."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Ratio = Annotated[FiniteFloat, Field(ge=1, le=1000)]


class SignShape(_Shape):
    """`for` and `against` say how many times likelier, or less likely, the cause is where the sign is seen; `else` how
    many times less likely where it is not."""

    when: StrictStr | None = None
    raised: str | None = None
    speaks_for: _Ratio | None = Field(default=None, alias="for")
    against: _Ratio | None = None
    because: Text | None = None
    otherwise: _Ratio | None = Field(default=None, alias="else")
    otherwise_because: Text | None = Field(default=None, alias="else_because")


class CauseShape(_Shape):
    text: Text
    weight: float = Field(default=1.0, gt=0, le=100)
    duties: list[str] = []
    food_at_risk: bool = False
    creeping: bool = False
    signs: list[SignShape] = []
    staff_checks: list[Text] = []
    checks: list[Text] = []
    parts: list[Text] = []
    tools: list[Text] = []


class NumberShape(_Shape):
    value: StrictStr
    digits: int = Field(default=1, ge=0, le=6)


class CausesShape(_Shape):
    numbers: dict[str, NumberShape] = {}
    params: dict[str, Annotated[ParamShape, BeforeValidator(as_param)]] = {}
    params_for: dict[str, dict[str, FiniteFloat]] = {}
    causes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], CauseShape] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseBook:
    """The causes of each class by id; `raised` are the rules that signs ask for, with the fault if there is none."""

    by_class: Mapping[str, Mapping[str, Cause]] = field(default_factory=dict)
    raised: tuple[tuple[str, Document, Location], ...] = ()

    @property
    def creeping(self) -> frozenset[str]:
        """Those that grow: whoever finds them late has not found them at once."""
        return frozenset(id_ for own in self.by_class.values() for id_, cause in own.items() if cause.creeping)

    def find(self, id_: str, device_class: str) -> Cause | None:
        """That class's own, or what any class may have."""
        own = self.by_class.get(device_class, {}).get(id_)
        return own or self.by_class.get(ANY, {}).get(id_)

    def ids(self, classes: Iterable[str]) -> set[str]:
        return {id_ for name in (*classes, ANY) for id_ in self.by_class.get(name, {})}

    def unknown_rules(self, known: Iterable[str]) -> Iterable[Fault]:
        """Signs that wait for an alarm that no rule raises."""
        known = set(known)
        for rule, document, at in self.raised:
            if rule not in known:
                what = Text(zh=f"没有规则 {rule}", en=f"there is no rule {rule}")
                yield document.fault(at, what, suggestion(rule, known))


def cause_files(root: Path) -> list[Path]:
    """The shipped files, those of `root` before them. `root` is a folder of rules."""
    own = {path.name: path for path in sorted(root.rglob("*.yaml")) if path.parent.name == FOLDER}
    return list(({path.name: path for path in sorted(SHIPPED.glob("*.yaml"))} | own).values())


def load_causes(paths: Sequence[Path]) -> CauseBook:
    """Raises Faulty with the faults of all files."""
    by_class: dict[str, dict[str, Cause]] = {}
    raised: list[tuple[str, Document, Location]] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            document = read_document(path)
            shape = build(CausesShape, document)
            by_class[path.stem] = _causes_of(document, shape)
        except Faulty as error:
            faults += error.faults
        else:
            raised += _raised(document, shape)
    if faults:
        raise Faulty(faults)
    return CauseBook(by_class=by_class, raised=tuple(raised))


def _causes_of(document: Document, shape: CausesShape) -> dict[str, Cause]:
    draft = Draft(document, _scope(document, shape), numbers=frozenset(shape.numbers))
    name, known = document.path.stem, {*DEVICE_CLASSES, ANY, STORE}
    if name not in known:
        what = Text(zh=f"没有设备类别 {name}", en=f"there is no device class {name}")
        draft.fault((), what, suggestion(name, known))
    draft.check_params(shape.params, shape.params_for)
    draft.check_duties(("params_for",), shape.params_for)
    numbers = dict(_numbers(draft, shape))
    causes = {id_: _cause(draft, shape, id_, each) for id_, each in shape.causes.items()}
    causes = {id_: replace(cause, numbers=_said(cause, numbers)) for id_, cause in causes.items()}
    if draft.faults:
        raise Faulty(draft.faults)
    return causes


def _numbers(draft: Draft, shape: CausesShape) -> Iterable[tuple[str, Number]]:
    for name, each in shape.numbers.items():
        value = draft.number(("numbers", name, "value"), each.value)
        if value is not None:
            yield name, Number(value=value, digits=each.digits)


def _said(cause: Cause, numbers: Mapping[str, Number]) -> dict[str, Number]:
    """Those that the texts of its signs hold."""
    texts = (text for sign in cause.signs for text in (sign.because, sign.otherwise_because) if text is not None)
    names = {name for text in texts for name in PLACEHOLDER.findall(text.zh + text.en)}
    return {name: number for name, number in numbers.items() if name in names}


def _scope(document: Document, shape: CausesShape) -> Scope:
    params = frozenset(shape.params)
    own = DEVICE_CLASSES.get(document.path.stem)
    return Scope(classes=(own,) if own else every_class().classes, params=params)


def _cause(draft: Draft, file: CausesShape, id_: str, shape: CauseShape) -> Cause:
    at: Location = ("causes", id_)
    draft.check_duties((*at, "duties"), shape.duties)
    if not shape.staff_checks and not shape.checks:
        what = Text(zh=f"原因 {id_} 没有检查步骤", en=f"{id_} does not say what to check")
        draft.fault(at, what, Text(zh="请写 staff_checks 或 checks", en="write staff_checks or checks"))
    return Cause(
        id=id_,
        text=draft.name((*at, "text"), shape.text),
        weight=shape.weight,
        duties=frozenset(shape.duties),
        food_at_risk=shape.food_at_risk,
        creeping=shape.creeping,
        signs=tuple(_signs(draft, at, shape.signs)),
        staff_checks=draft.texts((*at, "staff_checks"), shape.staff_checks),
        checks=draft.texts((*at, "checks"), shape.checks),
        parts=draft.texts((*at, "parts"), shape.parts),
        tools=draft.texts((*at, "tools"), shape.tools),
        params={name: Param(**param.model_dump()) for name, param in file.params.items()},
        params_for=file.params_for,
    )


def _signs(draft: Draft, at: Location, shapes: Sequence[SignShape]) -> Iterable[Sign]:
    for n, shape in enumerate(shapes):
        here: Location = (*at, "signs", n)
        for what, fix in _amiss(shape):
            draft.fault(here, what, fix)
        yield Sign(
            when=draft.condition((*here, "when"), shape.when),
            raised=shape.raised,
            ratio=shape.speaks_for or 1 / (shape.against or 1),
            otherwise=1 / (shape.otherwise or 1),
            because=None if shape.because is None else draft.text((*here, "because"), shape.because),
            otherwise_because=None
            if shape.otherwise_because is None
            else draft.text((*here, "else_because"), shape.otherwise_because),
        )


def _amiss(shape: SignShape) -> Iterable[tuple[Text, Text]]:
    """What a sign lacks or has too much of."""
    if (shape.when is None) == (shape.raised is None):
        what = Text(zh="特征需要 when 或 raised 之一", en="a sign has either when or raised")
        yield what, Text(zh="请写一个条件，或一条规则的 id", en="write a condition, or the id of a rule")
    if (shape.speaks_for is None) == (shape.against is None):
        what = Text(zh="特征需要 for 或 against 之一", en="a sign has either for or against")
        yield what, Text(zh="例如 for: 4", en="write for: 4, for example")
    if shape.otherwise is not None and (shape.speaks_for is None or shape.when is None):
        what = Text(zh="else 只能与 when 和 for 一起使用", en="else goes with when and for")
        yield what, Text(zh="请删除 else", en="remove else")


def _raised(document: Document, shape: CausesShape) -> Iterable[tuple[str, Document, Location]]:
    for id_, cause in shape.causes.items():
        for n, sign in enumerate(cause.signs):
            if sign.raised is not None:
                yield sign.raised, document, ("causes", id_, "signs", n, "raised")
