"""What judging one kind of device takes, worked out once: rules, what is followed, and what a point touches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from edge_agent.contract.catalogue import DEVICE_CLASSES
from rules.bits import bits_at
from rules.expression import Expression
from rules.pace import pace_of, step_of
from rules.signals import Following, Params, Signal, digest, name_of, signals_of
from rules.terms import Track, Ways, ways_to

if TYPE_CHECKING:
    from rules.model import Rule


_LAYOUT = "agenda and statistics"
"""What a memory holds of what is followed: one that was laid out otherwise is judged as by another plan."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What a point is asked for: bits of signals that are looked at at once, at their next step, and of rules."""

    at_once: int = 0
    later: int = 0
    rules: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """`signals` are looked at, if touched, when the clock enters another `step` of seconds."""

    step: float
    signals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rules` with their params, each after those that inhibit it; `windows`: how long which points are remembered.

    Sets of rules and signals are bits of an int, by position. `where` finds a track, and the signal it is of, by its
    name. Rules are asked when a point of theirs changed (`touches`), some at each telemetry (`always`),
    some once in so many seconds (`slow`, together `waits`), some when the line changes (`silent`), none that can never
    raise an alarm by the points that were ever told (`raising`: by which each can; `moving`: by which it can say
    anything at all). Another `id` judges otherwise.
    """

    rules: tuple[tuple[Rule, dict[str, float]], ...] = ()
    windows: dict[str, timedelta] = field(default_factory=dict)
    id: str = ""
    signals: tuple[Signal, ...] = ()
    where: Mapping[object, tuple[Following, Signal]] = field(default_factory=dict)
    touches: Mapping[str, Touch] = field(default_factory=dict)
    beats: tuple[Beat, ...] = ()
    always: int = 0
    silent: int = 0
    slow: tuple[tuple[float, int], ...] = ()
    waits: int = 0
    positions: Mapping[str, int] = field(default_factory=dict)
    raising: tuple[Ways, ...] = ()
    moving: tuple[Ways, ...] = ()

    def find(self, track: Track, params: Params) -> tuple[Following, Signal] | None:
        """For a rule with these params."""
        return self.where.get(name_of(track, params) if track.params else track.text)

    def idle(self, told: Mapping[str, object]) -> int:
        """Bits of the signals that need a point which is not among those told."""
        return bits_at(n for n, each in enumerate(self.signals) if not each.needs <= told.keys())

    def resting(self, told: Mapping[str, object]) -> int:
        """Bits of the rules that never raise an alarm without a point that is not among those told."""
        return _without_way(self.raising, told)

    def mute(self, told: Mapping[str, object]) -> int:
        """Bits of the rules whose alarms nothing moves, raised or not, without a point that is not among those told."""
        return _without_way(self.moving, told)


NOTHING_TO_JUDGE = Plan()


def plan_of(rules: Iterable[Rule], device_class: str, duty: str, params: Callable[[Rule], dict[str, float]]) -> Plan:
    meant = tuple((rule, params(rule)) for rule in rules if rule.applies_to(device_class, duty))
    asked = [each for rule, values in meant for each in rule.asked(device_class, duty, values)]
    signals = signals_of(asked)
    members = [(each, signal) for signal in signals for each in signal.members]
    positions = {rule.id: n for n, (rule, _) in enumerate(meant)}
    slow, quick = _by_pace(meant)
    return Plan(
        rules=meant,
        windows=_windows(asked),
        id=digest([_LAYOUT, device_class, duty, *_told(meant), *(each.key for each, _ in members)]),
        signals=signals,
        where={name_of(each.track, each.params): (each, signal) for each, signal in members},
        touches=_touches(device_class, signals, quick),
        beats=_beats(signals),
        always=bits_at(n for n, expressions in quick.items() if any(each.timed for each in expressions)),
        silent=bits_at(n for n, expressions in quick.items() if any(each.silent for each in expressions)),
        slow=slow,
        waits=bits_at(range(len(meant))) & ~bits_at(quick),
        positions=positions,
        raising=tuple(ways_to(True, rule.when.term) for rule, _ in meant),
        moving=tuple(_ways_to_move(rule) for rule, _ in meant),
    )


def _windows(asked: Iterable[tuple[Expression, Params]]) -> dict[str, timedelta]:
    windows: dict[str, timedelta] = {}
    for expression, _ in asked:
        for point, length in expression.windows.items():
            windows[point] = max(length, windows.get(point, length))
    return windows


def _conditions(rule: Rule) -> list[Expression]:
    """What decides the alarm."""
    mask = None if rule.unless is None else rule.unless.when
    return [each for each in (rule.when, rule.normal, mask) if each is not None]


def _ways_to_move(rule: Rule) -> Ways:
    """By which the condition or the return can be known, or the mask be true."""
    ways = Ways() if rule.unless is None else ways_to(True, rule.unless.when.term)
    for each in (rule.when, rule.normal):
        if each is not None:
            ways |= ways_to(True, each.term) | ways_to(False, each.term)
    return ways


def _by_pace(
    rules: Iterable[tuple[Rule, object]],
) -> tuple[tuple[tuple[float, int], ...], dict[int, list[Expression]]]:
    """Rules that are asked once in so many seconds, by those; and the conditions of all others."""
    slow: dict[float, int] = {}
    quick: dict[int, list[Expression]] = {}
    for n, (rule, _) in enumerate(rules):
        expressions = _conditions(rule)
        if any(each.slow for each in expressions):
            steps = [step_of(track) for each in expressions for track in each.tracks]
            pace = pace_of(rule.hold.total_seconds(), steps)
            slow[pace] = slow.get(pace, 0) | 1 << n
        else:
            quick[n] = expressions
    return tuple(slow.items()), quick


def _touches(device_class: str, signals: Iterable[Signal], quick: Mapping[int, list[Expression]]) -> dict[str, Touch]:
    known = DEVICE_CLASSES.get(device_class)
    at_once: dict[str, int] = {}
    later: dict[str, int] = {}
    for n, each in enumerate(signals):
        for point in each.points:
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


def _beats(signals: Iterable[Signal]) -> tuple[Beat, ...]:
    steps: dict[float, int] = {}
    for n, each in enumerate(signals):
        steps[each.step] = steps.get(each.step, 0) | 1 << n
    return tuple(Beat(step, bits) for step, bits in steps.items())


def _without_way(rules: Iterable[Ways], told: Mapping[str, object]) -> int:
    return bits_at(n for n, ways in enumerate(rules) if not any(way <= told.keys() for way in ways))


def _told(rules: Iterable[tuple[Rule, Params]]) -> Iterator[str]:
    for rule, params in rules:
        yield f"{rule.id} {rule.hold} {rule.normal_for} {sorted(params.items())}"
        yield from (expression.text for expression in _conditions(rule))
