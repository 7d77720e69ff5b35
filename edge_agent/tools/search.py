"""In which order a line is searched, how long that takes, and what it means for line and unit ids what was heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from edge_agent.core.cost import character
from edge_agent.core.profile import SerialFormat
from edge_agent.tools.heard import PRESENT, Heard, Sound

ALL_UNITS = range(1, 248)
LIKELY_UNITS = (*range(1, 17), 247)
"""Addresses that installers and makers choose: the first ones, and the default of Eliwell's EV3."""

_LIKELY = ((9600, "E", 1), (9600, "N", 1), (19200, "E", 1), (19200, "N", 1))
_SELDOM = (
    (9600, "N", 2),
    (19200, "N", 2),
    (38400, "N", 1),
    (38400, "E", 1),
    (4800, "N", 1),
    (4800, "E", 1),
    (2400, "N", 1),
    (57600, "N", 1),
    (115200, "N", 1),
    (9600, "O", 1),
    (19200, "O", 1),
)
_CHARACTERS = 20
"""Of a question, its answer and the silences between them."""

_ALIKE = 8


class Verdict(StrEnum):
    """`shared`: two devices answer to this unit id. `noisy`: it answers, but not always whole."""

    PRESENT = "present"
    NOISY = "noisy"
    SHARED = "shared"
    GARBLED = "garbled"
    ABSENT = "absent"


class LineVerdict(StrEnum):
    """What the line as a whole looks like when nobody could be understood."""

    FOUND = "found"
    SILENT = "silent"
    GARBLED = "garbled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Questions to `units`, in their order, in one format (None: the line has none)."""

    line: SerialFormat | None
    units: tuple[int, ...]

    def seconds(self, patience: float) -> float:
        """How long it takes when nobody answers."""
        return len(self.units) * (patience + on_wire(self.line))


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that was heard, by unit id, in the format that the line has; and where bytes came that nobody understood.

    `stuck` are unit ids of which some question is answered by garbage each time, although others are answered well.
    """

    line: SerialFormat | None = None
    heard: dict[int, list[Heard]] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)
    garbled_at: dict[SerialFormat, int] = field(default_factory=dict)

    def units(self) -> dict[int, Verdict]:
        judged = {unit: judge(heard, stuck=unit in self.stuck) for unit, heard in sorted(self.heard.items())}
        return {unit: verdict for unit, verdict in judged.items() if verdict is not Verdict.ABSENT}


def formats(first: Iterable[SerialFormat], *, quick: bool) -> tuple[SerialFormat, ...]:
    """Most likely first: what somebody expects, the defaults of refrigeration, then the others."""
    usual = _LIKELY if quick else _LIKELY + _SELDOM
    known = (SerialFormat(baud=baud, parity=parity, stop_bits=stop_bits) for baud, parity, stop_bits in usual)
    return tuple(dict.fromkeys((*first, *known)))


def rounds(
    lines: Sequence[SerialFormat | None], units: Sequence[int], first: Iterable[int], *, quick: bool
) -> tuple[Round, ...]:
    """First the likely unit ids in every format, then, unless it is to be quick, all others in every format."""
    likely = tuple(dict.fromkeys(unit for unit in (*first, *LIKELY_UNITS) if unit in units)) or tuple(units)
    rest = tuple(unit for unit in units if unit not in likely)
    again = [] if quick or not rest else [Round(line=line, units=rest) for line in lines]
    return (*(Round(line=line, units=likely) for line in lines), *again)


def rest_of(line: SerialFormat | None, units: Sequence[int], asked: Iterable[int]) -> Round:
    """What remains once the format is known."""
    done = set(asked)
    return Round(line=line, units=tuple(unit for unit in units if unit not in done))


def on_wire(line: SerialFormat | None) -> float:
    """Seconds that a short question and its answer are on the wire."""
    return 0.0 if line is None else _CHARACTERS * character(line.baud)


def judge(heard: Sequence[Heard], *, stuck: bool = False) -> Verdict:
    """What all answers of one unit id together say.

    Noise strikes anywhere; two devices of one unit id garble what they say differently, each time, and only that.
    """
    present = sum(one.sound in PRESENT for one in heard)
    garbled = sum(one.sound is Sound.GARBLED for one in heard)
    if any(one.sound is Sound.TWICE for one in heard):
        return Verdict.SHARED
    if present and garbled:
        return Verdict.SHARED if stuck or 3 * garbled >= present + garbled else Verdict.NOISY
    if present:
        return Verdict.PRESENT
    return Verdict.GARBLED if garbled else Verdict.ABSENT


def line_verdict(findings: Findings) -> LineVerdict:
    """A line on which some unit is understood has the right format, whatever else is on it."""
    if any(verdict is not Verdict.GARBLED for verdict in findings.units().values()):
        return LineVerdict.FOUND
    garbled = bool(findings.garbled_at) or Verdict.GARBLED in findings.units().values()
    return LineVerdict.GARBLED if garbled else LineVerdict.SILENT


def answers_to_all(heard: Mapping[int, Sequence[Heard]]) -> bool:
    """Whether one device with a network plug answers alike whatever unit id it is asked by."""
    alike = {(one[0].sound, one[0].words, one[0].code) for one in heard.values()}
    return len(heard) >= _ALIKE and len(alike) == 1 and next(iter(alike))[0] in PRESENT
