"""What the rules remember of a device from one telemetry to the next; small, and lossless in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeGuard

from edge_agent.contract.readings import UNREACHED, Quality, Telemetry, Value
from rules.alarm import Alarm
from rules.buckets import Running
from rules.food import FoodMemory
from rules.opening import Opening
from rules.small import Lag, Timer
from rules.stems import Mark, Stem
from rules.window import STALE_AFTER, Run, extend

_GOOD = Quality.GOOD


class LastReading(NamedTuple):
    """The newest report of a point was `quality` at `at`; its newest good one was `value` at `good_at`.

    `since` is the first of the reports that all said `value`, with no longer silence than a value may stand.
    """

    value: Value | None
    quality: Quality
    at: datetime
    since: datetime
    good_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What is followed over time, by the key of the track; the same object while no signal of it is looked at.

    `stems` of signals, by their key, and the `marks` on them; `running` buckets of all but means; `recent` rows of
    buckets that are over and were short, `timers` and `lags`. `firsts` is kept while the time before is not known: when
    each signal was known first, and as what.
    """

    stems: dict[str, Stem] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    recent: dict[str, bytes] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    lags: dict[str, Lag] = field(default_factory=dict)
    firsts: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is to be looked at and asked next, by the position of a signal or rule in the plan that judged.

    `touched` are bits of the signals that a point has changed since they were looked at, `wakes` when those that change
    without a point of theirs are looked at next (s since the epoch), `idle` are bits of the signals that need a point
    which was never told, `resting` of the rules that cannot raise an alarm without such a point, and `mute` of those
    whose alarms nothing moves without one, no mask either.
    """

    touched: bytes = b""
    wakes: dict[int, float] = field(default_factory=dict)
    idle: bytes = b""
    resting: bytes = b""
    mute: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What changes rarely, and is the same object until it does: rows of long buckets that are over, what is usual."""

    past: dict[str, bytes] = field(default_factory=dict)
    usual: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """`at` is the newest telemetry; `reached_at` and `unreached_at` are the newest report that the device answered
    (if only to refuse) and the newest that it did not. `openings` are there while the time before is not known yet.

    `judged_by` is the plan that judged last: another one asks everything anew. Before `stale_from` no point that stands
    now is older than a value may be.
    """

    at: datetime | None = None
    reached_at: datetime | None = None
    unreached_at: datetime | None = None
    points: dict[str, LastReading] = field(default_factory=dict)
    windows: dict[str, tuple[Run, ...]] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    openings: dict[str, Opening] | None = None
    judged_by: str = ""
    stale_from: datetime | None = None
    agenda: Agenda = field(default_factory=Agenda)
    tracked: Tracked = field(default_factory=Tracked)
    history: History = field(default_factory=History)
    food: FoodMemory | None = None


class Heard(NamedTuple):
    """What a telemetry brought: all points and windows with it, and which points it changed.

    `moved` have another good value than before; `turned` are known for the first time, good or bad now and not before,
    or of another type. `revived`: one of them had been silent for longer than a value may stand.
    """

    points: dict[str, LastReading]
    windows: dict[str, tuple[Run, ...]]
    reached: bool
    unreached: bool
    moved: list[str]
    turned: list[str]
    revived: bool


def hear(memory: DeviceMemory, telemetry: Telemetry, keep: Mapping[str, timedelta]) -> Heard:
    """With the readings that are newer than what is known; `keep` says how long which points need a window.

    Every reading of every store goes through this loop: one that is good as the last one was takes the short way.
    """
    at, points = telemetry.at, dict(memory.points)
    stale_before = at - STALE_AFTER
    moved, turned = list[str](), list[str]()
    reached = unreached = revived = False
    for reading in telemetry.readings:
        point, value, quality = reading.point, reading.value, reading.quality
        last = points.get(point)
        if quality is _GOOD and last is not None and last[1] is _GOOD:
            reached = True
            before, _, when, since, _ = last
            if at < when:
                continue
            if when < stale_before:
                turned.append(point)
                revived, since = True, at
            elif before != value:
                (moved if type(before) is type(value) else turned).append(point)
                since = at
            elif type(before) is not type(value):
                turned.append(point)
            points[point] = _last_reading((value, quality, at, since, at))
        else:
            unreached, reached = unreached or quality in UNREACHED, reached or quality not in UNREACHED
            if last is not None and at < last.at:
                continue
            if last is None or quality is not last.quality or last.at < stale_before:
                turned.append(point)
                revived = revived or (last is not None and last.at < stale_before)
            points[point] = _follow(last, value, quality, at)
    windows = _windows(memory, telemetry, keep, points) if keep else memory.windows
    return Heard(points, windows, reached, unreached, moved, turned, revived)


def remember(memory: DeviceMemory, telemetry: Telemetry, keep: Mapping[str, timedelta]) -> DeviceMemory:
    """With what was heard, and nothing judged; where that changed something, the next telemetry asks all rules."""
    heard, at = hear(memory, telemetry, keep), telemetry.at
    return replace(
        memory,
        at=_later(memory.at, at),
        reached_at=_later(memory.reached_at, at) if heard.reached else memory.reached_at,
        unreached_at=_later(memory.unreached_at, at) if heard.unreached else memory.unreached_at,
        points=heard.points,
        windows=heard.windows,
        judged_by="" if heard.moved or heard.turned else memory.judged_by,
        stale_from=None if heard.turned else memory.stale_from,
    )


def gone_stale(
    points: Mapping[str, LastReading], before: datetime | None, at: datetime
) -> tuple[list[str], datetime | None]:
    """The points that stood at the telemetry `before` and are too old at `at`; and when the next will be, at the
    earliest, if it is not reported again."""
    limit = at - STALE_AFTER
    stood_from = None if before is None else before - STALE_AFTER
    gone, oldest = list[str](), None
    for point, last in points.items():
        if last.at >= limit:
            oldest = last.at if oldest is None or last.at < oldest else oldest
        elif stood_from is not None and last.at >= stood_from:
            gone.append(point)
    return gone, None if oldest is None else oldest + STALE_AFTER


def is_silent(memory: DeviceMemory) -> bool | None:
    """Whether the device has not answered since it was last asked; None while nothing was said of it."""
    if memory.reached_at is None or memory.unreached_at is None:
        return None if memory.reached_at is memory.unreached_at else memory.reached_at is None
    return memory.unreached_at > memory.reached_at


def _windows(
    memory: DeviceMemory, telemetry: Telemetry, keep: Mapping[str, timedelta], points: Mapping[str, LastReading]
) -> dict[str, tuple[Run, ...]]:
    windows, at = dict(memory.windows), telemetry.at
    for point, length in keep.items():
        last = points.get(point)
        if last is not None and last.at == at and last.quality is _GOOD and _is_number(last.value):
            windows[point] = extend(windows.get(point, ()), last.value, at, length)
    return windows


def _follow(last: LastReading | None, value: Value | None, quality: Quality, at: datetime) -> LastReading:
    if last is None:
        return LastReading(value, quality, at, at, None if value is None else at)
    before, _, _, since, good_at = last
    if value is None:
        return LastReading(before, quality, at, since, good_at)
    if good_at is None or before != value or at - good_at > STALE_AFTER:
        since = at
    return LastReading(value, quality, at, since, at)


_last_reading = partial(tuple.__new__, LastReading)
"""Without the detour of its own `__new__`: twenty of these are made of every poll of every device."""


def _is_number(value: Value | None) -> TypeGuard[float]:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None or at > known else known
