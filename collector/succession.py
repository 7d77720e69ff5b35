"""Which stream of a store is judged: the newest outbox file, and no left-over of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from collector.domain.segments import Segment
from collector.judging import Judging
from collector.store import memories, streams
from collector.store.streams import Key, Progress

TAKEN_BACK_AFTER = timedelta(hours=1)
"""A stream that was ended goes on when the one that ended it has been silent for so long: that was a left-over."""
ENDED = "old_stream"
"""Why polls of an ended stream are not judged."""


def succeed(
    connection: Connection, heard: Mapping[Key, Progress | None], now: datetime, judging: Judging
) -> dict[Key, Progress]:
    """How each stream that was heard stands. One that nobody knew is the store's from now on: it ends the others."""
    standing = {key: before for key, before in heard.items() if before is not None}
    for key, before in heard.items():
        begun = before
        if before is None:
            begun = Progress(heard_at=now)
        elif before.ended and _is_alone(connection, key, now):
            last = before.receipts.last
            begun = replace(before, ended=False, segments=(Segment(last + 1, last),))
        if begun is None or begun is before:
            continue
        standing[key] = begun
        streams.remember(connection, {key: begun})
        for other, withheld_since in _end_others(connection, key, judging).items():
            if withheld_since is not None:  # the new one has to tell of it, at its own present
                standing[key] = replace(standing[key], withheld_since=standing[key].withheld_since or withheld_since)
            if other in standing:
                standing[other] = replace(standing[other], ended=True)
    return standing


def _is_alone(connection: Connection, key: Key, now: datetime) -> bool:
    heard_at = streams.others_heard_at(connection, *key)
    return heard_at is None or now - heard_at >= TAKEN_BACK_AFTER


def _end_others(connection: Connection, key: Key, judging: Judging) -> dict[Key, datetime | None]:
    """What their history still lacked is not judged any more."""
    ended = {(key[0], stream): since for stream, since in streams.end_others(connection, *key).items()}
    for store, stream in ended:
        memories.forget_history(connection, store, stream)
        judging.refuse(store, stream, streams.take_ahead(connection, (store, stream), 0, streams.HIGHEST), ENDED)
    return ended
