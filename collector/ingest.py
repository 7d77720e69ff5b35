"""Messages from the broker into the database, and the acknowledgement of what is safe there.

Nothing is acknowledged before its commit; a crash at any point leads to the same messages again, which change nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from collector.meters import Meters
from collector.record import Delivery, Recorder, Tally
from collector.store.database import Database, TryLater
from collector.store.streams import put_in_quarantine
from edge_agent.contract.clock import Clock
from edge_agent.contract.codec import Undecodable, decode_batch, encode_batch, split_batch
from edge_agent.contract.readings import Ack, AgentStatus, Batch, Entry, Gap
from edge_agent.contract.topics import STORE_ID, NotOurTopic, parse_topic

MESSAGES_AT_ONCE = 200
LINGER_S = 0.05
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 15.0
LARGEST_SEQ = 2**63 - 1
LONGEST_STREAM = 128

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One MQTT message; `mid` and `session` let the broker be told that it is settled; `arrived` is steady."""

    topic: str
    payload: bytes
    mid: int
    session: int
    arrived: float


class Inbox(Protocol):
    """Where messages come from, and where the answers go."""

    def take(self, most: int, linger: float) -> list[Message]:
        """Waits a moment for a first message, then `linger` seconds for more; empty when none came."""

    def answer(self, store: str, ack: Ack) -> None:
        """Tells a store what is safe."""

    def settle(self, message: Message) -> None:
        """Tells the broker that it need not deliver this again."""


class Poison(ValueError):
    """The message will never be taken in: put it aside."""


class Ingest:
    """The loop that must not stop. `wake` is called after a commit that changed the feed."""

    def __init__(
        self,
        inbox: Inbox,
        database: Database,
        recorder: Recorder,
        clock: Clock,
        meters: Meters,
        wake: Callable[[], None],
    ) -> None:
        self._inbox = inbox
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._meters = meters
        self._wake = wake
        self._stop = threading.Event()
        self._running = False
        self._waiting = False

    @property
    def ready(self) -> bool:
        """The loop runs, and what it brings can be stored."""
        return self._running and not self._waiting

    def run(self) -> None:
        self._running = True
        while not self._stop.is_set():
            try:
                self.turn()
            except Exception:  # this loop must not stop: the messages stay unacknowledged and come again
                log.exception("ingest turn failed")
                self._stop.wait(FIRST_DELAY_S)
        self._running = False

    def stop(self) -> None:
        """The turn that runs is finished; what it had not committed is not acknowledged."""
        self._stop.set()

    def turn(self) -> None:
        if messages := self._inbox.take(MESSAGES_AT_ONCE, LINGER_S):
            self._keep_trying(messages)

    def _keep_trying(self, messages: Sequence[Message]) -> None:
        """Returns when the messages are stored or put aside, or when the loop is to stop."""
        delay = FIRST_DELAY_S
        while not self._stop.is_set():
            try:
                self._store(messages)
            except TryLater as trouble:
                self._wait_begins(trouble)
                self._stop.wait(delay)
                delay = min(delay * 2, LONGEST_DELAY_S)
            else:
                self._wait_ends()
                return

    def _store(self, messages: Sequence[Message]) -> None:
        """Raises TryLater. A message that the database refuses takes no other with it."""
        try:
            tally = self._commit(messages)
        except TryLater:
            raise
        except Exception as error:  # whatever one message is, the line behind it must move on
            if len(messages) > 1:
                for message in messages:
                    self._store([message])
                return
            log.exception("message cannot be stored topic=%s", messages[0].topic)
            tally = self._set_aside(messages[0], f"{type(error).__name__}: {error}")
        self._acknowledge(messages, tally)

    def _commit(self, messages: Sequence[Message]) -> Tally:
        deliveries, poisoned = _sort(messages)
        now = self._clock.now()
        with self._database.writing() as connection:
            tally = self._recorder.record(connection, deliveries, now)
            for message, reason in poisoned:
                put_in_quarantine(connection, message.topic, message.payload, reason, now)
        for message, reason in poisoned:
            self._report_poison(message, reason)
        return tally

    def _set_aside(self, message: Message, reason: str) -> Tally:
        """Its entries count as received, or the store would send them for ever; the bytes are kept in any case."""
        try:
            tally = self._quarantine(message, reason, note=True)
        except TryLater:
            raise
        except Exception:  # the bytes themselves must be kept, whatever is wrong with the entries
            log.exception("entries cannot be noted topic=%s", message.topic)
            tally = self._quarantine(message, reason, note=False)
        self._report_poison(message, reason)
        return tally

    def _quarantine(self, message: Message, reason: str, *, note: bool) -> Tally:
        now = self._clock.now()
        with self._database.writing() as connection:
            put_in_quarantine(connection, message.topic, message.payload, reason, now)
            return self._recorder.record(connection, [_refuse_all(message)] if note else [], now)

    def _acknowledge(self, messages: Sequence[Message], tally: Tally) -> None:
        for store, ack in tally.acks:
            self._inbox.answer(store, ack)
        for message in messages:
            self._inbox.settle(message)
            self._meters.latency.observe(self._clock.steady() - message.arrived)
        self._meters.messages.inc(len(messages))
        self._meters.count(tally)
        if tally.feed_events:
            self._wake()

    def _report_poison(self, message: Message, reason: str) -> None:
        self._meters.quarantined.inc()
        log.warning("message quarantined topic=%s bytes=%d reason=%s", message.topic, len(message.payload), reason)

    def _wait_begins(self, trouble: TryLater) -> None:
        if not self._waiting:
            log.error("database cannot write, nothing is acknowledged until it can: %s", trouble)
        self._waiting = True

    def _wait_ends(self) -> None:
        if self._waiting:
            log.info("database writes again")
        self._waiting = False


def _sort(messages: Sequence[Message]) -> tuple[list[Delivery], list[tuple[Message, str]]]:
    deliveries: list[Delivery] = []
    poisoned: list[tuple[Message, str]] = []
    for message in messages:
        try:
            delivery, trouble = read_message(message)
        except Poison as poison:
            poisoned.append((message, str(poison)))
            continue
        deliveries.append(delivery)
        if trouble:
            poisoned.append((message, trouble))
    return deliveries, poisoned


def read_message(message: Message) -> tuple[Delivery, str]:
    """What can be read of it, and why the rest cannot ("" where there is none). Raises Poison where nothing can."""
    try:
        store = parse_topic(message.topic).store
    except NotOurTopic as error:
        raise Poison(str(error)) from error
    try:
        return Delivery(batch=_read(store, message.payload)), ""
    except (Undecodable, Poison) as error:
        return _salvage(store, message.payload), str(error)


def _refuse_all(message: Message) -> Delivery:
    delivery, _ = read_message(message)
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
    return Delivery(batch=Batch(store=store, stream=stream, entries=tuple(entries)), refused=tuple(refused))


def _check_stream(stream: str) -> None:
    if not 0 < len(stream) <= LONGEST_STREAM:
        raise Poison(f"the name of the stream is empty or longer than {LONGEST_STREAM}")


def _check(entry: Entry) -> None:
    if not 1 <= entry.seq <= LARGEST_SEQ:
        raise Poison(f"sequence number {entry.seq} is out of bounds")
    match entry.body:
        case Gap() as gap if not (1 <= gap.from_seq <= gap.to_seq <= LARGEST_SEQ and 0 <= gap.count <= LARGEST_SEQ):
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
