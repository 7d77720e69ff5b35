"""What the rules remember of a device from one telemetry to the next; small, and lossless in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeGuard

from edge_agent.contract.readings import UNREACHED, Quality, Reading, Telemetry, Value
from rules.alarm import Alarm
from rules.window import STALE_AFTER, Run, extend


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
    (if only to refuse) and the newest that it did not."""

    at: datetime | None = None
    reached_at: datetime | None = None
    unreached_at: datetime | None = None
    points: dict[str, LastReading] = field(default_factory=dict)
    windows: dict[str, tuple[Run, ...]] = field(default_factory=dict)
    alarms: dict[str, Alarm] = field(default_factory=dict)


def remember(memory: DeviceMemory, telemetry: Telemetry, keep: Mapping[str, timedelta]) -> DeviceMemory:
    """With the readings that are newer than what is known; `keep` says how long which points need a window."""
    at = telemetry.at
    points, windows = dict(memory.points), dict(memory.windows)
    for reading in telemetry.readings:
        last = points.get(reading.point)
        if last is not None and at < last.at:
            continue
        points[reading.point] = _follow(last, reading, at)
        length = keep.get(reading.point)
        if length is not None and _is_number(reading.value):
            windows[reading.point] = extend(windows.get(reading.point, ()), reading.value, at, length)
    unreached = [reading.quality in UNREACHED for reading in telemetry.readings]
    return DeviceMemory(
        at=_later(memory.at, at),
        reached_at=memory.reached_at if all(unreached) else _later(memory.reached_at, at),
        unreached_at=_later(memory.unreached_at, at) if any(unreached) else memory.unreached_at,
        points=points,
        windows=windows,
        alarms=memory.alarms,
    )


def is_silent(memory: DeviceMemory) -> bool | None:
    """Whether the device has not answered since it was last asked; None while nothing was said of it."""
    if memory.reached_at is None or memory.unreached_at is None:
        return None if memory.reached_at is memory.unreached_at else memory.reached_at is None
    return memory.unreached_at > memory.reached_at


def _follow(last: LastReading | None, reading: Reading, at: datetime) -> LastReading:
    if last is None:
        return LastReading(reading.value, reading.quality, at, at, None if reading.value is None else at)
    if reading.value is None:
        return LastReading(last.value, reading.quality, at, last.since, last.good_at)
    goes_on = last.good_at is not None and last.value == reading.value and at - last.good_at <= STALE_AFTER
    return LastReading(reading.value, reading.quality, at, last.since if goes_on else at, at)


def _is_number(value: Value | None) -> TypeGuard[float]:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _later(known: datetime | None, at: datetime) -> datetime:
    return at if known is None or at > known else known
