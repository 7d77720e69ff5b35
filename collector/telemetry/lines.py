"""Readings as InfluxDB's line protocol, and as they wait until they are written there.

One measurement, tags store, device and point; every field is a float, so that no server ever finds two types in one:
`value` (a flag is 0.0 or 1.0), `quality` (a code, written only where it is not good), `word` (1.0; the word is a tag).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import msgspec

from collector.telemetry.base import Arrival
from collector.telemetry.block import QUALITY_CODES, plain
from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Quality

MEASUREMENT = "reading"

_Waiting = tuple[str, str, int, list[tuple[str, float | bool | str | None, int]]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[_Waiting]).decode
_ESCAPES = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


def pack(arrivals: Sequence[Arrival]) -> bytes:
    """Polls as they wait."""
    return zlib.compress(_encode([_waiting(arrival) for arrival in arrivals]), 1)


def lines(body: bytes) -> Iterator[bytes]:
    """One for each reading; the time is in milliseconds."""
    for store, device, at_ms, readings in _decode(zlib.decompress(body)):
        place = f"{MEASUREMENT},store={_tag(store)},device={_tag(device)},point="
        for point, value, code in readings:
            yield f"{place}{_tag(point)}{_fields(value, code)} {at_ms}".encode()


def check_line(at_ms: int) -> bytes:
    """A line that is certainly right: a server that refuses it as well refuses everything."""
    return f"storewarden,check=write value=1 {at_ms}".encode()


def _waiting(arrival: Arrival) -> _Waiting:
    telemetry = arrival.telemetry
    readings = [(one.point, one.value, QUALITY_CODES[one.quality]) for one in telemetry.readings]
    return arrival.store, telemetry.device, to_ms(telemetry.at), readings


def _fields(value: float | bool | str | None, code: int) -> str:
    if isinstance(value, str):
        return f",word={_tag(value)} word=1"
    if value is None:
        return f" quality={code or QUALITY_CODES[Quality.NO_ANSWER]}"
    return f" value={plain(value)!r}"


def _tag(text: str) -> str:
    r"""A tag may be neither empty nor end in a backslash."""
    escaped = text.translate(_ESCAPES)
    return escaped + " ".translate(_ESCAPES) if not escaped or escaped.endswith("\\") else escaped
