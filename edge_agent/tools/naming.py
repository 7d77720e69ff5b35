"""Which profile does a controller fit? Its fingerprint decides, or else how much of the map it answers sensibly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.contract.readings import Quality
from edge_agent.core.decode import value_of
from edge_agent.core.fingerprint import Fingerprint
from edge_agent.core.profile import Point, Profile, Table, WordType

Question = tuple[Table, int, int]
"""Table, first address, count: asked once, however many profiles have an interest in it."""

Reply = tuple[int, ...] | None
"""The words; None for what the controller refuses or does not answer."""

FIRST_LOOK = 6
CLOSE = 0.75
MOST_LOOKED_AT = 4

_SENSIBLE, _ZERO, _FAULT, _SENSELESS = 1.0, 0.3, 0.5, -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How a controller fits one profile: `fits` of `asked` points answer as they should. `fingerprint` is True where a
    mark that no other model has was seen, False where a mark was contradicted, None where nothing decides."""

    profile: Profile
    score: float
    fits: int
    asked: int
    fingerprint: bool | None = None


def question_of(point: Point) -> Question:
    return point.address.table, point.address.number, point.type.words


def first_look(profiles: Iterable[Profile]) -> tuple[Question, ...]:
    """A few telling questions for each profile: numbers before flags, because a flag fits nearly everything."""
    profiles = tuple(profiles)
    wanted = [question_of(point) for profile in profiles for point in _telling(profile)[:FIRST_LOOK]]
    marks = [question_of(mark.point) for profile in profiles for mark in profile.fingerprints]
    return tuple(dict.fromkeys((*marks, *wanted)))


def second_look(ranked: Sequence[Likeness]) -> tuple[Question, ...]:
    """All points of the profiles that are still in the running."""
    if not ranked:
        return ()
    running = [one for one in ranked if one.score > 0 and one.score >= CLOSE * ranked[0].score][:MOST_LOOKED_AT]
    return tuple(dict.fromkeys(question_of(point) for one in running for point in one.profile.points.values()))


def rank(profiles: Iterable[Profile], replies: Mapping[Question, Reply]) -> tuple[Likeness, ...]:
    """Profiles that the replies speak for, best first; those whose fingerprint is contradicted are left out.

    Of those that come close to the best one, a map that everything fits goes before one that something contradicts: a
    controller at rest says zero of most points, which speaks for no map, and a large map has many of them.
    """
    judged = (likeness(profile, replies) for profile in profiles)
    kept = [one for one in judged if one.score > 0 and one.fits > 0 and one.fingerprint is not False]
    close = CLOSE * max((one.score for one in kept), default=0.0)

    def order(one: Likeness) -> tuple[bool, bool, float, int, str]:
        contradicted = _misfits(one) > 0 or one.score < close
        return one.fingerprint is not True, contradicted, -one.score, -one.fits, one.profile.id

    return tuple(sorted(kept, key=order))


def best_of(ranked: Sequence[Likeness]) -> tuple[Likeness, ...]:
    """The first, and what fits no worse: only a person, or a reading of the label, can tell those apart."""
    best = ranked[:1]
    return tuple(
        one for one in ranked for first in best if _misfits(one) <= _misfits(first) and one.score >= CLOSE * first.score
    )


def _misfits(one: Likeness) -> int:
    return one.asked - one.fits


def likeness(profile: Profile, replies: Mapping[Question, Reply]) -> Likeness:
    """The share of the asked points that fit, each weighed by how telling its answer is: from -1 to 1."""
    asked = [point for point in profile.points.values() if question_of(point) in replies]
    weights = [_weight(point, replies[question_of(point)]) for point in asked]
    return Likeness(
        profile=profile,
        score=sum(weights) / len(weights) if weights else 0.0,
        fits=sum(weight > 0 for weight in weights),
        asked=len(asked),
        fingerprint=fingerprint_seen(profile, replies),
    )


def fingerprint_seen(profile: Profile, replies: Mapping[Question, Reply]) -> bool | None:
    marks = [mark for mark in profile.fingerprints if question_of(mark.point) in replies]
    if not all(_bears(mark, replies[question_of(mark.point)]) for mark in marks):
        return False
    return True if any(mark.decisive for mark in marks) else None


def _bears(mark: Fingerprint, reply: Reply) -> bool:
    return reply is not None and mark.fits(value_of(mark.point, reply).value)


def _telling(profile: Profile) -> list[Point]:
    return sorted(profile.points.values(), key=lambda point: (point.type is WordType.FLAG, point.low is None))


def _weight(point: Point, reply: Reply) -> float:
    if reply is None:
        return _SENSELESS
    reading = value_of(point, reply)
    if reading.quality is Quality.PROBE_FAULT:
        return _FAULT
    if reading.value is None or str(reading.value).startswith("other("):
        return _SENSELESS
    return _SENSIBLE if any(reply) else _ZERO
