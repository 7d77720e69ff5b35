"""Conditions that answer true, false or unknown at each telemetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from edge_agent.contract.readings import UNREACHED
from rules.compile import Function, function_of
from rules.food import FoodMemory, Keeping, minutes_to_limit
from rules.memory import LastReading
from rules.terms import (
    FITS,
    Answer,
    AtFeeder,
    Followed,
    FoodQuestion,
    Held,
    InStore,
    LocalHour,
    Siblings,
    SunUp,
    Term,
    Track,
    Type,
)
from rules.window import STALE_AFTER, Run

NEVER = float("inf")

__all__ = ["FITS", "Answer", "Expression", "Moment", "Term", "Type"]


class Tracks(Protocol):
    """What is followed of a device from report to report."""

    def answer(self, asked: Followed, moment: Moment, /) -> float | None: ...

    def will_cross(self, asked: Followed, minutes: float, moment: Moment, /) -> None: ...


class View(Protocol):
    """What can be seen of the store around a device, and of the sky."""

    @property
    def phase(self) -> float: ...

    def answer(self, asked: Siblings | AtFeeder | InStore | LocalHour | SunUp, /) -> Answer: ...

    def hour_of_week(self, seconds: float, /) -> int: ...

    def outdoor(self) -> float | None: ...

    def share(self, devices: str, flag: Function, params: Mapping[str, float], /) -> float | None: ...


@dataclass(slots=True, kw_only=True)
class Moment:
    """What is known of a device at `at`. `silent`: nothing but that it cannot be reached; None: no report yet.

    Without `tracks` nothing longer than a window is known, without `view` nothing of other devices, without `food` and
    `keeping` nothing of the food. A sample says in `pace` (s) and `crossing` (s since the epoch) when its answer may be
    another one though no point has changed.
    """

    at: datetime
    points: Mapping[str, LastReading]
    windows: Mapping[str, tuple[Run, ...]]
    params: Mapping[str, float]
    silent: bool | None
    tracks: Tracks | None = None
    view: View | None = None
    food: FoodMemory | None = None
    keeping: Keeping | None = None
    fresh_from: datetime = field(init=False)
    pace: float = NEVER
    crossing: float = NEVER

    def __post_init__(self) -> None:
        self.fresh_from = self.at - STALE_AFTER

    def held(self, asked: Held) -> bool:
        """Of a flag that is set now."""
        return self.at - self.points[asked.flag.name].since >= asked.length

    def of_food(self, asked: FoodQuestion) -> float | None:
        """°C of its limit or its estimated core, or the minutes that it has left; those are unknown for no limit."""
        if self.keeping is None:
            return None
        limit = self.keeping.product.limit
        food = self.food
        if asked == "limit" or food is None or not food.known or food.at < self.fresh_from:
            return limit if asked == "limit" else None
        if asked == "estimate":
            return food.core
        return minutes_to_limit(food.core, food.settled, limit, self.keeping.lag)

    def quality_of(self, point: str) -> str | None:
        last = self.points.get(point)
        if last is None or last.quality in UNREACHED or last.at < self.fresh_from:
            return None
        return last.quality.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A checked condition. `points` are those it reads, in the order of the text; `windows` how far back it looks.

    `params` are those that it names, `tracks` what has to be followed so that it can answer, inner ones first;
    `neighbours` the points of other devices it asks for, each with its class, empty for any. `timed`: the answer
    changes with time alone; `slow`: with time, and it is enough to ask once a minute; `silent`: with the line.
    """

    text: str
    term: Term
    points: tuple[str, ...]
    windows: Mapping[str, timedelta]
    params: tuple[str, ...] = ()
    tracks: tuple[Track, ...] = ()
    neighbours: frozenset[tuple[str, str]] = frozenset()
    timed: bool = False
    slow: bool = False
    silent: bool = False
    function: Callable[[Moment], Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "function", function_of(self.term))

    def holds(self, moment: Moment) -> bool | None:
        answer = self.function(moment)
        return None if answer is None else answer is True

    def number(self, moment: Moment) -> float | None:
        """What an expression that is a number amounts to."""
        answer = self.function(moment)
        return float(answer) if isinstance(answer, int | float) and not isinstance(answer, bool) else None
