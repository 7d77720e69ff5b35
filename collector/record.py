"""Batches into the database: what is new is kept, judged and made known, all within the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection

from collector import lifecycle
from collector.domain.receipts import Range, Receipts, acknowledge, receive
from collector.domain.segments import Course, advance
from collector.foresight import AHEAD_AT_MOST, Foresight
from collector.judging import Bout, Judging, tell_due
from collector.referee import Referee
from collector.store import inventory, memories, streams
from collector.store.at_hand import AtHand, new_stamp
from collector.store.database import Database
from collector.store.inventory import Sighting
from collector.store.streams import Progress
from collector.succession import ENDED, succeed
from collector.telemetry.base import Arrival, TelemetryStore
from edge_agent.contract.readings import UNREACHED, Ack, AgentStatus, Batch, Entry, Gap, Telemetry
from rules.book import RuleBook

WITHHELD_AT_MOST = timedelta(minutes=5)
"""For so long of head office's time nothing is told of a store that does not come to its present: a hole is judged
around sooner (`HOLE_LASTS`), so that this is for a line that is too slow or dead."""
ISLANDS_AT_MOST = 5_000
"""Of one stream; they are read and written with each of its messages. An agent's own make a handful."""


class TooScattered(ValueError):
    """Send what is missing in between first: what is taken in must be remembered hole by hole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What could be read of a message. Entries that are `refused` are put aside elsewhere, and must not come again:
    they count as lost until they are taken in from there."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """What a transaction brought of one stream; `before` is None where nobody had heard of it."""

    batch: Batch
    refused: tuple[int, ...]
    before: Progress | None
    received: Receipts
    fresh: tuple[Entry, ...]

    @property
    def key(self) -> streams.Key:
        return self.batch.store, self.batch.stream

    @property
    def lost(self) -> set[int]:
        """What nobody could read, and has not been told of before."""
        known = (self.before or Progress()).receipts
        return {seq for seq in self.refused if seq not in known} - {entry.seq for entry in self.fresh}

    @property
    def tells_of_devices(self) -> bool:
        return any(isinstance(entry.body, AgentStatus) for entry in self.fresh)

    @property
    def polls(self) -> dict[int, Telemetry]:
        return {entry.seq: entry.body for entry in self.fresh if isinstance(entry.body, Telemetry)}


class Recorder:
    """Used by one thread; all that it must remember is in the database."""

    def __init__(self, book: RuleBook, telemetry: TelemetryStore, stamps: Callable[[], int] = new_stamp) -> None:
        """Each of the `stamps` must be another one, whoever else writes."""
        self._telemetry = telemetry
        self._referee = Referee(book)
        self._at_hand = AtHand(stamps=stamps)

    def judge_by(self, book: RuleBook) -> None:
        """From the next transaction on. May be called by any thread."""
        self._referee = Referee(book)

    def foresee(self, deliveries: Sequence[Delivery], now: datetime) -> Foresight:
        """What they will come to, unless somebody else writes of their stores before `record` does."""
        foresight = Foresight(self._referee)
        for (store, stream), delivery in _by_stream(deliveries).items():
            premises = self._at_hand.glance(store)
            before = None if premises is None else premises.streams.get(stream)
            if premises is None or before is None or before.ended:
                continue
            with suppress(TooScattered):  # `record` says so
                news = _compare(delivery, before)
                if not news.tells_of_devices:
                    course, _ = _go_on(replace(before, receipts=news.received), news, now)
                    foresight.look_ahead(premises, course.steps, news.polls, now)
        return foresight

    def record(
        self,
        connection: Connection,
        deliveries: Sequence[Delivery],
        now: datetime,
        foresight: Foresight | None = None,
    ) -> Tally:
        """`now` is when they arrived, by head office's clock. Raises TooScattered."""
        tally = Tally()
        if not deliveries:
            return tally
        news = _read(connection, deliveries)
        stores = {one.batch.store for one in news}
        self._at_hand.check(connection, stores)
        inventory.note_arrivals(connection, stores, now)
        for one in news:
            _note(connection, one, now, tally)
        arrivals = [
            Arrival(store=one.batch.store, seq=seq, telemetry=poll) for one in news for seq, poll in one.polls.items()
        ]
        tally.readings = self._telemetry.record(connection, arrivals)
        self._judge(connection, news, now, tally, foresight)
        inventory.note_sightings(connection, _sightings(arrivals, now))
        return tally

    def tell_withheld(self, database: Database, now: datetime) -> int:
        """What stands of stores whose present is long in coming, each in a transaction of its own. Returns how many
        events it added to the feed. Raises TryLater."""
        with database.reading() as connection:
            waiting = streams.withheld(connection, now - WITHHELD_AT_MOST)
        return sum(self._tell_one(database, key, now) for key in waiting)

    def _tell_one(self, database: Database, key: streams.Key, now: datetime) -> int:
        store, _ = key
        with database.writing() as connection:
            if not streams.note_told(connection, key, now - WITHHELD_AT_MOST, now):
                return 0
            self._at_hand.check(connection, [store])
            judging = Judging(connection, self._referee, now, self._at_hand.enter(connection, [store], [], now))
            judging.tell_what_stands(store)
        return judging.feed_events

    def release(self, database: Database, now: datetime) -> int:
        """Tells what nothing holds back any more, as if it were raised just now. Returns how many events it added to
        the feed. Raises TryLater."""
        book = self._referee.book
        with database.reading() as connection:
            if not lifecycle.is_anything_due(connection, now, book):
                return 0
        with database.writing() as connection:
            return tell_due(connection, self._referee, lifecycle.release(connection, now, book), now)

    def account(self, connection: Connection, deliveries: Sequence[Delivery], now: datetime) -> Tally:
        """The receipts and nothing else, for what `record` fails on: all of it is `refused`.

        What was judged stays where it is; whatever comes next goes on from there, as behind any gap.
        """
        tally = Tally()
        for one in _read(connection, deliveries):
            inventory.note_arrivals(connection, [one.batch.store], now)
            _note(connection, one, now, tally)
            progress = replace(one.before or Progress(), receipts=one.received, heard_at=now)
            streams.remember(connection, {one.key: progress})
        return tally

    def _judge(
        self, connection: Connection, news: Sequence[_News], now: datetime, tally: Tally, foresight: Foresight | None
    ) -> None:
        stores = {one.batch.store for one in news}
        relisted = {one.batch.store for one in news if one.tells_of_devices}
        premises = self._at_hand.enter(connection, stores, relisted, now)
        judging = Judging(connection, self._referee, now, premises, foresight)
        progress = succeed(connection, {one.key: one.before for one in news}, now, judging)
        bouts: list[Bout] = []
        for one in news:
            begun, polls = progress[one.key], one.polls
            progress[one.key] = replace(begun, receipts=one.received, heard_at=now)
            if begun.ended:
                judging.refuse(*one.key, polls, ENDED)
                continue
            course, progress[one.key] = _go_on(progress[one.key], one, now)
            store, stream = one.key
            devices = premises[store].devices
            bouts.append(Bout(store=store, stream=stream, devices=devices, course=course, polls=polls))
        judging.follow(bouts)
        streams.remember(connection, progress)
        for (store, stream), known in progress.items():
            premises[store].streams = {} if known.ended else {stream: known}
        tally.feed_events += judging.feed_events
        tally.unjudged.update(one.reason for one in judging.unjudged)


