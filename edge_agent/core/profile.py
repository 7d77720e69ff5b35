"""A controller's register map as the core sees it: frozen values, no file, no bus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text
from edge_agent.core.condition import Condition, Doubt
from edge_agent.core.fingerprint import Fingerprint
from edge_agent.core.writing import Forbidden, SetupWrite, WriteSpec


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
    """How the raw words of a point are read.

    `flag` is a bit, or a register that is only ever 0 or 1. `u8` and `i8` are the lower byte of a register. `sm16` has
    its sign in the highest bit and the magnitude below. `bcd` and `bcd32` have a decimal digit in every four bits.
    `hhmm` has hours in the upper and minutes in the lower byte, and is told in minutes.
    """

    FLAG = "flag"
    U8 = "u8"
    I8 = "i8"
    I16 = "i16"
    U16 = "u16"
    I32 = "i32"
    U32 = "u32"
    I64 = "i64"
    U64 = "u64"
    F32 = "f32"
    SM16 = "sm16"
    BCD = "bcd"
    BCD32 = "bcd32"
    HHMM = "hhmm"

    @property
    def words(self) -> int:
        return _WIDTHS.get(self, 1)


_WIDTHS = {
    **dict.fromkeys((WordType.I32, WordType.U32, WordType.F32, WordType.BCD32), 2),
    **dict.fromkeys((WordType.I64, WordType.U64), 4),
}


@dataclass(frozen=True, slots=True)
class TextType:
    """ASCII in `words` registers, one or two characters in each; ends at the first NUL, padded with blanks."""

    words: int
    chars: int = 2


class Poll(StrEnum):
    """How often a point is worth asking for; a site file says what each word means in seconds."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place in a register map, 0-based as on the wire. `bit` counts from the lowest; with `last_bit` it is the first
    of several bits of one register."""

    table: Table
    number: int
    bit: int | None = None
    last_bit: int | None = None

    def moved(self, by: int) -> Address:
        return replace(self, number=self.number + by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A value that only grows, up to `rolls_over_at` (None: never seen) and then from 0.

    Where it `resets`, it may also start anew at any time.
    """

    rolls_over_at: float | None = None
    resets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """How one point of the catalogue is read from this controller.

    The engineering value is raw × `scale` × the values of the points `scale_from` + `offset`, in the catalogue's unit.
    With `inverted` a flag is set when its bit is 0. `words` names the values of an enumeration; a number that it does
    not name is told as other(n). `sentinels` are raw words (unsigned, most significant first) that mean "no probe".
    Values outside `low`..`high` are refused. `bad_when` are flags of the same device; each of them, when set, takes
    this point's value away; `doubts` say it with comparisons and other qualities. `counter` is set when the value only
    ever grows. `stride` is how far the same point of the next instance lies away. `dead_band` is the change (in the
    point's unit) that is worth reporting. `when` is a flag of the same device: this point is asked in its rhythm and
    besides whenever the flag becomes set, with each poll while it stays set, and once more when it is cleared.
    """

    name: str
    address: Address
    type: WordType | TextType
    scale: float = 1.0
    scale_from: tuple[str, ...] = ()
    offset: float = 0.0
    low_word_first: bool = False
    low_byte_first: bool = False
    inverted: bool = False
    words: dict[int, str] = field(default_factory=dict)
    sentinels: frozenset[int] = frozenset()
    low: float | None = None
    high: float | None = None
    bad_when: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    counter: Counter | None = None
    stride: int = 0
    dead_band: float = 0.0
    poll: Poll = Poll.NORMAL
    when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A point that this controller tells only through others, in one of four ways.

    Set while `source` has one of the words `one_of`; set while any of the conditions `any_of` holds; set while all of
    `all_of` hold; the number Σ `sum_of` × `scale`.
    """

    name: str
    source: str = ""
    one_of: frozenset[str] = frozenset()
    any_of: tuple[Condition, ...] = ()
    all_of: tuple[Condition, ...] = ()
    sum_of: tuple[str, ...] = ()
    scale: float = 1.0

    @property
    def sources(self) -> tuple[str, ...]:
        conditions = (condition.point for condition in (*self.any_of, *self.all_of))
        return tuple(dict.fromkeys((*((self.source,) if self.source else ()), *conditions, *self.sum_of)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """What one request may ask. `runs` are closed address ranges proven to be readable as one block.

    `max_hole` unproven addresses in a row may be read between two points. No block begins in `no_start` (closed
    ranges). `functions` are the function codes that read a table where they are not (only) the usual one.
    `zero_fill`: a block answers zeros for what a single read would refuse, so each point is asked by itself once.
    """

    max_words: int = 1
    max_bits: int = 1
    runs: dict[Table, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    max_hole: int = 0
    no_start: dict[Table, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    zero_fill: bool = False
    functions: dict[Table, tuple[int, ...]] = field(default_factory=dict)


BAUDS = (1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)
"""The speeds that controllers and adapters know; any other is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialFormat:
    """Written as installers do: `9600 8E1`."""

    baud: int
    parity: str
    stop_bits: int

    def __str__(self) -> str:
        return f"{self.baud} 8{self.parity}{self.stop_bits}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """Raw words as they stood on the wire, and the value that a person or source gives for them.

    `factor` is the product of the points that its scale rests on.
    """

    point: str
    words: tuple[int, ...]
    value: Value | None
    factor: float = 1.0


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
class Setting:
    """What an installer must know of one installation and no register tells, such as the ratio of the transformers.

    `required`: a site file must say it, because no default would be true.
    """

    name: str
    label: Text
    default: float
    low: float
    high: float
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What a controller reports as its own alarm: a flag of it that is set, or a code. `latched`: it stays until it is
    acknowledged by the command `acknowledge`."""

    when: Condition
    severity: str
    label: Text
    latched: bool = False
    acknowledge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything the agent must know of a controller model behind one interface card.

    `instances` is the closed range of numbers of the units behind one address (None: it is one device); `instance` is
    the one that this profile speaks of. `write_hold_off`: after a write the echo is not read back before. `connections`
    are how many TCP connections it bears; with `close_after_cycle` it wants them closed when it has been asked.
    """

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
    alternates: tuple[SerialFormat, ...] = ()
    serial_set_by: str = ""
    write_hold_off: timedelta = timedelta()
    close_after_cycle: bool = False
    connections: int = 1
    fingerprints: tuple[Fingerprint, ...] = ()
    settings: dict[str, Setting] = field(default_factory=dict)
    instances: tuple[int, int] | None = None
    instance: int | None = None
    writes: dict[str, WriteSpec] = field(default_factory=dict)
    never_write: tuple[Forbidden, ...] = ()
    setup: tuple[SetupWrite, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    broadcast: bool = False

    def without(self, names: frozenset[str]) -> Profile:
        """For an installation where these points are not wired: neither they nor what rests on them remain."""
        if not names:
            return self  # a thousand devices of a kind share one map
        points = {name: _without(point, names) for name, point in self.points.items() if name not in names}
        derived = {
            name: rule
            for name, rule in self.derived.items()
            if name not in names and not names.intersection(rule.sources)
        }
        return replace(self, points=points, derived=derived)

    def renamed(self, names: Mapping[str, str]) -> Profile:
        """For an installation that knows what is wired to an input. No other point may rest on a renamed one."""
        if not names:
            return self
        points = {
            names.get(name, name): replace(point, name=names.get(name, name)) for name, point in self.points.items()
        }
        return replace(self, points=points)

    def rests_on(self, name: str) -> bool:
        """Whether another point cannot be told without this one."""
        rest = (replace(point, name="") for other, point in self.points.items() if other != name)
        derived = any(name in rule.sources for rule in self.derived.values())
        return derived or any(_without(point, frozenset({name})) != point for point in rest)

    def of_instance(self, number: int) -> Profile:
        """The same map for unit `number` behind this address; fingerprints are of the gateway and stay."""
        first = self.instances[0] if self.instances else number
        points = {
            name: replace(point, address=point.address.moved(point.stride * (number - first)))
            for name, point in self.points.items()
        }
        writes = {name: write.moved(write.stride * (number - first)) for name, write in self.writes.items()}
        return replace(self, points=points, writes=writes, instance=number)


def _without(point: Point, names: frozenset[str]) -> Point:
    return replace(
        point,
        bad_when=tuple(flag for flag in point.bad_when if flag not in names),
        doubts=tuple(doubt for doubt in point.doubts if doubt.when.point not in names),
        when=None if point.when in names else point.when,
    )
