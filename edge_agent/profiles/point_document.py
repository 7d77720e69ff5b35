"""The shape of one point of a profile file, and the frozen Point that it describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from edge_agent.contract.readings import Quality
from edge_agent.core.condition import Doubt, NoCondition, condition_of
from edge_agent.core.profile import Address, Counter, Derived, Point, Poll, Table, TextType, WordType

WORD = 0xFFFF
_ADDRESS = r"^([CDIH])(0x[0-9A-Fa-f]{1,4}|\d{1,5})(?::(\d{1,2})(?:-(\d{1,2}))?)?$"

RawWord = Annotated[int, Field(ge=0, le=WORD)]
Letter = Literal["C", "D", "I", "H"]
AddressText = Annotated[str, Field(pattern=_ADDRESS)]
# fmt: off
TypeWord = Literal[
    "flag", "u8", "i8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "sm16", "bcd", "bcd32", "hhmm", "text",
]
# fmt: on


class Strict(BaseModel):
    """No unknown key, no value that must be guessed into its type, and no number that is none."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _is_condition(text: str) -> str:
    try:
        condition_of(text)
    except NoCondition:
        raise PydanticCustomError(
            "condition",
            "write a flag, `not` and a flag, or a comparison such as `error_code == 65535`",
            {"zh": "请写标志点、not 标志点,或比较,如 error_code == 65535"},
        ) from None
    return text


ConditionText = Annotated[str, AfterValidator(_is_condition)]


def address_of(text: str) -> Address:
    """`H2531`, `H0x0557:8-11`, `C7`; the pattern of the field has seen to its form."""
    match = re.match(_ADDRESS, text)
    assert match, text  # noqa: S101 — the field's pattern
    bit, last = (int(part) if part else None for part in (match[3], match[4]))
    return Address(table=Table(match[1]), number=int(match[2], 0), bit=bit, last_bit=last)


class ScaleDocument(Strict):
    """`times`, and beside it what tells the rest: points of the device (`from`) or a setting of the site."""

    times: float = 1.0
    source: str | list[str] = Field(default_factory=list, alias="from")
    setting: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if isinstance(self.source, str) else tuple(self.source)


def _scale_of(given: Any) -> Any:
    """A number by itself is all of the scale."""
    return {"times": given} if isinstance(given, int | float) and not isinstance(given, bool) else given


class CounterDocument(Strict):
    rolls_over_at: float | None = None
    resets: bool = False


class PointDocument(Strict):
    at: AddressText
    type: TypeWord
    length: Annotated[int, Field(ge=1, le=125)] | None = None
    chars: Literal[1, 2] = 2
    scale: Annotated[ScaleDocument, BeforeValidator(_scale_of)] = ScaleDocument()
    offset: float = 0.0
    order: Literal["high_first", "low_first"] = "high_first"
    bytes: Literal["high_first", "low_first"] = "high_first"
    inverted: bool = False
    words: dict[int, str] = Field(default_factory=dict)
    sentinels: list[Annotated[int, Field(ge=0, le=0xFFFFFFFFFFFFFFFF)]] = Field(default_factory=list)
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    bad_when: list[ConditionText] = Field(default_factory=list)
    no_answer_when: list[ConditionText] = Field(default_factory=list)
    absent_when: list[ConditionText] = Field(default_factory=list)
    counter: CounterDocument | None = None
    stride: int | None = None
    dead_band: float = Field(default=0.0, ge=0)
    poll: Literal["fast", "normal", "slow", "once"] = "normal"
    when: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$")] | None = None

    def address_of(self) -> Address:
        return address_of(self.at)

    def type_of(self) -> WordType | TextType:
        return TextType(self.length or 1, self.chars) if self.type == "text" else WordType(self.type)

    def point_of(self, name: str, given: Mapping[str, float] | None = None, stride: int = 0) -> Point:
        """`given` are the values of the settings, `stride` that of the points which name none."""
        low, high = self.range or (None, None)
        flags = tuple(text for text in self.bad_when if " " not in text)
        return Point(
            name=name,
            address=self.address_of(),
            type=self.type_of(),
            scale=_product(self.scale, given or {}),
            scale_from=self.scale.sources,
            offset=self.offset,
            low_word_first=self.order == "low_first",
            low_byte_first=self.bytes == "low_first",
            inverted=self.inverted,
            words=self.words,
            sentinels=frozenset(self.sentinels),
            low=low,
            high=high,
            bad_when=flags,
            doubts=self._doubts_of(),
            counter=Counter(**self.counter.model_dump()) if self.counter else None,
            stride=stride if self.stride is None else self.stride,
            dead_band=self.dead_band,
            poll=Poll(self.poll),
            when=self.when,
        )

    def _doubts_of(self) -> tuple[Doubt, ...]:
        doubts = (
            *((text, Quality.PROBE_FAULT) for text in self.bad_when if " " in text),
            *((text, Quality.NO_ANSWER) for text in self.no_answer_when),
            *((text, Quality.REFUSED) for text in self.absent_when),
        )
        return tuple(Doubt(when=condition_of(text), quality=quality) for text, quality in doubts)


class DerivedDocument(Strict):
    """One of `from` with `one_of`, `any`, `all`, `sum`."""

    source: str = Field(default="", alias="from")
    one_of: list[str] = Field(default_factory=list)
    any_of: list[ConditionText] = Field(default_factory=list, alias="any")
    all_of: list[ConditionText] = Field(default_factory=list, alias="all")
    sum_of: list[str] = Field(default_factory=list, alias="sum")
    scale: float = 1.0

    @model_validator(mode="before")
    @classmethod
    def _is_one(cls, given: Any) -> Any:
        said = {"from", "any", "all", "sum"}.intersection(given) if isinstance(given, dict) else {"from"}
        if len(said) != 1 or ("from" in said and isinstance(given, dict) and not given.get("one_of")):
            raise PydanticCustomError(
                "derived",
                "write one of: from with one_of, any, all, sum",
                {"zh": "请只写一种:from 加 one_of、any、all 或 sum"},
            )
        return given

    def derived_of(self, name: str) -> Derived:
        return Derived(
            name=name,
            source=self.source,
            one_of=frozenset(self.one_of),
            any_of=tuple(condition_of(text) for text in self.any_of),
            all_of=tuple(condition_of(text) for text in self.all_of),
            sum_of=tuple(self.sum_of),
            scale=self.scale,
        )


def _product(scale: ScaleDocument, given: Mapping[str, float]) -> float:
    """In decimals, so that 0.1 × 40 is 4.0."""
    factor = given.get(scale.setting, 1.0) if scale.setting else 1.0
    return float(Decimal(repr(scale.times)) * Decimal(repr(factor)))
