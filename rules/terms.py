"""What a checked condition consists of: plain values that say what is asked, and nothing of how it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Literal

from edge_agent.contract.readings import Value

Type = Literal["number", "flag", "word"]
Answer = Value | None
"""None is unknown."""

FITS: dict[Type, frozenset[type]] = {
    "number": frozenset({float, int}),
    "flag": frozenset({bool}),
    "word": frozenset({str}),
}
"""What a reading of each type must be; a flag is no number."""

TrackKind = Literal["mean", "range", "slope", "starts", "timer", "lag", "usual"]
Question = Literal[
    "avg",
    "min",
    "max",
    "spread",
    "slope",
    "starts",
    "minutes",
    "covered",
    "since",
    "lasting",
    "lagged",
    "usual",
    "spread_of_usual",
]


@dataclass(frozen=True, slots=True)
class Constant:
    value: Value


@dataclass(frozen=True, slots=True)
class ParamValue:
    name: str


@dataclass(frozen=True, slots=True)
class PointValue:
    """Unknown while the newest report is bad, older than STALE_AFTER, or not of the type that the catalogue says."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Unknown where a side is, where a divisor is zero, and where the result is too large."""

    operator: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Both:
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Either:
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Opposite:
    operand: Term


@dataclass(frozen=True, slots=True)
class Calculated:
    """A function of numbers by its name in `rules.compile.NUMBERS`; unknown where an argument is."""

    function: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class QualityOf:
    """The word of the newest report's quality; unknown where that speaks of the line, and after a long silence."""

    name: str


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a flag is set and has been reported so, and nothing else, for at least `length`."""

    flag: PointValue
    length: timedelta


@dataclass(frozen=True, slots=True)
class OverWindow:
    """What the last `length` says of a point; unknown while the point is, or while the window is not covered."""

    question: str
    point: PointValue
    length: timedelta


FoodQuestion = Literal["limit", "estimate", "minutes"]


@dataclass(frozen=True, slots=True)
class OfFood:
    """What is known of the food that the device keeps."""

    question: FoodQuestion


@dataclass(frozen=True, slots=True)
class Silent:
    """Whether all that was said of the device since it last answered is that it cannot be reached."""


@dataclass(frozen=True, slots=True)
class Reached:
    """1 while the device answers, else 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Something that is followed from report to report: a number or flag, and what is kept of it.

    `text` tells it from all others of its kind, for given values of `params`. `seconds` is the length of a statistic or
    the time constant of a lag, 0 where there is none. `points` are those of the device whose reports change it;
    `ticking`: it changes without them too, so that it is looked at again and again.
    """

    kind: TrackKind
    text: str
    term: Term
    condition: Term | None = None
    seconds: float = 0.0
    points: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    ticking: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """What a track says now; unknown until enough of it is."""

    question: Question
    track: Track


@dataclass(frozen=True, slots=True)
class Siblings:
    """The median of a point over the other devices of the store with the same class and duty."""

    point: PointValue


@dataclass(frozen=True, slots=True)
class ShareOf:
    """The share, 0 to 1, of `devices` for which a flag of their own points is true."""

    devices: Literal["siblings", "fed"]
    flag: Term


@dataclass(frozen=True, slots=True)
class AtFeeder:
    """A point of the device that `fed_by` names."""

    point: PointValue


@dataclass(frozen=True, slots=True)
class SumOfFed:
    """The sum of a point over those devices that this one feeds and that tell it now; unknown where none does."""

    point: PointValue


@dataclass(frozen=True, slots=True)
class InStore:
    """The newest of a point of the first device of a class in the store that tells it."""

    device_class: str
    point: PointValue


@dataclass(frozen=True, slots=True)
class LocalHour:
    """The hour of the store's day, 0 to 24."""


@dataclass(frozen=True, slots=True)
class SunUp:
    """Whether the sun stands over the horizon; unknown where nobody said where the store is."""


Term = (
    Constant
    | ParamValue
    | PointValue
    | Arithmetic
    | Comparison
    | Both
    | Either
    | Opposite
    | Calculated
    | QualityOf
    | Held
    | OverWindow
    | Silent
    | OfFood
    | Reached
    | Followed
    | Siblings
    | ShareOf
    | AtFeeder
    | SumOfFed
    | InStore
    | LocalHour
    | SunUp
)


def parts_of(term: Term) -> Iterator[Term]:
    """The term and all that it is made of, without what its tracks are."""
    yield term
    for field in fields(term):
        inner = getattr(term, field.name)
        for each in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(each, Term):
                yield from parts_of(each)


def needed(term: Term) -> frozenset[str]:
    """Points of the device without which the term is unknown, whatever else is known."""
    parts: tuple[Term, ...] = ()
    match term:
        case PointValue() | QualityOf():
            return frozenset({term.name})
        case OverWindow():
            parts = (term.point,)
        case Held():
            parts = (term.flag,)
        case Followed():
            parts = (term.track.term,)
        case Arithmetic() | Comparison():
            parts = (term.left, term.right)
        case Opposite():
            parts = (term.operand,)
        case Calculated():
            parts = term.arguments
    return frozenset[str]().union(*[needed(each) for each in parts])


Ways = frozenset[frozenset[str]]
"""Of points: all of one of these sets have to be told."""
ANY_WAY: Ways = frozenset({frozenset()})
WAYS_AT_MOST = 64
"""The library has 13 at most. Their number doubles with each `or`: what has more is asked whatever is told."""


def ways_to(outcome: bool, term: Term) -> Ways:
    """The points of the device by which the term may become true, or false; with less it is never that."""
    match term:
        case Both() | Either():
            left, right = ways_to(outcome, term.left), ways_to(outcome, term.right)
            return _shortest(left | right if outcome is isinstance(term, Either) else _together(left, right))
        case Opposite():
            return ways_to(not outcome, term.operand)
        case _:
            return frozenset({needed(term)})


def _together(left: Ways, right: Ways) -> Ways:
    if len(left) * len(right) > WAYS_AT_MOST:
        return ANY_WAY
    return frozenset(one | other for one in left for other in right)


def _shortest(ways: Ways) -> Ways:
    return frozenset(way for way in ways if not any(other < way for other in ways))
