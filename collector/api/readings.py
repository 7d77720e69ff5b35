"""Readings as a chart wants them: each one where they are few, roll-ups where a span has more than a line can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from collector.domain.events import explain_point
from collector.telemetry.base import Sample, Span, TelemetryStore
from collector.telemetry.rollup import Bucket
from edge_agent.contract.readings import Quality

POINTS_ON_A_CHART = 2_000
EACH_AT_MOST = timedelta(hours=48)
"""Longer spans are told in steps without looking whether the readings are few."""

Told = float | bool | str | None
Row = tuple[int, Told, Quality]
StepRow = tuple[int, Told, Quality, float | None, float | None, int]


class Readings(BaseModel):
    """By point, oldest first: milliseconds since 1970, the value (null where the quality is not good), the quality.

    Where `step_s` is not 0, each row is a step of so many seconds: its beginning, the mean over time (of a word the
    last, of a flag whether it was ever set), the worst quality, the lowest, the highest, how many readings.
    """

    step_s: int
    points: dict[str, list[Row | StepRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Some points of a device."""

    store: str
    device: str
    device_class: str
    points: Sequence[str]


def tell_newest(telemetry: TelemetryStore, asked: Asked, span: Span) -> dict[str, object]:
    """`Readings`: each by itself."""
    return _each(asked, telemetry.read(asked.store, asked.device, asked.points, span))


def tell_fitting(
    telemetry: TelemetryStore, asked: Asked, since: datetime, until: datetime, now: datetime
) -> dict[str, object]:
    """`Readings`: each by itself where all points have few enough of them, else in steps."""
    if until - since <= EACH_AT_MOST:
        span = Span(since=since, until=until, most=POINTS_ON_A_CHART + 1)
        samples = telemetry.read(asked.store, asked.device, asked.points, span)
        if max(map(len, samples.values())) <= POINTS_ON_A_CHART:
            return _each(asked, samples)
    span = Span(since=since, until=until, most=POINTS_ON_A_CHART)
    chart = telemetry.chart(asked.store, asked.device, asked.points, span, now)
    rows = {name: [_step_row(_is_flag(asked, name), one) for one in chart.points[name]] for name in asked.points}
    return {"step_s": int(chart.step.total_seconds()), "points": rows}


def _each(asked: Asked, samples: Mapping[str, Sequence[Sample]]) -> dict[str, object]:
    rows = {name: [_row(_is_flag(asked, name), one) for one in samples[name]] for name in asked.points}
    return {"step_s": 0, "points": rows}


def _is_flag(asked: Asked, point: str) -> bool:
    return explain_point(asked.device_class, point).type == "flag"


def _row(is_flag: bool, sample: Sample) -> tuple[int, Told, str]:
    value = bool(sample.value) if is_flag and sample.value is not None else sample.value
    return sample.at_ms, value, sample.quality.value


def _step_row(is_flag: bool, bucket: Bucket) -> tuple[int, Told, str, float | None, float | None, int]:
    value = bucket.word if bucket.mean is None else bool(bucket.high) if is_flag else bucket.mean
    return bucket.at_ms, value, bucket.worst.value, bucket.low, bucket.high, bucket.count
