"""Batches into the database: what is new is kept, judged and made known, all within the caller's transaction."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from collector.domain.events import summarise
from collector.domain.intake import Intake, take_in
from collector.domain.receipts import Range, Receipts, acknowledge, receive
from collector.domain.tickets import Ticket
from collector.store import feed, inventory, memories, streams, tickets
from collector.store.inventory import Sighting
from collector.telemetry.base import Arrival, TelemetryStore
from edge_agent.contract.readings import UNREACHED, Ack, AgentStatus, Batch, Device, Entry, Gap, Telemetry
from rules.engine import judge
from rules.memory import DeviceMemory
from rules.model import Change, RuleBook

log = logging.getLogger(__name__)

AHEAD_AT_MOST = timedelta(minutes=5)
"""How far a store's clock may be ahead of head office's."""

_Polls = list[tuple[int, Telemetry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What could be read of a message. Entries that are `refused` are put aside elsewhere, and must not come again."""

    batch: Batch
    refused: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one transaction did. `acks` go out after its commit; `unjudged` counts by reason."""

    acks: list[tuple[str, Ack]] = field(default_factory=list)
    entries: int = 0
    duplicates: int = 0
    readings: int = 0
    gaps: int = 0
    feed_events: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)


class Recorder:
    """Used by one thread; all that it must remember is in the database."""

    def __init__(self, book: RuleBook, telemetry: TelemetryStore) -> None:
        self._book = book
        self._telemetry = telemetry
        self._failing: set[tuple[str, str]] = set()

    def record(self, connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> Tally:
        """`now` is when they arrived, by head office's clock."""
        tally = Tally()
        arrivals: list[Arrival] = []
        for delivery in _by_stream(deliveries):
            stream = delivery.batch
            polls = self._take(connection, stream, delivery.refused, now, tally)
            arrivals += (Arrival(store=stream.store, seq=seq, telemetry=poll) for seq, poll in polls)
            self._judge(connection, stream, polls, now, tally)
        tally.readings = self._telemetry.record(connection, arrivals)
        return tally

    def _take(
        self, connection: Connection, stream: Batch, refused: tuple[int, ...], now: datetime, tally: Tally
    ) -> _Polls:
        """Notes what has come, and returns the polls among it that are new."""
        inventory.note_arrival(connection, stream.store, now)
        before = streams.receipts(connection, stream.store, stream.stream)
        fresh = _fresh(stream.entries, before)
        after = receive(before, _spans(fresh, refused))
        streams.remember(connection, stream.store, stream.stream, after)
        tally.acks.append((stream.store, acknowledge(stream.stream, after, _numbers(stream, refused))))
        tally.entries += len(fresh)
        tally.duplicates += len(stream.entries) - len(fresh)
        polls: _Polls = []
        for entry in fresh:
            match entry.body:
                case AgentStatus() as status:
                    inventory.replace_inventory(connection, stream.store, stream.stream, entry.seq, status)
                case Gap() as gap:
                    tally.gaps += 1
                    streams.record_gap(connection, stream.store, stream.stream, entry.seq, gap, now)
                case Telemetry() as telemetry:
                    polls.append((entry.seq, telemetry))
        return polls

    def _judge(self, connection: Connection, stream: Batch, polls: _Polls, now: datetime, tally: Tally) -> None:
        devices = inventory.devices(connection, stream.store)
        known: dict[str, DeviceMemory] = {}
        for seq, poll in polls:
            device = devices.get(poll.device)
            reason = _why_not(devices, device, poll, now)
            if device and not reason:
                before = known.get(device.id) or memories.recall(connection, stream.store, device.id)
                memory, changes = self._apply(stream.store, device, before, poll)
                reason = "" if memory else "rules"
                if memory:
                    known[device.id] = memory
                for change in changes:
                    tally.feed_events += self._open_or_note(connection, stream.store, device, change, now)
            if reason:
                tally.unjudged[reason] += 1
                streams.record_unjudged(connection, stream.store, stream.stream, seq, poll, reason)
        memories.remember(connection, stream.store, known)
        inventory.note_sightings(connection, stream.store, _sightings(polls))

    def _apply(
        self, store: str, device: Device, memory: DeviceMemory, poll: Telemetry
    ) -> tuple[DeviceMemory | None, tuple[Change, ...]]:
        """The memory is None where the rules failed: the poll is kept all the same."""
        try:
            judgement = judge(self._book, device, memory, poll)
            self._failing.discard((store, device.id))
        except Exception:  # a rule that fails must not hold up the telemetry of every store
            if (store, device.id) not in self._failing:
                log.exception("rules failed store=%s device=%s at=%s", store, device.id, poll.at.isoformat())
            self._failing.add((store, device.id))
            return None, ()
        return judgement.memory, judgement.changes

    def _open_or_note(self, connection: Connection, store: str, device: Device, change: Change, now: datetime) -> bool:
        """True where a ticket changed, and the feed says so."""
        standing = tickets.open_ticket(connection, store, device.id, change.rule)
        intake = take_in(standing, change, self._book.by_id[change.rule], device, store, now)
        ticket = _write(connection, intake) if intake else None
        if ticket is None or intake is None:
            return False
        tickets.append_event(connection, ticket.id, intake.event)
        feed.append(connection, summarise(ticket, inventory.label(connection, store), device))
        log.info(
            "ticket %s %s store=%s device=%s fault=%s", ticket.number, intake.event.kind, store, device.id, ticket.fault
        )
        return True


