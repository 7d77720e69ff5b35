"""Telemetry that others have recorded, made into bodies of the contract: a historian knows nothing of boots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from edge_agent.contract.clock import to_ms
from edge_agent.contract.text import Text

_DEFAULTS: Mapping[str, object] = {"kind": "telemetry", "boot": "recorded", "trusted": True}
_DECODE = msgspec.json.Decoder().decode


class Unusable(ValueError):
    """A line that can be read and yet not be used; `what` says why."""

    def __init__(self, what: Text) -> None:
        self.what = what
        super().__init__(what.en)


def completed(entries: Sequence[Any]) -> list[dict[str, Any]]:
    """Entries whose bodies have at least `device` and `at`, which may be RFC 3339 or a fraction of milliseconds.
    A value that is null was not read.

    Numbers are given anew: of a recording every line counts once. Raises Unusable where an instant has no zone.
    """
    told = [_DECODE(msgspec.json.encode(entry)) for entry in entries]
    return [{"seq": number, "body": _body(one["body"])} for number, one in enumerate(told, 1)]


def _body(body: Mapping[str, Any]) -> dict[str, Any]:
    if body.get("kind", "telemetry") != "telemetry" or "at" not in body:
        return dict(body)
    at = _milliseconds(body["at"])
    known = {point: value for point, value in body.get("good", {}).items() if value is not None}
    return {**_DEFAULTS, "mono": at / 1000, **body, "at": at, "good": known}


def _milliseconds(at: Any) -> Any:
    if isinstance(at, float):
        return round(at)
    if not isinstance(at, str):
        return at
    try:
        instant = datetime.fromisoformat(at)
    except ValueError as error:
        zh, en = f"{at!r} 不是时间:应如 2026-07-01T12:00:00Z", f"{at!r} is no instant: write it as 2026-07-01T12:00:00Z"
        raise Unusable(Text(zh=zh, en=en)) from error
    if instant.tzinfo is None:
        zh, en = f"{at} 没有时区:应如 2026-07-01T12:00:00Z", f"{at} has no zone: write it as 2026-07-01T12:00:00Z"
        raise Unusable(Text(zh=zh, en=en))
    return to_ms(instant)
