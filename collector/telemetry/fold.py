"""What came into a block: with the polls that it had, in order; and what that makes of the roll-ups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.telemetry.block import Poll, Track, in_order, tracks_of
from collector.telemetry.rollup import Bucket, Grid, add, roll_up

Buckets = dict[int, list[Bucket]]
"""By point id, oldest first."""


@dataclass(frozen=True, slots=True)
class Hour:
    """What a block had (`old`), what comes to it (`polls`), and both in order (`merged`) and by point (`tracks`)."""

    old: Sequence[Poll]
    polls: Sequence[Poll]
    merged: Sequence[Poll]
    tracks: Mapping[int, Track]


def hour_of(old: Sequence[Poll], polls: Sequence[Poll]) -> Hour:
    merged = in_order([*old, *polls])
    return Hour(old, polls, merged, tracks_of(merged))


def fold(hour: Hour, known: Mapping[int, Sequence[Bucket]], width_ms: int) -> Buckets:
    """The roll-ups of all polls of the hour. Where `known` has readings that `old` no longer has, adds to it."""
    old, polls = hour.old, hour.polls
    whole = _roll_up(hour.merged, hour.tracks, width_ms)
    if not known:
        return whole
    had = Counter(point for poll in old for point in poll.points)
    retired = [point for point, buckets in known.items() if sum(one.count for one in buckets) > had[point]]
    if retired:
        late = roll_up_polls(_only_new(old, polls), width_ms)
        whole |= {point: add(known[point], late.get(point, [])) for point in retired}
    return whole


def roll_up_polls(polls: Sequence[Poll], width_ms: int) -> Buckets:
    """`polls` in order."""
    return _roll_up(polls, tracks_of(polls), width_ms)


def _roll_up(polls: Sequence[Poll], tracks: Mapping[int, Track], width_ms: int) -> Buckets:
    if not polls:
        return {}
    instants = [poll.at_ms for poll in polls]
    grid = Grid(instants, width_ms)
    return {
        point: roll_up(
            grid if len(track.rows) == len(polls) else Grid([instants[row] for row in track.rows], width_ms),
            track.values,
            track.codes,
        )
        for point, track in tracks.items()
    }


def only(polls: Sequence[Poll], point: int) -> list[Poll]:
    """What the polls say of one point."""
    found = []
    for poll in polls:
        if point in poll.points:
            index = poll.points.index(point)
            code = poll.codes[index : index + 1]
            found.append(Poll(poll.at_ms, poll.seq, (point,), (poll.values[index],), code))
    return found


def _only_new(old: Sequence[Poll], polls: Sequence[Poll]) -> list[Poll]:
    there = {(poll.at_ms, poll.seq) for poll in old}
    return in_order(poll for poll in polls if (poll.at_ms, poll.seq) not in there)
