"""Reading back from VictoriaMetrics, which takes InfluxDB's writes and answers in the manner of Prometheus."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from datetime import timedelta
from http.client import HTTPException
from typing import Any

from collector.store.database import TryLater
from collector.telemetry.base import Sample, Span
from collector.telemetry.block import QUALITIES
from collector.telemetry.lines import MEASUREMENT
from collector.telemetry.rollup import Bucket, buckets_of
from edge_agent.contract.clock import MILLISECOND, to_ms
from edge_agent.contract.readings import Quality

TIMEOUT_S = 30.0

_WINDOWS = {
    "low": ("min_over_time", "value"),
    "high": ("max_over_time", "value"),
    "mean": ("avg_over_time", "value"),
    "numbers": ("count_over_time", "value"),
    "worst": ("max_over_time", "quality"),
    "bad": ("count_over_time", "quality"),
    "words": ("count_over_time", "word"),
    "word": ("tlast_over_time", "word"),
}


class MetricsReader:
    """A Reader. `url` is http or https; `token` is shown to whatever stands before the server."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def read(self, store: str, device: str, points: Sequence[str], span: Span) -> dict[str, list[Sample]]:
        asked = {
            "match[]": _selector(f"{MEASUREMENT}_(value|quality|word)", store, device, points),
            "start": _seconds(to_ms(span.since)),
            "end": _seconds(to_ms(span.until)),
        }
        samples: dict[str, list[Sample]] = {point: [] for point in points}
        for line in self._ask("/api/v1/export", asked).splitlines():
            series = json.loads(line)
            samples[series["metric"]["point"]] += _samples(series)
        return {point: sorted(some, key=lambda one: one.at_ms)[-span.most :] for point, some in samples.items()}

    def chart(
        self, store: str, device: str, points: Sequence[str], span: Span, step: timedelta
    ) -> dict[str, list[Bucket]]:
        told: dict[tuple[str, int], dict[str, Any]] = {}
        for name, (function, field) in _WINDOWS.items():
            selector = _selector(f"{MEASUREMENT}_{field}", store, device, points)
            for point, at_ms, word, number in self._windows(function, selector, span, step):
                _note(told.setdefault((point, at_ms), {}), name, word, number)
        return buckets_of(points, told)

    def _windows(
        self, function: str, selector: str, span: Span, step: timedelta
    ) -> Iterator[tuple[str, int, str, float]]:
        """Point, the window's beginning, word, what the function says. A window is looked back on from its last ms."""
        width_ms = step // MILLISECOND
        first = to_ms(span.since) // width_ms * width_ms + width_ms - 1
        last = to_ms(span.until) // width_ms * width_ms + width_ms - 1
        asked = {
            "query": f"{function}({selector}[{width_ms}ms])",
            "start": _seconds(first),
            "end": _seconds(last),
            "step": f"{width_ms}ms",
            "nocache": "1",
        }
        for series in json.loads(self._ask("/api/v1/query_range", asked))["data"]["result"]:
            place = series["metric"]
            for at, number in series["values"]:
                yield place["point"], round(at * 1000) + 1 - width_ms, place.get("word", ""), float(number)

    def _ask(self, path: str, asked: dict[str, str]) -> bytes:
        address = f"{self._url}{path}?{urllib.parse.urlencode(asked)}"
        request = urllib.request.Request(address, headers=self._headers)  # noqa: S310 — http or https, says the settings
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 — the same
                content: bytes = answer.read()
        except (OSError, HTTPException) as error:
            raise TryLater(f"the telemetry server cannot be asked: {error}") from error
        return content


def _note(told: dict[str, Any], name: str, word: str, number: float) -> None:
    """Of several words in a window the one that came last, and how many there were in all."""
    if name == "words":
        told[name] = told.get(name, 0) + number
    elif name == "word":
        if number >= told.get("word_at", 0.0):
            told |= {"word": word, "word_at": number}
    else:
        told[name] = number


def _selector(name: str, store: str, device: str, points: Sequence[str]) -> str:
    either = "|".join(_literal(point) for point in points)
    places = {"store": _quoted(store), "device": _quoted(device)}
    matched = ",".join(f"{label}={value}" for label, value in places.items())
    return f'{{__name__=~"{name}",{matched},point=~{_quoted(either)}}}'


def _literal(text: str) -> str:
    """As a regular expression of Go."""
    return "".join(f"\\{one}" if one in r"\.+*?()|[]{}^$" else one for one in text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}"


def _samples(series: dict[str, Any]) -> Iterator[Sample]:
    field = series["metric"]["__name__"].removeprefix(f"{MEASUREMENT}_")
    word = series["metric"].get("word")
    for at_ms, number in zip(series["timestamps"], series["values"], strict=True):
        if field == "quality":
            yield Sample(at_ms=at_ms, value=None, quality=QUALITIES[int(number)])
        else:
            yield Sample(at_ms=at_ms, value=word if field == "word" else float(number), quality=Quality.GOOD)
