"""What can be read of a message: all of it, what is left beside entries that nobody can read, or nothing."""

from __future__ import annotations

from dataclasses import replace

from collector.inbox import Message
from collector.record import Delivery
from edge_agent.contract.codec import Undecodable, decode_batch, encode_batch, live_from_of, split_batch
from edge_agent.contract.readings import AgentStatus, Batch, Entry, Gap
from edge_agent.contract.topics import STORE_ID, NotOurTopic, parse_topic

LARGEST_SEQ = 2**63 - 1
LONGEST_STREAM = 128


class Poison(ValueError):
    """The message will never be taken in: put it aside."""


def unpack(message: Message) -> tuple[Delivery, str]:
    """What can be read of it, and why the rest cannot ("" where there is none). Raises Poison where nothing can."""
    try:
        store = parse_topic(message.topic).store
    except NotOurTopic as error:
        raise Poison(str(error)) from error
    try:
        return Delivery(batch=_read(store, message.payload)), ""
    except (Undecodable, Poison) as error:
        return _salvage(store, message.payload), str(error)


def refuse_all(message: Message) -> Delivery:
    delivery, _ = unpack(message)
    numbers = [entry.seq for entry in delivery.batch.entries]
    return Delivery(batch=replace(delivery.batch, entries=()), refused=(*numbers, *delivery.refused))


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
    batch = Batch(store=store, stream=stream, entries=tuple(entries), live_from=live_from_of(payload))
    return Delivery(batch=batch, refused=tuple(refused))


def _check_stream(stream: str) -> None:
    if not 0 < len(stream) <= LONGEST_STREAM:
        raise Poison(f"the name of the stream is empty or longer than {LONGEST_STREAM}")


def _check(entry: Entry) -> None:
    if not 1 <= entry.seq <= LARGEST_SEQ:
        raise Poison(f"sequence number {entry.seq} is out of bounds")
    match entry.body:
        case Gap() as gap if not _countable(gap):
            raise Poison(f"gap {gap.from_seq}..{gap.to_seq} is out of bounds")
        case AgentStatus() as status:
            ids = [device.id for device in status.devices]
        case Gap():
            ids = []
        case telemetry:
            ids = [telemetry.device]
    for name in ids:
        if not STORE_ID.fullmatch(name):
            raise Poison(f"{name[:80]!r} cannot be the id of a device")


def _countable(gap: Gap) -> bool:
    """Also 0..0: so many were lost, and nobody knows where."""
    somewhere = 1 <= gap.from_seq <= gap.to_seq <= LARGEST_SEQ
    return (somewhere or gap.from_seq == gap.to_seq == 0) and 0 <= gap.count <= LARGEST_SEQ
