"""What the rules remember of a device from one telemetry to the next; small, and lossless in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, TypeGuard

from edge_agent.contract.readings import UNREACHED, Quality, Telemetry, Value
from rules.alarm import Alarm
from rules.opening import Opening
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
class DeviceMemory:
    """`at` is the newest telemetry; `reached_at` and `unreached_at` are the newest report that the device answered
    (if only to refuse) and the newest that it did not. `openings` are there while the time before is not known yet."""

    at: datetime | None = None
    reached_at: datetime | None = None
    unreached_at: datetime | None = None
    points: dict[str, LastReading] = field(default_factory=dict)
    windows: dict[str, tuple[Run, ...]] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    openings: dict[str, Opening] | None = None


def remember(memory: DeviceMemory, telemetry: Telemetry, keep: Mapping[str, timedelta]) -> DeviceMemory:
    """With the readings that are newer than what is known; `keep` says how long which points need a window."""
    at = telemetry.at
    points, windows = dict(memory.points), dict(memory.windows)
    reached = unreached = False
    for reading in telemetry.readings:
        point, value, quality = reading.point, reading.value, reading.quality
        if quality is not _GOOD and quality in UNREACHED:
            unreached = True
        else:
            reached = True
        last = points.get(point)
        if last is None:
            points[point] = LastReading(value, quality, at, at, None if value is None else at)
        elif at < last.at:
            continue
        else:
            points[point] = _follow(last, value, quality, at)
        length = keep.get(point)
        if length is not None and _is_number(value):
            windows[point] = extend(windows.get(point, ()), value, at, length)
    return DeviceMemory(
        at=_later(memory.at, at),
        reached_at=_later(memory.reached_at, at) if reached else memory.reached_at,
        unreached_at=_later(memory.unreached_at, at) if unreached else memory.unreached_at,
        points=points,
        windows=windows,
        alarms=memory.alarms,
        openings=memory.openings,
    )


def is_silent(memory: DeviceMemory) -> bool | None:
    """Whether the device has not answered since it was last asked; None while nothing was said of it."""
    if memory.reached_at is None or memory.unreached_at is None:
        return None if memory.reached_at is memory.unreached_at else memory.reached_at is None
    return memory.unreached_at > memory.reached_at


def _follow(last: LastReading, value: Value | None, quality: Quality, at: datetime) -> LastReading:
    before, _, _, since, good_at = last
    if value is None:
        return _last_reading((before, quality, at, since, good_at))
    if good_at is None or before != value or at - good_at > STALE_AFTER:
        since = at
    return _last_reading((value, quality, at, since, at))


_last_reading = partial(tuple.__new__, LastReading)
"""Without the detour of its own `__new__`: twenty of these are made of every poll of every device."""


def _is_number(value: Value | None) -> TypeGuard[float]:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None or at > known else known
