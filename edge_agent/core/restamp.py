"""The stamps of bodies that are already encoded, read and set without decoding the readings of those that are right."""

from __future__ import annotations

import msgspec

from edge_agent.contract.clock import from_ms, to_ms
from edge_agent.contract.codec import TelemetryWire
from edge_agent.core.trust import Machine, Stamp, doubt, mend


class StampWire(msgspec.Struct, frozen=True, kw_only=True, tag="telemetry", tag_field="kind"):
    """What a TelemetryWire says of its time."""

    at: int
    boot: str
    mono: float
    trusted: bool
    repaired: bool = False


_STAMP = msgspec.json.Decoder(StampWire)
_TELEMETRY = msgspec.json.Decoder(TelemetryWire)
_ENCODER = msgspec.json.Encoder()


def stamp_of(body: bytes) -> Stamp | None:
    """None of what has no time of its own: a gap, a status, and what cannot be read."""
    try:
        wire = _STAMP.decode(body)
        at = from_ms(wire.at)
    except (msgspec.DecodeError, ValueError, OverflowError):
        return None
    return Stamp(boot=wire.boot, mono=wire.mono, at=at, trusted=wire.trusted, repaired=wire.repaired)


def restamped(body: bytes, machine: Machine, *, asking: bool = False) -> bytes:
    """The body as head office should see it now; most often as it is. `asking`: it leaves to have the time told."""
    stamp = stamp_of(body)
    if stamp is None:
        return body
    try:
        mended = mend(doubt(stamp, machine) if asking else stamp, machine)
    except OverflowError:  # no clock says that: head office may look at it
        return body
    if mended is stamp:
        return body
    try:
        whole = _TELEMETRY.decode(body)
    except msgspec.DecodeError:  # in words of another version, which head office may know
        return body
    wire = msgspec.structs.replace(
        whole,
        at=to_ms(mended.at),
        trusted=mended.trusted,
        repaired=mended.repaired or msgspec.UNSET,
    )
    return _ENCODER.encode(wire)
