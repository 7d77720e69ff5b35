"""What is followed of a device: each number or flag once, for all statistics of it that are as coarse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from rules.buckets import Layout, layout_of
from rules.compile import Sampler, sampler_of
from rules.expression import Expression
from rules.pace import buckets_of, step_of, width_of
from rules.terms import Track, needed

HOUR = 3600.0

Params = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A track for given params. `key` is its name in memories; `width` of a bucket in s, 0 where there are none."""

    track: Track
    key: str
    params: Params
    width: float = 0.0
    layout: Layout | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A number or flag, perhaps while a condition holds. `means` are the averages of it, `others` all else; `learns`:
    one of them learns when an hour ends.

    `key` is its name in memories, `points` are those of the device that change it, `needs` those without which it never
    is any number. Within `step` seconds a number is looked at once, however often it changes; a flag always. `ticking`:
    it changes without a point of its own too, so that its sample says when to look again.
    """

    key: str
    sample: Sampler
    params: Params
    points: tuple[str, ...]
    needs: frozenset[str]
    ticking: bool
    step: float
    means: tuple[Following, ...]
    others: tuple[Following, ...]
    learns: bool

    @property
    def members(self) -> tuple[Following, ...]:
        return (*self.means, *self.others)


def signals_of(asked: Iterable[tuple[Expression, Params]]) -> tuple[Signal, ...]:
    """Inner ones before those that ask for them."""
    grouped: dict[object, list[Following]] = {}
    for each in _following(asked):
        track = each.track
        values = tuple(each.params.get(name) for name in track.params)
        grouped.setdefault((track.term, track.condition, values, step_of(track)), []).append(each)
    return tuple(_signal(members) for members in grouped.values())


def name_of(track: Track, params: Params) -> object:
    """What tells a track from all others of a plan."""
    return (track.text, *(params.get(name) for name in track.params)) if track.params else track.text


def digest(texts: Iterable[str]) -> str:
    return blake2b("\n".join(texts).encode(), digest_size=8).hexdigest()


def _following(asked: Iterable[tuple[Expression, Params]]) -> Iterator[Following]:
    known: set[object] = set()
    for expression, params in asked:
        for track in expression.tracks:
            name = name_of(track, params)
            if name not in known:
                known.add(name)
                yield _follow(track, params)


def _follow(track: Track, params: Params) -> Following:
    statistic = track.kind not in {"usual", "lag", "timer"}
    width = HOUR if track.kind == "usual" else width_of(track) if statistic else 0.0
    return Following(
        track=track,
        key=digest([track.text, repr(width), *(repr(params.get(name)) for name in track.params)]),
        params=params,
        width=width,
        layout=_layout(track) if statistic else None,
    )


def _layout(track: Track) -> Layout:
    return layout_of(track.kind, conditional=track.condition is not None, count=buckets_of(track))


def _signal(members: list[Following]) -> Signal:
    track = members[0].track
    step = step_of(track)
    return Signal(
        key=digest(
            [
                repr(track.term),
                repr(track.condition),
                repr(step),
                *(repr(members[0].params.get(n)) for n in track.params),
            ]
        ),
        sample=sampler_of(track.term, track.condition, step if track.ticking else None),
        params=members[0].params,
        points=track.points,
        needs=needed(track.term),
        ticking=track.ticking,
        step=step,
        means=tuple(each for each in members if each.track.kind == "mean"),
        others=tuple(each for each in members if each.track.kind != "mean"),
        learns=any(each.track.kind == "usual" for each in members),
    )