def _go_on(progress: Progress, news: _News, now: datetime) -> tuple[Course, Progress]:
    """What is to be done with the news, and how the stream stands then."""
    progress = progress.told_of_present(news.batch.present_from, now)
    course = advance(
        progress.segments,
        news.received,
        tuple(news.polls),
        news.batch.live_from,
        now,
        progress.present_from if progress.withheld_since else None,
    )
    withheld_since = None if course.reaches_present else progress.withheld_since
    return course, replace(progress, segments=course.segments, withheld_since=withheld_since)


def _read(connection: Connection, deliveries: Iterable[Delivery]) -> list[_News]:
    """One piece of news for each stream, so that each is looked up and acknowledged once."""
    merged = _by_stream(deliveries)
    known = streams.known(connection, merged)
    return [_compare(delivery, known.get(key)) for key, delivery in merged.items()]


def _by_stream(deliveries: Iterable[Delivery]) -> dict[streams.Key, Delivery]:
    entries: dict[streams.Key, list[Entry]] = {}
    refused: dict[streams.Key, list[int]] = {}
    bounds: dict[streams.Key, tuple[int, int]] = {}
    for delivery in deliveries:
        key = (delivery.batch.store, delivery.batch.stream)
        entries.setdefault(key, []).extend(delivery.batch.entries)
        refused.setdefault(key, []).extend(delivery.refused)
        live_from, present_from = bounds.get(key, (0, 0))
        bounds[key] = max(delivery.batch.live_from, live_from), max(delivery.batch.present_from, present_from)
    merged: dict[streams.Key, Delivery] = {}
    for key, told in entries.items():
        live_from, present_from = bounds[key]
        batch = Batch(store=key[0], stream=key[1], entries=tuple(told), live_from=live_from, present_from=present_from)
        merged[key] = Delivery(batch=batch, refused=tuple(refused[key]))
    return merged


