"""Messages out of quarantine: what a newer version can read is taken in, exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from collector.inbox import Message
from collector.record import Delivery, Recorder
from collector.store import inventory, quarantine, streams
from collector.store.quarantine import Quarantined
from collector.store.streams import Unjudged
from collector.telemetry.base import Arrival, TelemetryStore
from collector.unpack import Poison, unpack
from edge_agent.contract.readings import AgentStatus, Entry, Gap, Telemetry

RETRIED = "quarantined"
"""Why a poll was never judged: when it came out of quarantine, what follows it had been judged long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """`taken` entries are in now; `left` still cannot be read, for that `reason`."""

    taken: int
    left: int
    reason: str


def take_in_again(
    connection: Connection,
    held: Quarantined,
    payload: bytes,
    recorder: Recorder,
    telemetry: TelemetryStore,
    now: datetime,
) -> Retried:
    """All within the caller's transaction; what is read leaves the quarantine with it.

    Entries that were acknowledged unread are stored and not judged. A message of which nothing was acknowledged is
    taken in as if it had just come.
    """
    try:
        delivery, trouble = unpack(Message(topic=held.topic, payload=payload, mid=0, session=0, arrived=0.0))
    except Poison as poison:
        return Retried(taken=0, left=len(held.refused), reason=str(poison))
    if held.refused:
        refused = set(held.refused)
        entries = [entry for entry in delivery.batch.entries if entry.seq in refused]
        _store(connection, delivery, entries, telemetry, now)
        left = tuple(sorted(refused - {entry.seq for entry in entries}))
        taken = len(entries)
    else:
        known = streams.receipts(connection, delivery.batch.store, delivery.batch.stream)
        left = tuple(seq for seq in delivery.refused if seq not in known)  # else another message has them
        taken = recorder.record(connection, [delivery], now).entries
    if left:
        quarantine.keep_refused(connection, held.id, left, trouble or held.reason)
    else:
        quarantine.release(connection, held.id)
    return Retried(taken=taken, left=len(left), reason=(trouble or held.reason) if left else "")


def _store(
    connection: Connection, delivery: Delivery, entries: Sequence[Entry], telemetry: TelemetryStore, now: datetime
) -> None:
    key = store, stream = delivery.batch.store, delivery.batch.stream
    polls = [(entry.seq, entry.body) for entry in entries if isinstance(entry.body, Telemetry)]
    gaps = [(entry.seq, entry.body) for entry in entries if isinstance(entry.body, Gap)]
    streams.forget_unreadable(connection, key, [entry.seq for entry in entries])
    for entry in entries:
        if isinstance(entry.body, AgentStatus):
            inventory.replace_inventory(connection, store, stream, entry.seq, entry.body)
    streams.record_gaps(connection, key, gaps, now)
    unjudged = [Unjudged(store=store, stream=stream, seq=seq, poll=poll, reason=RETRIED) for seq, poll in polls]
    streams.record_unjudged(connection, unjudged)
    telemetry.record(connection, [Arrival(store=store, seq=seq, telemetry=poll) for seq, poll in polls])
