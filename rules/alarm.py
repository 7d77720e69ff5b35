"""The life of one alarm of one device, as a table: clear, pending, active, clearing (after ISA-18.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from rules.window import STALE_AFTER

ChangeKind = Literal["raised", "cleared"]


class State(StrEnum):
    CLEAR = "clear"
    PENDING = "pending"
    ACTIVE = "active"
    CLEARING = "clearing"


class Finding(StrEnum):
    """What one telemetry says of a rule."""

    MASKED = "masked"
    UNKNOWN = "unknown"
    FAULTY = "faulty"
    FAULTY_LONG_ENOUGH = "faulty long enough"
    NEITHER = "neither faulty nor normal"
    NORMAL = "normal"
    NORMAL_LONG_ENOUGH = "normal long enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    to: State
    change: ChangeKind | None = None


_CLEAR, _PENDING, _ACTIVE, _CLEARING = (Move(to=state) for state in State)
_RAISE = Move(to=State.ACTIVE, change="raised")
_CLEARED = Move(to=State.CLEAR, change="cleared")

TRANSITIONS: Mapping[State, Mapping[Finding, Move]] = {
    State.CLEAR: {
        Finding.MASKED: _CLEAR,
        Finding.UNKNOWN: _CLEAR,
        Finding.FAULTY: _PENDING,
        Finding.FAULTY_LONG_ENOUGH: _RAISE,
        Finding.NEITHER: _CLEAR,
        Finding.NORMAL: _CLEAR,
        Finding.NORMAL_LONG_ENOUGH: _CLEAR,
    },
    State.PENDING: {
        Finding.MASKED: _CLEAR,
        Finding.UNKNOWN: _PENDING,
        Finding.FAULTY: _PENDING,
        Finding.FAULTY_LONG_ENOUGH: _RAISE,
        Finding.NEITHER: _CLEAR,
        Finding.NORMAL: _CLEAR,
        Finding.NORMAL_LONG_ENOUGH: _CLEAR,
    },
    State.ACTIVE: {
        Finding.MASKED: _ACTIVE,
        Finding.UNKNOWN: _ACTIVE,
        Finding.FAULTY: _ACTIVE,
        Finding.FAULTY_LONG_ENOUGH: _ACTIVE,
        Finding.NEITHER: _ACTIVE,
        Finding.NORMAL: _CLEARING,
        Finding.NORMAL_LONG_ENOUGH: _CLEARED,
    },
    State.CLEARING: {
        Finding.MASKED: _CLEARING,
        Finding.UNKNOWN: _CLEARING,
        Finding.FAULTY: _ACTIVE,
        Finding.FAULTY_LONG_ENOUGH: _ACTIVE,
        Finding.NEITHER: _ACTIVE,
        Finding.NORMAL: _CLEARING,
        Finding.NORMAL_LONG_ENOUGH: _CLEARED,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """`since`: the condition is true since then. `seen`: when the hold that runs now was last known to go on.

    `normal_since` is set exactly while the state is clearing. `at_least`: the condition was true at the first word of a
    segment, and may have been so before. A clear alarm is no alarm: it is None.
    """

    state: State
    since: datetime
    seen: datetime
    normal_since: datetime | None = None
    at_least: bool = False

    @property
    def raised(self) -> bool:
        return self.state in {State.ACTIVE, State.CLEARING}


class Verdict(NamedTuple):
    """What the conditions of a rule answer at one instant; None is unknown."""

    faulty: bool | None
    normal: bool | None
    masked: bool
    inhibited: bool

    @property
    def hidden(self) -> bool:
        """Masked, and not plainly over: a mask holds an alarm back, it does not keep one up."""
        return self.masked and not (self.normal and not self.faulty)


class Step(NamedTuple):
    """`since` and `until` bound the time of the condition, for whoever is told of `change`."""

    alarm: Alarm | None
    change: ChangeKind | None
    since: datetime
    until: datetime
    at_least: bool = False


def advance(
    alarm: Alarm | None, verdict: Verdict, at: datetime, hold: timedelta, normal_for: timedelta, *, first: bool = False
) -> Step:
    """The alarm after `verdict`, found at `at`; `hold` and `normal_for` as the rule has them.

    `first`: nothing is known of the condition before `at`, so that one that is true may be older.
    """
    since = _faulty_since(alarm, at)
    at_least = first if alarm is None else alarm.at_least and since == alarm.since
    normal_since = _normal_since(alarm, at)
    finding = _finding(alarm, verdict, at - since >= hold, at - normal_since >= normal_for)
    move = TRANSITIONS[State.CLEAR if alarm is None else alarm.state][finding]
    after = alarm
    if finding not in _STANDS_STILL or move.to == State.CLEAR:
        after = _enter(move.to, since, normal_since, at, at_least)
    until = normal_since if move.change == "cleared" else at
    return Step(alarm=after, change=move.change, since=since, until=until, at_least=at_least)


def diagram() -> str:
    """The table as a Mermaid state diagram; `docs/rules.md` shows it and a test compares."""
    arrows: dict[tuple[State, Move], list[str]] = {}
    for state, moves in TRANSITIONS.items():
        for finding, move in moves.items():
            if move.to != state or move.change:
                arrows.setdefault((state, move), []).append(finding.value)
    lines = ["stateDiagram-v2", "    [*] --> clear"]
    for (state, move), findings in arrows.items():
        told = f" [{move.change}]" if move.change else ""
        lines.append(f"    {state} --> {move.to}: {', '.join(findings)}{told}")
    return "\n".join(lines)


_STANDS_STILL = frozenset({Finding.MASKED, Finding.UNKNOWN})


def _finding(alarm: Alarm | None, verdict: Verdict, faulty_enough: bool, normal_enough: bool) -> Finding:
    if verdict.hidden:
        return Finding.MASKED
    if verdict.faulty:
        return Finding.FAULTY_LONG_ENOUGH if faulty_enough and not verdict.inhibited else Finding.FAULTY
    if verdict.normal:
        return Finding.NORMAL_LONG_ENOUGH if normal_enough else Finding.NORMAL
    decisive = verdict.normal if alarm is not None and alarm.state is State.CLEARING else verdict.faulty
    return Finding.NEITHER if decisive is False else Finding.UNKNOWN


def _faulty_since(alarm: Alarm | None, at: datetime) -> datetime:
    """A silence after which no value stands any more starts the hold anew; what is raised keeps its beginning."""
    if alarm is None or (alarm.state is State.PENDING and at - alarm.seen > STALE_AFTER):
        return at
    return alarm.since


def _normal_since(alarm: Alarm | None, at: datetime) -> datetime:
    if alarm is None or alarm.normal_since is None or at - alarm.seen > STALE_AFTER:
        return at
    return alarm.normal_since


def _enter(state: State, since: datetime, normal_since: datetime, at: datetime, at_least: bool) -> Alarm | None:
    if state is State.CLEAR:
        return None
    clearing = state is State.CLEARING
    return Alarm(state=state, since=since, seen=at, normal_since=normal_since if clearing else None, at_least=at_least)
