"""A controller's register map as the core sees it: frozen values, no file, no bus."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text


class Table(StrEnum):
    """The four address spaces of Modbus, by the letters that register maps use."""

    COIL = "C"
    DISCRETE = "D"
    INPUT = "I"
    HOLDING = "H"

    @property
    def bits(self) -> bool:
        return self in {Table.COIL, Table.DISCRETE}


class WordType(StrEnum):
    """How the raw words of a point are read; `flag` is a bit, or a register that is only ever 0 or 1."""

    FLAG = "flag"
    I16 = "i16"
    U16 = "u16"
    I32 = "i32"
    U32 = "u32"
    F32 = "f32"

    @property
    def words(self) -> int:
        return 2 if self in {WordType.I32, WordType.U32, WordType.F32} else 1


class Poll(StrEnum):
    """How often a point is worth asking for; a site file says what each word means in seconds."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place in a register map, 0-based as on the wire. `bit` counts from the lowest."""

    table: Table
    number: int
    bit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """How one point of the catalogue is read from this controller.

    The engineering value is raw × `scale` + `offset`, in the catalogue's unit. `words` names the values of an
    enumeration. `sentinels` are raw words (unsigned, most significant first) that mean "no probe". Values outside
    `low`..`high` are refused. `bad_when` are flags of the same device; each of them, when set, takes this point's value
    away. `dead_band` is the change (in the point's unit) that is worth reporting.
    """

    name: str
    address: Address
    type: WordType
    scale: float = 1.0
    offset: float = 0.0
    low_word_first: bool = False
    words: dict[int, str] = field(default_factory=dict)
    sentinels: frozenset[int] = frozenset()
    low: float | None = None
    high: float | None = None
    bad_when: tuple[str, ...] = ()
    dead_band: float = 0.0
    poll: Poll = Poll.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A flag that this controller tells only through another point: set while that point's value is in `one_of`."""

    name: str
    source: str
    one_of: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What one request may ask. `runs` are closed address ranges proven to be readable as one block."""

    max_words: int = 1
    max_bits: int = 1
    runs: dict[Table, tuple[tuple[int, int], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialFormat:
    baud: int
    parity: str
    stop_bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """Raw words as they stood on the wire, and the value that a person or source gives for them."""

    point: str
    words: tuple[int, ...]
    value: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What one real unit answered: raw words by address, as read from `table`. A simulator's answer is no capture."""

    source: str
    firmware: str
    table: Table
    words: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why this map may be believed: grade (A to D), source, and whether a real unit was captured with it."""

    grade: str
    source: str
    proven: bool
    vectors: tuple[Vector, ...]
    captures: tuple[Capture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything the agent must know of a controller model behind one interface card."""

    id: str
    version: int
    device_class: str
    label: Text
    models: tuple[str, ...]
    serial: SerialFormat | None
    units: tuple[int, int]
    answer_within: timedelta
    gap: timedelta
    limits: ReadLimits
    points: dict[str, Point]
    derived: dict[str, Derived]
    evidence: Evidence
    vendor: str = ""
    interface: str = ""

    def without(self, names: frozenset[str]) -> Profile:
        """For an installation where these points are not wired: neither they nor what rests on them remain."""
        points = {
            name: replace(point, bad_when=tuple(flag for flag in point.bad_when if flag not in names))
            for name, point in self.points.items()
            if name not in names
        }
        derived = {name: rule for name, rule in self.derived.items() if name not in names and rule.source not in names}
        return replace(self, points=points, derived=derived)
