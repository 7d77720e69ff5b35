"""Messages from the broker into the database, and the acknowledgement of what is safe there.

Nothing is acknowledged before its commit; a crash at any point leads to the same messages again, which change nothing.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from collector.foresight import Foresight
from collector.inbox import Inbox, Lane, Message
from collector.meters import Meters
from collector.record import Delivery, Recorder, Tally
from collector.store.database import Database, TryLater
from collector.store.quarantine import drop_beyond, put_in_quarantine
from collector.store.streams import receipts
from collector.unpack import Poison, refuse_all, unpack
from collector.watch import Watch
from edge_agent.contract.clock import Clock

MESSAGES_AT_ONCE = 200
LINGER_S = 0.05
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 15.0
LONGEST_REASON = 500
TELL_EVERY_S = 60.0
LOOK_EVERY_S = 10.0

log = logging.getLogger(__name__)


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
        watch: Watch | None = None,
    ) -> None:
        self._inbox = inbox
        self._database = database
        self._recorder = recorder
        self._clock = clock
        self._meters = meters
        self._wake = wake
        self._watch = watch
        self._stop = threading.Event()
        self._running = False
        self._waiting = False
        self._untold = 0
        self._tell_at = -math.inf
        self._look_at = -math.inf

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
        with suppress(TryLater):  # the database says so where it is asked whether it writes
            self._look()

    def _look(self) -> None:
        """At what no message brings about. Raises TryLater."""
        if self._watch and self._watch.look():
            self._wake()
        if self._clock.mono() < self._look_at:
            return
        self._look_at = self._clock.mono() + LOOK_EVERY_S
        now = self._clock.now()
        if self._recorder.tell_withheld(self._database, now) + self._recorder.release(self._database, now):
            self._wake()

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
                for message in messages:  # each until it is stored: none that is settled may be settled again
                    self._keep_trying([message])
                return
            log.exception("message cannot be stored topic=%r", messages[0].topic)
            reason = _tell(error)
            tally = self._set_aside(messages[0], reason)
            self._report_poison(messages[0], reason)
        self._acknowledge(messages, tally)

    def _commit(self, messages: Sequence[Message]) -> Tally:
        opened = [_open(message) for message in messages]
        deliveries = [one.delivery for one in opened if one.delivery]
        now = self._clock.now()
        live = [one.delivery for one in opened if one.delivery and one.message.lane is Lane.LIVE]
        foresight = self._foresee(live, now)
        with self._database.writing() as connection:
            _keep_unread(connection, [one for one in opened if one.trouble], now)
            tally = self._recorder.record(connection, deliveries, now, foresight)
        for one in opened:
            self._note(one)
        return tally

    def _foresee(self, deliveries: Sequence[Delivery], now: datetime) -> Foresight | None:
        try:
            return self._recorder.foresee(deliveries, now)
        except Exception:  # to look ahead is to guess: no message is lost by a guess
            log.exception("what messages will come to cannot be foreseen")
            return None

    def _note(self, stored: _Opened) -> None:
        """After the commit."""
        if stored.trouble:
            self._report_poison(stored.message, stored.trouble)
        if stored.delivery and self._watch:
            self._watch.hear(stored.delivery.batch, live=stored.message.lane is Lane.LIVE)

    def _set_aside(self, message: Message, reason: str) -> Tally:
        """Its entries count as received and lost, or the store would send them for ever; its bytes are kept.

        First as behind any gap, so that what waits for them is judged; where that fails too, by the receipts alone.
        """
        delivery = _refused(message)
        for note in (self._recorder.record, self._recorder.account) if delivery else ():
            try:
                return self._quarantine(message, delivery, reason, note)
            except TryLater:
                raise
            except Exception:  # the bytes themselves must be kept, whatever is wrong with the entries
                log.exception("entries cannot be noted topic=%r", message.topic)
        return self._quarantine(message, None, reason, self._recorder.record)

    def _quarantine(self, message: Message, delivery: Delivery | None, reason: str, note: _Note) -> Tally:
        now = self._clock.now()
        with self._database.writing() as connection:
            _keep_unread(connection, [_Opened(message=message, delivery=delivery, trouble=reason)], now)
            return note(connection, [delivery] if delivery else [], now)

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
        """One of many: a store that sends rubbish sends it all day, and each is in the quarantine."""
        self._meters.quarantined.inc()
        self._untold += 1
        now = self._clock.steady()
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY_S
            told = (self._untold, message.topic, len(message.payload), reason)
            log.warning("messages quarantined=%d, the latest topic=%r bytes=%d reason=%r", *told)
            self._untold = 0

    def _wait_begins(self, trouble: TryLater) -> None:
        if not self._waiting:
            log.error("database cannot write, nothing is acknowledged until it can: %s", trouble)
        self._waiting = True

    def _wait_ends(self) -> None:
        if self._waiting:
            log.info("database writes again")
        self._waiting = False


_Note = Callable[[Connection, Sequence[Delivery], datetime], Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A message, what could be read of it, and why the rest could not."""

    message: Message
    delivery: Delivery | None
    trouble: str


def _open(message: Message) -> _Opened:
    try:
        delivery, trouble = unpack(message)
    except Poison as poison:
        return _Opened(message=message, delivery=None, trouble=str(poison))
    return _Opened(message=message, delivery=delivery, trouble=trouble)


def _tell(error: Exception) -> str:
    """In one line: the database's own errors quote the statement and all that was to be written."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:LONGEST_REASON]


def _refused(message: Message) -> Delivery | None:
    """All of its entries; None where not even their numbers can be read."""
    try:
        return refuse_all(message)
    except Poison:
        return None


def _keep_unread(connection: Connection, opened: Sequence[_Opened], now: datetime) -> None:
    """Before any of it counts as received: of what was received earlier, nothing is left to be taken in."""
    kept: set[tuple[str, str, int]] = set()
    for one in opened:
        fresh: list[int] = []
        if one.delivery:
            store, stream = one.delivery.batch.store, one.delivery.batch.stream
            known = receipts(connection, store, stream)
            fresh = [seq for seq in one.delivery.refused if seq not in known and (store, stream, seq) not in kept]
            kept |= {(store, stream, seq) for seq in fresh}
        put_in_quarantine(connection, one.message.topic, one.message.payload, one.trouble, now, fresh)
    if opened:
        drop_beyond(connection)
