"""The shape of what a profile file says of writing, and the frozen specifications that it describes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from configs.durations import Duration
from edge_agent.core.profile import Table
from edge_agent.core.writing import Forbidden, Mask, ReadBack, Safety, SetupWrite, WriteKind, WriteLimits, WriteSpec
from edge_agent.profiles.point_document import AddressText, ConditionText, Letter, RawWord, Strict, address_of

SafetyWord = Literal["info", "operational", "critical"]


class LimitsDocument(Strict):
    low: float | None = None
    high: float | None = None
    step: float | None = Field(default=None, gt=0)
    low_from: str = ""
    high_from: str = ""


class MaskDocument(Strict):
    bits: RawWord
    fixed: RawWord = 0
    fixed_mask: RawWord = 0
    keep: bool = True


class ReadBackDocument(Strict):
    point: str
    tolerance: float = Field(default=0.0, ge=0)
    within: Duration = timedelta(seconds=5)

    def read_back_of(self) -> ReadBack:
        return ReadBack(point=self.point, tolerance=self.tolerance, within=self.within)


class WriteDocument(Strict):
    kind: Literal["level", "pulse", "coded", "masked"] = "level"
    function: Literal[5, 6, 15, 16]
    safety: SafetyWord = "operational"
    at: AddressText | None = None
    stride: int | None = None
    limits: LimitsDocument = LimitsDocument()
    codes: dict[str, RawWord] = Field(default_factory=dict)
    mask: MaskDocument | None = None
    read_back: ReadBackDocument | None = None
    at_most_every: Duration = timedelta()
    hold_off: Duration = timedelta()
    unless: list[ConditionText] = Field(default_factory=list)
    lease: Duration | None = None
    fail_safe: float | bool | str | None = None

    def write_of(self, point: str, stride: int = 0) -> WriteSpec:
        """`stride` is that of the writes which name none."""
        return WriteSpec(
            point=point,
            kind=WriteKind(self.kind),
            function=self.function,
            safety=Safety(self.safety),
            address=address_of(self.at) if self.at else None,
            stride=stride if self.stride is None else self.stride,
            limits=WriteLimits(**self.limits.model_dump()),
            codes=self.codes,
            mask=Mask(**self.mask.model_dump()) if self.mask else None,
            read_back=self.read_back.read_back_of() if self.read_back else None,
            at_most_every=self.at_most_every,
            hold_off=self.hold_off,
            unless=tuple(self.unless),
            lease=self.lease,
            fail_safe=self.fail_safe,
        )


class SetupDocument(Strict):
    at: AddressText
    value: RawWord
    safety: SafetyWord = "operational"
    reason: str = Field(min_length=1)

    def setup_of(self) -> SetupWrite:
        return SetupWrite(address=address_of(self.at), value=self.value, safety=Safety(self.safety), reason=self.reason)


NeverWrite = dict[Letter, list[Annotated[list[RawWord], Field(min_length=2, max_length=2)]]]


def forbidden_of(given: NeverWrite) -> tuple[Forbidden, ...]:
    return tuple(
        Forbidden(table=Table(letter), first=first, last=last)
        for letter, closed in given.items()
        for first, last in closed
    )
