"""Bytes ⇄ messages of contract version 1; the shapes on the wire are the structs of this file."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Annotated, Any

import msgspec

from edge_agent.contract.clock import from_ms, to_ms
from edge_agent.contract.readings import (
    Ack,
    AgentStatus,
    Batch,
    Body,
    BusHealth,
    Device,
    DeviceHealth,
    Entry,
    Gap,
    OutboxHealth,
    Quality,
    Reading,
    Telemetry,
    Value,
)


class Undecodable(ValueError):
    """The bytes are no message of this contract; keep them and go on with the next."""


class TelemetryWire(msgspec.Struct, frozen=True, kw_only=True, tag="telemetry", tag_field="kind"):
    """`at` in ms since 1970; `good` maps point to value, `bad` maps point to the quality that took its value away.

    A number that is not finite is no JSON, and one that is too large for a double is refused by the decoder.
    """

    device: str
    at: int
    boot: str
    mono: float
    trusted: bool
    good: dict[str, float | bool | str] = {}
    bad: dict[str, Quality] = {}
    repaired: bool | msgspec.UnsetType = msgspec.UNSET


class StatusWire(msgspec.Struct, frozen=True, kw_only=True, tag="status", tag_field="kind"):
    status: AgentStatus


class GapWire(msgspec.Struct, frozen=True, kw_only=True, tag="gap", tag_field="kind"):
    gap: Gap


HIGHEST_SEQ = 2**53
"""Every reader of JSON holds whole numbers up to here exactly."""

ACK_RANGES_AT_MOST = 10_000
"""Of one acknowledgement: many times the entries that may be on their way."""

UNPACKED_AT_MOST = 4 * 1024 * 1024
"""Bytes of JSON in a compressed payload; a larger one is sent as it is."""

Seq = Annotated[int, msgspec.Meta(ge=1, le=HIGHEST_SEQ)]
From = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_SEQ)]
BodyWire = TelemetryWire | StatusWire | GapWire


class EntryWire(msgspec.Struct, frozen=True, kw_only=True):
    seq: Seq
    body: BodyWire


class BatchWire(msgspec.Struct, frozen=True, kw_only=True):
    stream: str
    entries: list[EntryWire]
    live_from: From = 0
    present_from: From = 0


class RawEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry whose body is already encoded, as the outbox keeps it."""

    seq: int
    body: msgspec.Raw


class RawBatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    stream: str
    entries: list[RawEntry]
    live_from: From = 0
    present_from: From = 0


_ENCODER = msgspec.json.Encoder()
_BATCH = msgspec.json.Decoder(BatchWire)
_RAW_BATCH = msgspec.json.Decoder(RawBatch)
_ACK = msgspec.json.Decoder(Ack)


def encode_body(body: Body) -> bytes:
    """What the outbox stores; the sequence number is added when it is sent."""
    wire = _to_wire(body)
    return _ENCODER.encode(_without_defaults(wire) if isinstance(wire, StatusWire) else wire)


def encode_batch(
    stream: str,
    entries: Sequence[tuple[int, bytes]],
    *,
    live_from: int = 0,
    present_from: int = 0,
    compressed: bool = False,
) -> bytes:
    """Frames bodies that `encode_body` made, each with its sequence number."""
    raw = [RawEntry(seq=seq, body=msgspec.Raw(body)) for seq, body in entries]
    batch = RawBatch(stream=stream, entries=raw, live_from=live_from, present_from=present_from)
    payload = _ENCODER.encode(batch)
    return zlib.compress(payload) if compressed and len(payload) <= UNPACKED_AT_MOST else payload


def decode_batch(store: str, payload: bytes) -> Batch:
    """Raises Undecodable. `store` comes from the topic: a broker lets a store speak only there."""
    try:
        wire = _BATCH.decode(_unpacked(payload))
        entries = tuple(Entry(seq=entry.seq, body=_from_wire(entry.body)) for entry in wire.entries)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise Undecodable(str(error)) from error
    return Batch(
        store=store,
        stream=wire.stream,
        entries=entries,
        live_from=wire.live_from,
        present_from=wire.present_from,
    )


def split_batch(payload: bytes) -> tuple[str, list[tuple[int, bytes]]]:
    """What `encode_batch` put together, for whoever must get past an entry that is undecodable. Raises Undecodable."""
    raw = _raw(payload)
    return raw.stream, [(entry.seq, bytes(entry.body)) for entry in raw.entries]


def bounds_of(payload: bytes) -> tuple[int, int]:
    """What `split_batch` leaves out: `live_from` and `present_from`. Raises Undecodable."""
    raw = _raw(payload)
    return raw.live_from, raw.present_from


def encode_ack(ack: Ack) -> bytes:
    return _ENCODER.encode(ack)


