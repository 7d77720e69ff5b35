"""The shape of a profile file, and the frozen Profile that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from configs.durations import Duration
from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text
from edge_agent.core.condition import condition_of
from edge_agent.core.fingerprint import Fingerprint
from edge_agent.core.profile import (
    BAUDS,
    Address,
    Alarm,
    Capture,
    Evidence,
    Point,
    Profile,
    ReadLimits,
    SerialFormat,
    Setting,
    Table,
    Vector,
)
from edge_agent.core.writing import Forbidden, WriteSpec
from edge_agent.profiles.point_document import (
    ConditionText,
    DerivedDocument,
    Letter,
    PointDocument,
    RawWord,
    Strict,
)
from edge_agent.profiles.write_document import NeverWrite, SetupDocument, WriteDocument, forbidden_of

_ID = r"^[a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9_]+)?$"

Unit = Annotated[int, Field(ge=1, le=247)]
Runs = dict[Letter, list[Annotated[list[RawWord], Field(min_length=2, max_length=2)]]]


class TextDocument(Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def text_of(self) -> Text:
        return Text(zh=self.zh, en=self.en)


def _is_usual(baud: int) -> int:
    if baud not in BAUDS:
        known = ", ".join(map(str, BAUDS))
        raise PydanticCustomError("baud", "write one of {known}", {"known": known, "zh": f"可取:{known}"})
    return baud


class SerialDocument(Strict):
    baud: Annotated[int, AfterValidator(_is_usual)]
    parity: Literal["N", "E", "O"]
    stop_bits: Literal[1, 2]

    def serial_of(self) -> SerialFormat:
        return SerialFormat(baud=self.baud, parity=self.parity, stop_bits=self.stop_bits)


class ProfileSerialDocument(SerialDocument):
    """`set_by` says how the maker lets it be changed."""

    units: list[Unit] = Field(min_length=2, max_length=2)
    alternates: list[SerialDocument] = Field(default_factory=list)
    set_by: Literal["", "menu", "dip", "register", "auto", "fixed"] = ""


class TimingDocument(Strict):
    answer_within: Duration = timedelta(milliseconds=500)
    gap: Duration = timedelta()
    write_hold_off: Duration = timedelta()
    close_after_cycle: bool = False
    connections: int = Field(default=1, ge=1, le=64)


class ReadsDocument(Strict):
    max_words: int = Field(default=1, ge=1, le=125)
    max_bits: int = Field(default=1, ge=1, le=2000)
    runs: Runs = Field(default_factory=dict)
    max_hole: int = Field(default=0, ge=0, le=124)
    no_start: Runs = Field(default_factory=dict)
    zero_fill: bool = False
    functions: dict[Letter, list[Annotated[int, Field(ge=1, le=4)]]] = Field(default_factory=dict)

    def limits_of(self, shift: Mapping[Letter, int]) -> ReadLimits:
        return ReadLimits(
            max_words=self.max_words,
            max_bits=self.max_bits,
            runs=_ranges(self.runs, shift),
            max_hole=self.max_hole,
            no_start=_ranges(self.no_start, shift),
            zero_fill=self.zero_fill,
            functions={Table(letter): tuple(codes) for letter, codes in self.functions.items()},
        )


class VectorDocument(Strict):
    point: str
    words: list[RawWord] = Field(min_length=1, max_length=125)
    value: float | bool | str | None
    factor: float = 1.0

    def vector_of(self) -> Vector:
        value: Value | None = self.value
        return Vector(point=self.point, words=tuple(self.words), value=value, factor=self.factor)


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


class FingerprintDocument(Strict):
    """What stands `at` (or what the profile's own `point` says) and what it must be."""

    point: str = ""
    read: PointDocument | None = None
    one_of: list[float | bool | str] = Field(default_factory=list)
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    regex: str = ""
    decisive: bool = False

    def fingerprint_of(self, points: Mapping[str, Point]) -> Fingerprint:
        low, high = self.range or (None, None)
        return Fingerprint(
            point=self.read.point_of("fingerprint") if self.read else points[self.point],
            one_of=tuple(self.one_of),
            low=low,
            high=high,
            pattern=self.regex,
            decisive=self.decisive,
        )


class SettingDocument(Strict):
    label: TextDocument
    default: float = 1.0
    range: Annotated[list[float], Field(min_length=2, max_length=2)]
    required: bool = False

    def setting_of(self, name: str) -> Setting:
        return Setting(
            name=name,
            label=self.label.text_of(),
            default=self.default,
            low=self.range[0],
            high=self.range[1],
            required=self.required,
        )


class AlarmDocument(Strict):
    when: ConditionText
    severity: Literal["critical", "high", "low"]
    label: TextDocument
    latched: bool = False
    acknowledge: str = ""

    def alarm_of(self) -> Alarm:
        return Alarm(
            when=condition_of(self.when),
            severity=self.severity,
            label=self.label.text_of(),
            latched=self.latched,
            acknowledge=self.acknowledge,
        )


class InstancesDocument(Strict):
    """Numbers `range` of the units behind one address; `stride` of the points that name none."""

    range: Annotated[list[int], Field(min_length=2, max_length=2)]
    stride: int = 0


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
    shift: dict[Letter, int] = Field(default_factory=dict)
    settings: dict[str, SettingDocument] = Field(default_factory=dict)
    instances: InstancesDocument | None = None
    points: dict[str, PointDocument] = Field(min_length=1)
    derived: dict[str, DerivedDocument] = Field(default_factory=dict)
    fingerprints: list[FingerprintDocument] = Field(default_factory=list)
    writes: dict[str, WriteDocument] = Field(default_factory=dict)
    never_write: NeverWrite = Field(default_factory=dict)
    setup: list[SetupDocument] = Field(default_factory=list)
    alarms: list[AlarmDocument] = Field(default_factory=list)
    broadcast: bool = False
    test_vectors: list[VectorDocument] = Field(min_length=1)

    def profile_of(self, given: Mapping[str, float] | None = None) -> Profile:
        """`given` are values of the settings, where they are not their defaults."""
        defaults = {name: setting.default for name, setting in self.settings.items()}
        points = self._points_of({**defaults, **(given or {})})
        return replace(
            self._bare(points),
            vendor=self.vendor,
            interface=self.interface,
            alternates=tuple(one.serial_of() for one in self.serial.alternates) if self.serial else (),
            serial_set_by=self.serial.set_by if self.serial else "",
            write_hold_off=self.timing.write_hold_off,
            close_after_cycle=self.timing.close_after_cycle,
            connections=self.timing.connections,
            fingerprints=tuple(self._fingerprint_of(one, points) for one in self.fingerprints),
            settings={name: setting.setting_of(name) for name, setting in self.settings.items()},
            instances=(self.instances.range[0], self.instances.range[1]) if self.instances else None,
            writes={name: self._write_of(name, write) for name, write in self.writes.items()},
            never_write=tuple(self._moved(one) for one in forbidden_of(self.never_write)),
            setup=tuple(replace(one.setup_of(), address=self._at(one.setup_of().address)) for one in self.setup),
            alarms=tuple(one.alarm_of() for one in self.alarms),
            broadcast=self.broadcast,
        )

    @property
    def stride(self) -> int:
        """From one instance to the next, of what names no stride of its own."""
        return self.instances.stride if self.instances else 0

    def _points_of(self, given: Mapping[str, float]) -> dict[str, Point]:
        points = {name: point.point_of(name, given, self.stride) for name, point in self.points.items()}
        return {name: replace(point, address=self._at(point.address)) for name, point in points.items()}

    def _at(self, address: Address) -> Address:
        """Where that place of the map is behind this interface card."""
        return address.moved(self.shift.get(address.table.value, 0))

    def _moved(self, forbidden: Forbidden) -> Forbidden:
        by = self.shift.get(forbidden.table.value, 0)
        return replace(forbidden, first=forbidden.first + by, last=forbidden.last + by)

    def _write_of(self, name: str, given: WriteDocument) -> WriteSpec:
        write = given.write_of(name, self.stride)
        return replace(write, address=self._at(write.address)) if write.address else write

    def _fingerprint_of(self, given: FingerprintDocument, points: Mapping[str, Point]) -> Fingerprint:
        mark = given.fingerprint_of(points)
        return replace(mark, point=replace(mark.point, address=self._at(mark.point.address))) if given.read else mark

    def _bare(self, points: dict[str, Point]) -> Profile:
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
            limits=self.reads.limits_of(self.shift),
            points=points,
            derived={name: rule.derived_of(name) for name, rule in self.derived.items()},
            evidence=self._evidence_of(),
        )

    def _evidence_of(self) -> Evidence:
        return Evidence(
            grade=self.evidence.grade,
            source=self.evidence.source,
            proven=bool(self.evidence.captures),
            vectors=tuple(vector.vector_of() for vector in self.test_vectors),
            captures=tuple(capture.capture_of() for capture in self.evidence.captures),
        )


def _ranges(given: Runs, shift: Mapping[Letter, int]) -> dict[Table, tuple[tuple[int, int], ...]]:
    return {
        Table(letter): tuple((first + shift.get(letter, 0), last + shift.get(letter, 0)) for first, last in closed)
        for letter, closed in given.items()
    }
