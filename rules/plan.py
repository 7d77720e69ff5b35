"""What judging one kind of device takes, worked out once: rules, what is followed, and what a point touches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from edge_agent.contract.catalogue import DEVICE_CLASSES
from rules.buckets import BUCKETS, Layout, layout_of
from rules.compile import Sampler, sampler_of
from rules.expression import Expression
from rules.terms import Track

if TYPE_CHECKING:
    from rules.model import Rule

ASK_AGAIN, ASK_AT_LEAST = 60.0, 300.0
"""Seconds between two answers of a condition that changes slowly: at least, and at most, whatever its hold."""
HOUR = 3600.0
_PARTS_OF_HOLD, _PARTS_OF_BUCKET, _PARTS_OF_LAG = 20, 12, 60
_SHORT_HOLD = 4
_QUICKEST_TICK = 60.0

Params = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A track for given params. `key` is its name in memories; `width` of a bucket in s, 0 where there are none.

    `step`: within that many seconds a number is looked at once, however often it changes; a flag always.
    """

    track: Track
    key: str
    params: Params
    sample: Sampler
    width: float = 0.0
    step: float = ASK_AGAIN
    layout: Layout | None = None


@dataclass(frozen=True, slots=True)
class Touch:
    """What a point is asked for: bits of tracks that are looked at at once, at their next step, and of rules."""

    at_once: int = 0
    later: int = 0
    rules: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """`tracks` are looked at, if touched, when the clock enters another `step` of seconds; `ticking` ones always: those
    that change without a point of theirs, and those that learn when an hour ends."""

    step: float
    tracks: int
    ticking: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rules` with their params, each after those that inhibit it; `windows`: how long which points are remembered.

    Sets of rules and tracks are bits of an int, by position. `where` finds the position of a track by its text and the
    values of its params. Rules are asked when a point of theirs changed (`touches`), some at each telemetry (`always`),
    some once in so many seconds (`slow`, together `waits`), some when the line changes (`silent`). Another `id` judges
    otherwise.
    """

    rules: tuple[tuple[Rule, dict[str, float]], ...] = ()
    windows: dict[str, timedelta] = field(default_factory=dict)
    id: str = ""
    following: tuple[Following, ...] = ()
    where: Mapping[object, int] = field(default_factory=dict)
    touches: Mapping[str, Touch] = field(default_factory=dict)
    beats: tuple[Beat, ...] = ()
    always: int = 0
    silent: int = 0
    slow: tuple[tuple[float, int], ...] = ()
    waits: int = 0
    positions: Mapping[str, int] = field(default_factory=dict)

    def position(self, track: Track, params: Params) -> int | None:
        """Where a track is, for a rule with these params."""
        return self.where.get(_name(track, params) if track.params else track.text)


NOTHING_TO_JUDGE = Plan()


def plan_of(rules: Iterable[Rule], device_class: str, duty: str, params: Callable[[Rule], dict[str, float]]) -> Plan:
    meant = tuple((rule, params(rule)) for rule in rules if rule.applies_to(device_class, duty))
    asked = [each for rule, values in meant for each in rule.asked(device_class, duty, values)]
    following = tuple(_following(asked))
    positions = {rule.id: n for n, (rule, _) in enumerate(meant)}
    slow, quick = _by_pace(meant)
    return Plan(
        rules=meant,
        windows=_windows(asked),
        id=_digest([device_class, duty, *_told(meant), *(each.key for each in following)]),
        following=following,
        where={_name(each.track, each.params): n for n, each in enumerate(following)},
        touches=_touches(device_class, following, quick),
        beats=_beats(following),
        always=_bits(n for n, expressions in quick.items() if any(each.timed for each in expressions)),
        silent=_bits(n for n, expressions in quick.items() if any(each.silent for each in expressions)),
        slow=slow,
        waits=_bits(range(len(meant))) & ~_bits(quick),
        positions=positions,
    )


def _windows(asked: Iterable[tuple[Expression, Params]]) -> dict[str, timedelta]:
    windows: dict[str, timedelta] = {}
    for expression, _ in asked:
        for point, length in expression.windows.items():
            windows[point] = max(length, windows.get(point, length))
    return windows


def _following(asked: Iterable[tuple[Expression, Params]]) -> Iterator[Following]:
    """Inner tracks before those that ask for them."""
    known: set[object] = set()
    for expression, params in asked:
        for track in expression.tracks:
            name = _name(track, params)
            if name not in known:
                known.add(name)
                yield _follow(track, params)


def _follow(track: Track, params: Params) -> Following:
    statistic = track.kind not in {"usual", "lag", "timer"}
    step = _step(track)
    return Following(
        track=track,
        key=_digest([track.text, *(repr(params.get(name)) for name in track.params)]),
        params=params,
        sample=sampler_of(track.term, track.condition),
        width=HOUR if track.kind == "usual" else _width(track) if statistic else 0.0,
        step=max(step, _QUICKEST_TICK) if track.ticking else step,
        layout=layout_of(track.kind, conditional=track.condition is not None) if statistic else None,
    )


def _width(track: Track) -> float:
    """Of a bucket, in whole seconds."""
    return float(-(-track.seconds // BUCKETS))


def _step(track: Track) -> float:
    match track.kind:
        case "usual":
            return ASK_AT_LEAST
        case "timer":
            return ASK_AGAIN
        case "lag":
            return min(max(track.seconds / _PARTS_OF_LAG, 1.0), ASK_AT_LEAST)
        case _:
            return min(max(_width(track) / _PARTS_OF_BUCKET, 1.0), ASK_AT_LEAST)


def _name(track: Track, params: Params) -> object:
    return (track.text, *(params.get(name) for name in track.params)) if track.params else track.text


def _conditions(rule: Rule) -> list[Expression]:
    """What decides the alarm."""
    mask = None if rule.unless is None else rule.unless.when
    return [each for each in (rule.when, rule.normal, mask) if each is not None]


def _by_pace(
    rules: Iterable[tuple[Rule, object]],
) -> tuple[tuple[tuple[float, int], ...], dict[int, list[Expression]]]:
    """Rules that are asked once in so many seconds, by those; and the conditions of all others."""
    slow: dict[float, int] = {}
    quick: dict[int, list[Expression]] = {}
    for n, (rule, _) in enumerate(rules):
        expressions = _conditions(rule)
        if any(each.slow for each in expressions):
            pace = _pace(rule, expressions)
            slow[pace] = slow.get(pace, 0) | 1 << n
        else:
            quick[n] = expressions
    return tuple(slow.items()), quick


def _pace(rule: Rule, expressions: Iterable[Expression]) -> float:
    """No oftener than its tracks are looked at, unless a short hold needs it; never so seldom that a hold breaks."""
    hold = rule.hold.total_seconds()
    steps = [_step(track) for each in expressions for track in each.tracks]
    needed = min(min(steps, default=ASK_AGAIN), hold / _SHORT_HOLD)
    return min(max(hold / _PARTS_OF_HOLD, needed, ASK_AGAIN), ASK_AT_LEAST)


def _touches(
    device_class: str, following: Iterable[Following], quick: Mapping[int, list[Expression]]
) -> dict[str, Touch]:
    known = DEVICE_CLASSES.get(device_class)
    at_once: dict[str, int] = {}
    later: dict[str, int] = {}
    for n, each in enumerate(following):
        for point in each.track.points:
            number = known is not None and point in known.points and known.points[point].type == "number"
            into = later if number else at_once
            into[point] = into.get(point, 0) | 1 << n
    rules: dict[str, int] = {}
    for n, expressions in quick.items():
        for point in {point for each in expressions for point in each.points}:
            rules[point] = rules.get(point, 0) | 1 << n
    return {
        point: Touch(at_once.get(point, 0), later.get(point, 0), rules.get(point, 0))
        for point in at_once.keys() | later.keys() | rules.keys()
    }


def _beats(following: Iterable[Following]) -> tuple[Beat, ...]:
    steps: dict[float, tuple[int, int]] = {}
    for n, each in enumerate(following):
        tracks, ticking = steps.get(each.step, (0, 0))
        always = each.track.ticking or each.track.kind == "usual"
        steps[each.step] = tracks | 1 << n, ticking | always << n
    return tuple(Beat(step, *bits) for step, bits in steps.items())


def _bits(positions: Iterable[int]) -> int:
    bits = 0
    for position in positions:
        bits |= 1 << position
    return bits


def _told(rules: Iterable[tuple[Rule, Params]]) -> Iterator[str]:
    for rule, params in rules:
        yield f"{rule.id} {rule.hold} {rule.normal_for} {sorted(params.items())}"
        yield from (expression.text for expression in _conditions(rule))


def _digest(texts: Iterable[str]) -> str:
    return blake2b("\n".join(texts).encode(), digest_size=8).hexdigest()
