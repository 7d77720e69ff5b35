"""What can be read of a message: all of it, what is left beside entries that nobody can read, or nothing."""

from __future__ import annotations

from collector.inbox import Message
from collector.record import Delivery
from edge_agent.contract.codec import Undecodable, bounds_of, decode_batch, encode_batch, split_batch
from edge_agent.contract.readings import AgentStatus, Batch, Entry, Gap, Telemetry
from edge_agent.contract.topics import STORE_ID, NotOurTopic, parse_topic

LARGEST_SEQ = 2**63 - 1
LONGEST_STREAM = 128
LARGEST_PAYLOAD = 16 * 2**20
"""Bytes, many times what an agent sends. What is larger is not looked into: it would hold up everybody."""
LONGEST_NAME = 300
DEVICES_AT_MOST = 2_000
LARGEST_VERSION = 2**31


class Poison(ValueError):
    """The message will never be taken in: put it aside."""


def unpack(message: Message) -> tuple[Delivery, str]:
    """What can be read of it, and why the rest cannot ("" where there is none). Raises Poison where nothing can."""
    try:
        store = parse_topic(message.topic).store
    except NotOurTopic as error:
        raise Poison(str(error)) from error
    if len(message.payload) > LARGEST_PAYLOAD:
        return refuse_all(message), f"longer than {LARGEST_PAYLOAD} bytes"
    try:
        return Delivery(batch=_read(store, message.payload)), ""
    except (Undecodable, Poison) as error:
        return _salvage(store, message.payload), str(error)


def refuse_all(message: Message) -> Delivery:
    """Its numbers alone: whatever is wrong with the bodies, nobody looks at them. Raises Poison."""
    try:
        store = parse_topic(message.topic).store
        stream, frames = split_batch(message.payload)
    except (NotOurTopic, Undecodable) as error:
        raise Poison(str(error)) from error
    _check_stream(stream)
    refused = tuple(seq for seq, _ in frames if 1 <= seq <= LARGEST_SEQ)
    return Delivery(batch=Batch(store=store, stream=stream, entries=()), refused=refused)


def _read(store: str, payload: bytes) -> Batch:
    batch = decode_batch(store, payload)
    _check_stream(batch.stream)
    for entry in batch.entries:
        _check(entry)
    return batch


def _salvage(store: str, payload: bytes) -> Delivery:
    """Entry by entry: one that nobody can read must hold up neither its neighbours nor the store's outbox."""
    try:
        stream, frames = split_batch(payload)
    except Undecodable as error:
        raise Poison(str(error)) from error
    _check_stream(stream)
    entries: list[Entry] = []
    refused: list[int] = []
    for seq, body in frames:
        try:
            entries += _read(store, encode_batch(stream, [(seq, body)])).entries
        except (Undecodable, Poison):
            if 1 <= seq <= LARGEST_SEQ:
                refused.append(seq)
    live_from, present_from = bounds_of(payload)
    batch = Batch(store=store, stream=stream, entries=tuple(entries), live_from=live_from, present_from=present_from)
    return Delivery(batch=batch, refused=tuple(refused))


def _check_stream(stream: str) -> None:
    if not 0 < len(stream) <= LONGEST_STREAM:
        raise Poison(f"the name of the stream is empty or longer than {LONGEST_STREAM}")


def _check(entry: Entry) -> None:
    if not 1 <= entry.seq <= LARGEST_SEQ:
        raise Poison(f"sequence number {entry.seq} is out of bounds")
    match entry.body:
        case Gap() as gap:
            _check_gap(gap)
        case AgentStatus() as status:
            _check_status(status)
        case Telemetry() as telemetry:
            _check_id(telemetry.device)
            _check_names(telemetry.boot, *[reading.point for reading in telemetry.readings])


def _check_gap(gap: Gap) -> None:
    if not _countable(gap):
        raise Poison(f"gap {gap.from_seq}..{gap.to_seq} is out of bounds")
    _check_names(gap.reason)


def _check_status(status: AgentStatus) -> None:
    if len(status.devices) > DEVICES_AT_MOST:
        raise Poison(f"more than {DEVICES_AT_MOST} devices")
    _check_names(status.boot, status.agent_version, status.name.zh, status.name.en, status.timezone)
    for device in status.devices:
        _check_id(device.id)
        _check_names(device.name.zh, device.name.en, device.device_class, device.duty, device.profile)
        _check_names(device.bus, device.fed_by, device.product_class)
        if not 0 <= device.profile_version < LARGEST_VERSION:
            raise Poison(f"profile version {device.profile_version} is out of bounds")


def _check_id(name: str) -> None:
    if not STORE_ID.fullmatch(name):
        raise Poison(f"{name[:80]!r} cannot be the id of a device")


def _check_names(*names: str) -> None:
    """They are kept for ever, or stand on every page."""
    if max(map(len, names)) > LONGEST_NAME:
        longest = max(names, key=len)
        raise Poison(f"{longest[:80]!r} is longer than {LONGEST_NAME}")


def _countable(gap: Gap) -> bool:
    """Also 0..0: so many were lost, and nobody knows where."""
    somewhere = 1 <= gap.from_seq <= gap.to_seq <= LARGEST_SEQ
    return (somewhere or gap.from_seq == gap.to_seq == 0) and 0 <= gap.count <= LARGEST_SEQ
