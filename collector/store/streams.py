"""How far each stream has come and been judged, what of it waits, and what of it was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import sqlite

from collector.domain.receipts import NOTHING_RECEIVED, Receipts
from collector.domain.segments import WHOLE, Segments
from collector.store.tables import ahead, gap, stream, unjudged
from edge_agent.contract.codec import decode_batch, encode_batch, encode_body
from edge_agent.contract.readings import Gap, Telemetry

HIGHEST = 2**63 - 1
SUPERSEDED = "superseded"
"""Why a store dropped a status: it has a newer one."""
UNREADABLE = "unreadable"
"""Why an entry is lost that came: nobody could read it, or store it. Its bytes are in quarantine."""
Key = tuple[str, str]
"""Store and stream."""

# Built once: with small batches the building of statements would cost more than what they do.
_ROW = sqlite.insert(stream)
_REMEMBER = _ROW.on_conflict_do_update(
    index_elements=list(stream.primary_key),
    set_={column.name: column for column in _ROW.excluded if not column.primary_key},
)
_KNOWN = select(stream).where(tuple_(stream.c.store, stream.c.stream).in_(bindparam("keys", expanding=True)))
_RECORD_GAP = sqlite.insert(gap).on_conflict_do_nothing()
_PUT_AHEAD = sqlite.insert(ahead).on_conflict_do_nothing()
_FORGET_UNREADABLE = (
    delete(gap)
    .where(gap.c.store == bindparam("b_store"), gap.c.stream == bindparam("b_stream"))
    .where(gap.c.seq == bindparam("b_seq"), gap.c.reason == UNREADABLE)
)
_TAKE_AHEAD = (
    delete(ahead)
    .where(ahead.c.store == bindparam("b_store"), ahead.c.stream == bindparam("b_stream"))
    .where(ahead.c.seq.between(bindparam("b_first"), bindparam("b_last")))
    .returning(ahead.c.seq, ahead.c.body)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`ended`: the store has another stream now. `heard_at` is head office's time.

    `present_from` is the highest that the store ever named. While its live segment has not come there nothing is told
    of what is judged: `withheld_since` is head office's time of its beginning, or of the last word on what stood then.
    """

    receipts: Receipts = NOTHING_RECEIVED
    segments: Segments = WHOLE
    ended: bool = False
    heard_at: datetime | None = None
    present_from: int = 0
    withheld_since: datetime | None = None

    def told_of_present(self, present_from: int, now: datetime) -> Progress:
        """The store says where its present begins, which may be behind what was judged of it."""
        if present_from <= self.present_from:
            return self
        ahead = present_from > self.segments[-1].frontier + 1
        return replace(
            self,
            present_from=present_from,
            withheld_since=(self.withheld_since or now) if ahead else self.withheld_since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A poll that is stored and decided nothing, and why."""

    store: str
    stream: str
    seq: int
    poll: Telemetry
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a store had to drop, or head office could not read: `count` entries of the range; 0..0 is a place that
    nobody knows."""

    at: datetime
    from_seq: int
    to_seq: int
    count: int
    reason: str


def known(connection: Connection, keys: Iterable[Key]) -> dict[Key, Progress]:
    """Without those that were never heard of."""
    found = connection.execute(_KNOWN, {"keys": sorted(keys)})
    return {(row.store, row.stream): _progress(row) for row in found}


def receipts(connection: Connection, store_id: str, stream_id: str) -> Receipts:
    return known(connection, [(store_id, stream_id)]).get((store_id, stream_id), Progress()).receipts


def remember(connection: Connection, told: Mapping[Key, Progress]) -> None:
    rows = [
        {
            "store": store_id,
            "stream": stream_id,
            "upto": one.receipts.upto,
            "ranges": one.receipts.ranges,
            "segments": one.segments,
            "ended": one.ended,
            "heard_at": one.heard_at,
            "present_from": one.present_from,
            "withheld_since": one.withheld_since,
        }
        for (store_id, stream_id), one in told.items()
    ]
    if rows:
        connection.execute(_REMEMBER, rows)


def end_others(connection: Connection, store_id: str, stream_id: str) -> dict[str, datetime | None]:
    """The streams of the store that were not ended yet, and are now, and since when nothing was told of them."""
    others = (stream.c.store == store_id) & (stream.c.stream != stream_id) & ~stream.c.ended
    ending = update(stream).where(others).values(ended=True).returning(stream.c.stream, stream.c.withheld_since)
    return {row.stream: row.withheld_since for row in connection.execute(ending)}


_WITHHELD = (
    select(stream.c.store, stream.c.stream)
    .where(stream.c.withheld_since <= bindparam("before"), ~stream.c.ended)
    .order_by(stream.c.store)
)
"""Built once: asked every few seconds."""


def withheld(connection: Connection, before: datetime) -> tuple[Key, ...]:
    """Those of which nothing has been told since `before` or earlier."""
    return tuple((row.store, row.stream) for row in connection.execute(_WITHHELD, {"before": before}))


def note_told(connection: Connection, key: Key, before: datetime, now: datetime) -> bool:
    """What stands is told, and what comes is withheld for a while again. False where another told it meanwhile."""
    here = (stream.c.store == key[0]) & (stream.c.stream == key[1]) & (stream.c.withheld_since <= before)
    return connection.execute(update(stream).where(here).values(withheld_since=now)).rowcount == 1


def others_heard_at(connection: Connection, store_id: str, stream_id: str) -> datetime | None:
    """When a stream of the store that is not ended was last heard."""
    others = (stream.c.store == store_id) & (stream.c.stream != stream_id) & ~stream.c.ended
    query = select(stream.c.heard_at).where(others).order_by(stream.c.heard_at.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def put_ahead(connection: Connection, key: Key, polls: Iterable[tuple[int, Telemetry]]) -> None:
    """Until the hole before them is filled."""
    rows = [{"store": key[0], "stream": key[1], "seq": seq, "body": encode_body(poll)} for seq, poll in polls]
    if rows:
        connection.execute(_PUT_AHEAD, rows)


def take_ahead(connection: Connection, key: Key, first: int, last: int) -> dict[int, Telemetry]:
    """Those of the closed range, which wait no longer."""
    here = {"b_store": key[0], "b_stream": key[1], "b_first": first, "b_last": last}
    rows = connection.execute(_TAKE_AHEAD, here).all()
    batch = decode_batch(key[0], encode_batch(key[1], [(row.seq, row.body) for row in rows]))
    return {entry.seq: entry.body for entry in batch.entries if isinstance(entry.body, Telemetry)}


def record_gaps(connection: Connection, key: Key, gaps: Sequence[tuple[int, Gap]], at: datetime) -> None:
    rows = [
        {
            "store": key[0],
            "stream": key[1],
            "seq": seq,
            "from_seq": lost.from_seq,
            "to_seq": lost.to_seq,
            "count": lost.count,
            "reason": lost.reason,
            "at": at,
        }
        for seq, lost in gaps
    ]
    if rows:
        connection.execute(_RECORD_GAP, rows)


def record_unreadable(connection: Connection, key: Key, numbers: Iterable[int], at: datetime) -> None:
    """Each by itself, so that each can be taken back."""
    lost = [(seq, Gap(from_seq=seq, to_seq=seq, count=1, reason=UNREADABLE)) for seq in sorted(numbers)]
    record_gaps(connection, key, lost, at)


def forget_unreadable(connection: Connection, key: Key, numbers: Iterable[int]) -> None:
    """They were taken in after all."""
    rows = [{"b_store": key[0], "b_stream": key[1], "b_seq": seq} for seq in numbers]
    if rows:
        connection.execute(_FORGET_UNREADABLE, rows)


def record_unjudged(connection: Connection, polls: Iterable[Unjudged]) -> None:
    """Keeps what a later judgement needs: which entry it was, and the clocks that can repair its time."""
    rows = [
        {
            "store": one.store,
            "stream": one.stream,
            "seq": one.seq,
            "device": one.poll.device,
            "at": one.poll.at,
            "boot": one.poll.boot,
            "mono": one.poll.mono,
            "reason": one.reason,
        }
        for one in polls
    ]
    if rows:
        connection.execute(insert(unjudged), rows)


def losses(connection: Connection, store_id: str, limit: int) -> tuple[Loss, ...]:
    """The newest `limit`, the newest first."""
    columns = (gap.c.at, gap.c.from_seq, gap.c.to_seq, gap.c["count"].label("entries"), gap.c.reason)
    query = select(*columns).where(gap.c.store == store_id).order_by(gap.c.at.desc(), gap.c.seq.desc()).limit(limit)
    return tuple(
        Loss(at=row.at, from_seq=row.from_seq, to_seq=row.to_seq, count=row.entries, reason=row.reason)
        for row in connection.execute(query)
    )


def count_lost(connection: Connection) -> dict[str, int]:
    """Entries of each store that are lost; without stores that lost none, and reports that newer ones replaced."""
    lost = func.total(gap.c.count).label("lost")  # sum() raises where absurd counts come to more than 64 bits
    query = select(gap.c.store, lost).where(gap.c.reason != SUPERSEDED).group_by(gap.c.store)
    return {row.store: int(row.lost) for row in connection.execute(query) if row.lost}


def _progress(row: Row[Any]) -> Progress:
    received = Receipts(upto=row.upto, ranges=row.ranges)
    return Progress(
        receipts=received,
        segments=row.segments,
        ended=row.ended,
        heard_at=row.heard_at,
        present_from=row.present_from,
        withheld_since=row.withheld_since,
    )
