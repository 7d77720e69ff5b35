"""The shape of a profile file, and the frozen Profile that it describes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from configs.durations import Duration
from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text
from edge_agent.core.profile import (
    Address,
    Capture,
    Derived,
    Evidence,
    Point,
    Poll,
    Profile,
    ReadLimits,
    SerialFormat,
    Table,
    Vector,
    WordType,
)

WORD = 0xFFFF
_ADDRESS = r"^([CDIH])(0x[0-9A-Fa-f]{1,4}|\d{1,5})(?::(\d{1,2}))?$"
_ID = r"^[a-z0-9]+(_[a-z0-9]+)*$"

RawWord = Annotated[int, Field(ge=0, le=WORD)]
Unit = Annotated[int, Field(ge=1, le=247)]
Letter = Literal["C", "D", "I", "H"]


class Strict(BaseModel):
    """No unknown key, and no value that must be guessed into its type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TextDocument(Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text_of(self) -> Text:
        return Text(zh=self.zh, en=self.en)


class SerialDocument(Strict):
    baud: int = Field(ge=300, le=921600)
    parity: Literal["N", "E", "O"]
    stop_bits: Literal[1, 2]

    def serial_of(self) -> SerialFormat:
        return SerialFormat(baud=self.baud, parity=self.parity, stop_bits=self.stop_bits)


class ProfileSerialDocument(SerialDocument):
    units: list[Unit] = Field(min_length=2, max_length=2)


class TimingDocument(Strict):
    answer_within: Duration = timedelta(milliseconds=500)
    gap: Duration = timedelta()


class ReadsDocument(Strict):
    max_words: int = Field(default=1, ge=1, le=125)
    max_bits: int = Field(default=1, ge=1, le=2000)
    runs: dict[Letter, list[Annotated[list[RawWord], Field(min_length=2, max_length=2)]]] = {}

    def limits_of(self) -> ReadLimits:
        runs = {Table(letter): tuple((first, last) for first, last in closed) for letter, closed in self.runs.items()}
        return ReadLimits(max_words=self.max_words, max_bits=self.max_bits, runs=runs)


class PointDocument(Strict):
    at: str = Field(pattern=_ADDRESS)
    type: Literal["flag", "i16", "u16", "i32", "u32", "f32"]
    scale: float = 1.0
    offset: float = 0.0
    order: Literal["high_first", "low_first"] = "high_first"
    words: dict[int, str] = {}
    sentinels: list[Annotated[int, Field(ge=0, le=0xFFFFFFFF)]] = []
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    bad_when: list[str] = []
    dead_band: float = Field(default=0.0, ge=0)
    poll: Literal["fast", "normal", "slow", "once"] = "normal"

    def address_of(self) -> Address:
        match = re.match(_ADDRESS, self.at)
        assert match, "the pattern of the field has seen to it"  # noqa: S101
        return Address(table=Table(match[1]), number=int(match[2], 0), bit=int(match[3]) if match[3] else None)

    def point_of(self, name: str) -> Point:
        low, high = self.range or (None, None)
        return Point(
            name=name,
            address=self.address_of(),
            type=WordType(self.type),
            scale=self.scale,
            offset=self.offset,
            low_word_first=self.order == "low_first",
            words=self.words,
            sentinels=frozenset(self.sentinels),
            low=low,
            high=high,
            bad_when=tuple(self.bad_when),
            dead_band=self.dead_band,
            poll=Poll(self.poll),
        )


class DerivedDocument(Strict):
    source: str = Field(alias="from")
    one_of: list[str] = Field(min_length=1)

    def derived_of(self, name: str) -> Derived:
        return Derived(name=name, source=self.source, one_of=frozenset(self.one_of))


class VectorDocument(Strict):
    point: str
    words: list[RawWord] = Field(min_length=1, max_length=2)
    value: float | bool | str | None

    def vector_of(self) -> Vector:
        value: Value | None = self.value
        return Vector(point=self.point, words=tuple(self.words), value=value)


class CaptureDocument(Strict):
    source: str = Field(min_length=1)
    firmware: str
    table: Letter
    words: dict[RawWord, RawWord] = Field(min_length=1)

    def capture_of(self) -> Capture:
        return Capture(source=self.source, firmware=self.firmware, table=Table(self.table), words=self.words)


class EvidenceDocument(Strict):
    grade: Literal["A", "B", "C", "D"]
    source: str = Field(min_length=1)
    captures: list[CaptureDocument]


class ProfileDocument(Strict):
    profile: str = Field(pattern=_ID)
    version: int = Field(ge=1)
    device_class: str
    label: TextDocument
    vendor: str
    models: list[str] = Field(min_length=1)
    interface: str
    evidence: EvidenceDocument
    serial: ProfileSerialDocument | None = None
    timing: TimingDocument = TimingDocument()
    reads: ReadsDocument = ReadsDocument()
    points: dict[str, PointDocument] = Field(min_length=1)
    derived: dict[str, DerivedDocument] = {}
    test_vectors: list[VectorDocument] = Field(min_length=1)

    def profile_of(self) -> Profile:
        low, high = self.serial.units if self.serial else (1, 247)
        return Profile(
            id=self.profile,
            version=self.version,
            device_class=self.device_class,
            label=self.label.text_of(),
            models=tuple(self.models),
            serial=self.serial.serial_of() if self.serial else None,
            units=(low, high),
            answer_within=self.timing.answer_within,
            gap=self.timing.gap,
            limits=self.reads.limits_of(),
            points={name: point.point_of(name) for name, point in self.points.items()},
            derived={name: rule.derived_of(name) for name, rule in self.derived.items()},
            evidence=self._evidence_of(),
            vendor=self.vendor,
            interface=self.interface,
        )

    def _evidence_of(self) -> Evidence:
        return Evidence(
            grade=self.evidence.grade,
            source=self.evidence.source,
            proven=bool(self.evidence.captures),
            vectors=tuple(vector.vector_of() for vector in self.test_vectors),
            captures=tuple(capture.capture_of() for capture in self.evidence.captures),
        )