def _write(connection: Connection, intake: Intake) -> Ticket | None:
    if intake.ticket.id == 0 and intake.case:
        return tickets.open_new(connection, intake.ticket, intake.case)
    changed = tickets.change(connection, intake.ticket.state, intake.ticket, intake.case)
    return intake.ticket if changed else None


def _by_stream(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """One delivery for each stream, so that each is looked up and acknowledged once."""
    entries: dict[tuple[str, str], list[Entry]] = {}
    refused: dict[tuple[str, str], list[int]] = {}
    for delivery in deliveries:
        key = (delivery.batch.store, delivery.batch.stream)
        entries.setdefault(key, []).extend(delivery.batch.entries)
        refused.setdefault(key, []).extend(delivery.refused)
    return [
        Delivery(
            batch=Batch(store=store, stream=stream, entries=tuple(entries[store, stream])),
            refused=tuple(refused[store, stream]),
        )
        for store, stream in entries
    ]


def _fresh(entries: Iterable[Entry], receipts: Receipts) -> list[Entry]:
    """What was not received yet, each once: inventories first, then by sequence number."""
    fresh = {entry.seq: entry for entry in entries if entry.seq not in receipts}
    return sorted(fresh.values(), key=lambda entry: (not isinstance(entry.body, AgentStatus), entry.seq))


def _spans(entries: Iterable[Entry], refused: Iterable[int]) -> list[Range]:
    """A gap stands also for the entries that will never come."""
    spans = [(seq, seq) for seq in refused]
    for entry in entries:
        spans.append((entry.seq, entry.seq))
        if isinstance(entry.body, Gap):
            spans.append((entry.body.from_seq, entry.body.to_seq))
    return spans


def _numbers(stream: Batch, refused: tuple[int, ...]) -> list[int]:
    return [*(entry.seq for entry in stream.entries), *refused]


def _why_not(devices: dict[str, Device], device: Device | None, poll: Telemetry, now: datetime) -> str:
    """Why a poll is kept and not judged; one from the future would make all that follow look late."""
    if not devices:
        return "no_inventory"
    if device is None:
        return "unknown_device"
    return "" if poll.clock_trusted and poll.at <= now + AHEAD_AT_MOST else "clock"


def _sightings(polls: _Polls) -> list[Sighting]:
    """The newest of each device."""
    told = [poll for _, poll in polls if poll.clock_trusted and poll.readings]
    newest = {poll.device: poll for poll in sorted(told, key=lambda poll: poll.at)}
    return [
        Sighting(device=poll.device, at=poll.at, answers=any(one.quality not in UNREACHED for one in poll.readings))
        for poll in newest.values()
    ]
