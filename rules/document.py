"""The shape of a rule file, as pydantic checks it before anything is compiled."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, StrictStr

from configs.durations import Duration
from edge_agent.contract.text import Text
from rules.model import Relation, Severity

RULE_ID = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AppliesToShape(_Shape):
    device_class: list[str] = []
    duty: list[str] = []


class ParamShape(_Shape):
    value: FiniteFloat
    unit: str = ""
    comment: str = ""
    digits: int | None = Field(default=None, ge=0, le=6)


class MaskShape(_Shape):
    when: StrictStr
    text: Text | None = None


class AboveShape(_Shape):
    rule: str = ""
    family: str = ""
    of: Relation


class TestDeviceShape(_Shape):
    device_class: str | None = None
    duty: str | None = None


class TestShape(BaseModel):
    """Every key that is not named here is a point and its series."""

    model_config = ConfigDict(extra="allow", frozen=True)

    it: str
    every: Duration
    device: TestDeviceShape = TestDeviceShape()
    expect: list[str] | str
    first_cause: str | None = None
    beside: dict[str, Any] = {}

    @property
    def series(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


def as_param(given: Any) -> Any:
    return {"value": given} if isinstance(given, int | float | str) else given


def _as_mask(given: Any) -> Any:
    return {"when": given} if isinstance(given, str) else given


def _as_named(given: Any) -> Any:
    """A list of ids, some with their ratio → ids and their ratios."""
    if not isinstance(given, list):
        return given
    pairs = [{one: 1.0} if isinstance(one, str) else one for one in given]
    return [next(iter(one.items())) if isinstance(one, dict) and len(one) == 1 else one for one in pairs]


class RuleShape(_Shape):
    id: str = Field(pattern=RULE_ID)
    title: Text
    why: Text
    severity: Severity
    applies_to: AppliesToShape
    params: dict[str, Annotated[ParamShape, BeforeValidator(as_param)]] = {}
    params_for: dict[str, dict[str, FiniteFloat]] = {}
    condition: Text
    when: StrictStr
    hold: Duration = Field(alias="for")
    normal: StrictStr | None = None
    normal_for: Duration = Field(default="0s", validate_default=True)
    unless: Annotated[MaskShape | None, BeforeValidator(_as_mask)] = None
    inhibited_by: list[str] = []
    evidence: list[str] = []
    key_value: str | None = None
    limit: str | None = None
    family: str = ""
    folds_under: list[AboveShape] | None = None
    latched: bool = False
    shadow: bool = False
    causes: Annotated[list[tuple[str, Annotated[float, Field(gt=0, le=100)]]], BeforeValidator(_as_named)] = []
    tests: list[TestShape] = Field(min_length=1)