def decode_ack(payload: bytes) -> Ack:
    """Raises Undecodable."""
    try:
        ack = _ACK.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Undecodable(str(error)) from error
    if ack.at is not None and ack.at.tzinfo is None:
        raise Undecodable("an instant on the wire has no time zone")
    if not 0 <= ack.upto <= HIGHEST_SEQ or len(ack.ranges) > ACK_RANGES_AT_MOST:
        raise Undecodable("an acknowledgement on the wire is out of bounds")
    if not all(1 <= first <= last <= HIGHEST_SEQ for first, last in ack.ranges):
        raise Undecodable("a range of an acknowledgement on the wire is none")
    return ack


def _raw(payload: bytes) -> RawBatch:
    try:
        return _RAW_BATCH.decode(_unpacked(payload))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Undecodable(str(error)) from error


def _unpacked(payload: bytes) -> bytes:
    """JSON begins with a brace and zlib never does. What unpacks to more than the bound is not unpacked any further."""
    if not payload.startswith(b"\x78"):
        return payload
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(payload, UNPACKED_AT_MOST)
    except zlib.error as error:
        raise Undecodable(str(error)) from error
    if not unpacker.eof or unpacker.unused_data:
        raise Undecodable(f"a compressed payload is cut off, followed by more, or above {UNPACKED_AT_MOST} bytes")
    return unpacked


def _to_wire(body: Body) -> BodyWire:
    match body:
        case Telemetry():
            return _telemetry_to_wire(body)
        case AgentStatus():
            return StatusWire(status=body)
        case Gap():
            return GapWire(gap=body)


def _from_wire(wire: BodyWire) -> Body:
    match wire:
        case TelemetryWire():
            return _telemetry_from_wire(wire)
        case StatusWire():
            return _zoned(wire.status)
        case GapWire():
            return _in_bounds(wire.gap)


def _telemetry_to_wire(telemetry: Telemetry) -> TelemetryWire:
    return TelemetryWire(
        device=telemetry.device,
        at=to_ms(telemetry.at),
        boot=telemetry.boot,
        mono=telemetry.mono,
        trusted=telemetry.clock_trusted,
        good={reading.point: reading.value for reading in telemetry.readings if reading.value is not None},
        bad={reading.point: reading.quality for reading in telemetry.readings if reading.value is None},
        repaired=telemetry.repaired or msgspec.UNSET,
    )


def _telemetry_from_wire(wire: TelemetryWire) -> Telemetry:
    if wire.bad and (wire.good.keys() & wire.bad.keys() or Quality.GOOD in wire.bad.values()):
        raise Undecodable("a point has a value and a reason against it, or neither")
    readings = [_reading(point, value, _GOOD) for point, value in wire.good.items()]
    readings += [_reading(point, None, quality) for point, quality in wire.bad.items()]
    return Telemetry(
        device=wire.device,
        at=from_ms(wire.at),
        boot=wire.boot,
        mono=wire.mono,
        clock_trusted=wire.trusted,
        readings=tuple(readings),
        repaired=wire.repaired is True,
    )


_GOOD = Quality.GOOD
_new = object.__new__
_set_point, _set_value, _set_quality = (vars(Reading)[name].__set__ for name in ("point", "value", "quality"))


def _reading(point: str, value: Value | None, quality: Quality) -> Reading:
    """`Reading(…)` in a third of the time: head office makes a hundred thousand a second."""
    reading = _new(Reading)
    _set_point(reading, point)
    _set_value(reading, value)
    _set_quality(reading, quality)
    return reading


def _without_defaults(wire: StatusWire) -> dict[str, Any]:
    """A status is kept for as long as head office is away: what a reader assumes anyway is left out of the figures."""
    told: dict[str, Any] = msgspec.to_builtins(wire)
    for bus in told["status"]["buses"]:
        bus["devices"] = [_pruned(device, DeviceHealth) for device in bus["devices"]]
    told["status"]["buses"] = [_pruned(bus, BusHealth) for bus in told["status"]["buses"]]
    told["status"]["devices"] = [_pruned(device, Device) for device in told["status"]["devices"]]
    told["status"]["outbox"] = _pruned(told["status"]["outbox"], OutboxHealth)
    told["status"] = _pruned(told["status"], AgentStatus)
    return told


def _pruned(
    told: dict[str, Any], kind: type[AgentStatus | BusHealth | Device | DeviceHealth | OutboxHealth]
) -> dict[str, Any]:
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    return {
        name: value
        for name, value in told.items()
        if name not in defaults or (value or None) != (defaults[name] or None)
    }


def _zoned(status: AgentStatus) -> AgentStatus:
    instants = (status.at, status.outbox.oldest_at)
    if any(instant is not None and instant.tzinfo is None for instant in instants):
        raise Undecodable("an instant on the wire has no time zone")
    return status


def _in_bounds(gap: Gap) -> Gap:
    if not (0 <= gap.from_seq <= gap.to_seq <= HIGHEST_SEQ and 0 <= gap.count <= HIGHEST_SEQ):
        raise Undecodable("a gap on the wire is no range")
    return gap
