"""The way to InfluxDB 2, and to servers that take its writes; the only file that knows influxdb_client.

What goes wrong on the way comes out of that library as urllib3's errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from urllib3.exceptions import HTTPError

from collector.store.database import TryLater
from collector.telemetry.base import Sample, Span
from collector.telemetry.block import QUALITIES
from collector.telemetry.lines import MEASUREMENT
from collector.telemetry.remote import Unacceptable
from collector.telemetry.rollup import Bucket, buckets_of
from edge_agent.contract.clock import MILLISECOND, to_ms
from edge_agent.contract.readings import Quality

TIMEOUT_MS = 30_000
UNACCEPTABLE = frozenset({400, 413, 422})
"""Answers that speak of what was sent; every other is of the server or the way to it, and is tried for ever."""

_MS = cast("WritePrecision", WritePrecision.MS)

_FROM = f"""from(bucket: bucket)
  |> range(start: since, stop: until)
  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r.store == store and r.device == device)
  |> filter(fn: (r) => %s)
"""
_NEWEST = """  |> keep(columns: ["_time", "_field", "_value", "point", "word"])
  |> group(columns: ["point"])
  |> sort(columns: ["_time"], desc: true)
  |> limit(n: most)
"""
_STEPS = """numbers = data |> filter(fn: (r) => r._field == "value")
qualities = data |> filter(fn: (r) => r._field == "quality")
words = data |> filter(fn: (r) => r._field == "word") |> group(columns: ["point"]) |> sort(columns: ["_time"])
"""
_STEP = """{rows}
  |> aggregateWindow(every: every, fn: {fn}, createEmpty: false, timeSrc: "_start")
  |> yield(name: "{name}")
"""
_WINDOWS = (
    ("numbers", "min", "low"),
    ("numbers", "max", "high"),
    ("numbers", "mean", "mean"),
    ("numbers", "count", "numbers"),
    ("qualities", "max", "worst"),
    ("qualities", "count", "bad"),
    ("words", "last", "word"),
    ("words", "count", "words"),
)


class InfluxServer:
    """A Writer, and a Reader in Flux. Used by several threads."""

    def __init__(self, url: str, org: str, bucket: str, token: str, ca_file: Path | None = None) -> None:
        self._bucket = bucket
        ca = str(ca_file) if ca_file else None
        self._client = InfluxDBClient(
            url=url, org=org, token=token, timeout=TIMEOUT_MS, enable_gzip=True, ssl_ca_cert=ca
        )
        self._writes = self._client.write_api(write_options=SYNCHRONOUS)

    def write(self, written: bytes) -> None:
        try:
            self._writes.write(self._bucket, record=written, write_precision=_MS)
        except InfluxDBError as error:
            status = getattr(error, "status", None) or getattr(error.response, "status", None)
            if status in UNACCEPTABLE:
                raise Unacceptable(f"{status}: {error.message}") from error
            raise TryLater(f"the telemetry server answers {status}: {error.message}") from error
        except (HTTPError, OSError) as error:
            raise _unreachable(error) from error

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        records = self._ask(_FROM + _NEWEST, store, device, points, span, most=span.most)
        samples: dict[str, list[Sample]] = {point: [] for point in points}
        for values in reversed(records):
            samples[values["point"]].append(_sample(values))
        return samples

    def chart(
        self, store: str, device: str, points: Sequence[str], span: Span, step: timedelta
    ) -> dict[str, list[Bucket]]:
        windows = "".join(_STEP.format(rows=rows, fn=fn, name=name) for rows, fn, name in _WINDOWS)
        flux = "data = " + _FROM + _STEPS + windows
        records = self._ask(flux, store, device, points, _from_edge(span, step), every=step)
        told: dict[tuple[str, int], dict[str, Any]] = {}
        for values in records:
            name = values["result"]
            said = values.get("word") if name == "word" else values["_value"]
            told.setdefault((values["point"], to_ms(values["_time"])), {})[name] = said
        return buckets_of(points, told)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call] # the library's

    def _ask(
        self, flux: str, store: str, device: str, points: Sequence[str], span: Span, **more: object
    ) -> list[dict[str, Any]]:
        """Names travel as parameters: whatever they contain, they are no part of the query's text."""
        named = {f"point{number}": point for number, point in enumerate(points)}
        asked = {"bucket": self._bucket, "store": store, "device": device, "since": span.since}
        params = {**asked, "until": span.until + MILLISECOND, **named, **more}
        try:
            tables = self._client.query_api().query(
                flux % " or ".join(f"r.point == {name}" for name in named), params=params
            )
        except (InfluxDBError, HTTPError, OSError) as error:
            raise _unreachable(error) from error
        return [record.values for table in tables for record in table.records]


def _sample(values: dict[str, Any]) -> Sample:
    at_ms, field = to_ms(values["_time"]), values["_field"]
    if field == "quality":
        return Sample(at_ms=at_ms, value=None, quality=QUALITIES[int(values["_value"])])
    return Sample(at_ms=at_ms, value=values["word"] if field == "word" else values["_value"], quality=Quality.GOOD)


def _from_edge(span: Span, step: timedelta) -> Span:
    """Windows that the span begins in are told whole."""
    edge = span.since - timedelta(milliseconds=to_ms(span.since) % (step // MILLISECOND))
    return Span(since=edge, until=span.until, most=span.most)


def _unreachable(error: Exception) -> TryLater:
    return TryLater(f"the telemetry server cannot be reached: {type(error).__name__}: {error}")