def _compare(delivery: Delivery, before: Progress | None) -> _News:
    """What was not received yet, each once, by number. Raises TooScattered."""
    known = (before or Progress()).receipts
    fresh = {entry.seq: entry for entry in delivery.batch.entries if entry.seq not in known}
    entries = tuple(sorted(fresh.values(), key=lambda entry: entry.seq))
    received = receive(known, _spans(entries, delivery.refused))
    if len(received.ranges) > max(ISLANDS_AT_MOST, len(known.ranges)):
        raise TooScattered(f"more than {ISLANDS_AT_MOST} holes in stream {delivery.batch.stream!r}")
    return _News(
        batch=delivery.batch,
        refused=delivery.refused,
        before=before,
        received=received,
        fresh=entries,
    )


def _note(connection: Connection, news: _News, now: datetime, tally: Tally) -> None:
    """Inventories and losses take effect on arrival, whatever is missing before them."""
    batch = news.batch
    numbers = [*(entry.seq for entry in batch.entries), *news.refused]
    tally.acks.append((batch.store, acknowledge(batch.stream, news.received, numbers, now)))
    tally.entries += len(news.fresh)
    tally.duplicates += len(batch.entries) - len(news.fresh)
    gaps: list[tuple[int, Gap]] = []
    statuses: list[tuple[int, AgentStatus]] = []
    for entry in news.fresh:
        if isinstance(entry.body, AgentStatus):
            statuses.append((entry.seq, entry.body))
        elif isinstance(entry.body, Gap):
            gaps.append((entry.seq, entry.body))
    for seq, status in _telling_apart(statuses):
        inventory.replace_inventory(connection, batch.store, batch.stream, seq, status)
    tally.gaps += len(gaps)
    streams.record_gaps(connection, news.key, gaps, now)
    streams.record_unreadable(connection, news.key, news.lost, now)


def _telling_apart(statuses: Sequence[tuple[int, AgentStatus]]) -> Iterator[tuple[int, AgentStatus]]:
    """Without those whose inventory the next one repeats: each that is listed once may be told of."""
    for own, following in pairwise([*statuses, None]):
        if own and (following is None or _inventory(own[1]) != _inventory(following[1])):
            yield own


def _inventory(status: AgentStatus) -> tuple[object, ...]:
    return status.name, status.timezone, status.location, status.devices


def _spans(entries: Iterable[Entry], refused: Iterable[int]) -> list[Range]:
    """A gap stands also for the entries that will never come."""
    spans = [(seq, seq) for seq in refused]
    for entry in entries:
        spans.append((entry.seq, entry.seq))
        if isinstance(entry.body, Gap):
            spans.append((entry.body.from_seq, entry.body.to_seq))
    return spans


def _sightings(arrivals: Iterable[Arrival], now: datetime) -> list[Sighting]:
    """The newest of each device; one from the future would be the newest for ever."""
    newest: dict[memories.Key, Telemetry] = {}
    for one in arrivals:
        poll, key = one.telemetry, (one.store, one.telemetry.device)
        known_when = poll.clock_trusted and poll.at <= now + AHEAD_AT_MOST
        if known_when and poll.readings and (key not in newest or poll.at >= newest[key].at):
            newest[key] = poll
    return [
        Sighting(
            store=store, device=device, at=poll.at, answers=any(one.quality not in UNREACHED for one in poll.readings)
        )
        for (store, device), poll in newest.items()
    ]
