"""What every poll looks up in a profile, worked out once: all devices of a kind share it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from edge_agent.core.profile import Point, Poll, Profile

IDENTITY = ("info.order_no", "info.sw_version", "info.device_id")
"""Points by which a device tells what it is."""

_MOST_PROFILES = 4096

WorkT = TypeVar("WorkT")


class OncePerProfile(Generic[WorkT]):
    """The same result for the same profile object: to compare two whole maps would cost more than most of the work.

    A profile is kept with what was worked out of it, so that no other takes its identity.
    """

    def __init__(self, work: Callable[[Profile], WorkT]) -> None:
        self._work = work
        self._known: dict[int, tuple[Profile, WorkT]] = {}

    def __call__(self, profile: Profile) -> WorkT:
        found = self._known.get(id(profile))
        if found is None:
            if len(self._known) >= _MOST_PROFILES:
                self.forget()
            found = self._known[id(profile)] = profile, self._work(profile)
        return found[1]

    def forget(self) -> None:
        self._known.clear()


@dataclass(slots=True, kw_only=True)
class Sheet:
    """`sources` are the points whose last value something else rests on, `identity` those by which the device tells
    what it is; `triggered` has what a flag makes due.

    `fastest` is the most frequent poll class that the profile has points of.
    """

    profile: Profile
    polls: frozenset[Poll]
    fastest: Poll
    sources: frozenset[str]
    identity: tuple[str, ...]
    triggered: Mapping[str, tuple[Point, ...]]
    dead_bands: Mapping[str, float]
    _of_polls: dict[frozenset[Poll], tuple[Point, ...]] = field(default_factory=dict)

    def points(self, polls: frozenset[Poll]) -> tuple[Point, ...]:
        """Those of these classes, in the order of the profile; always the same tuple."""
        known = self._of_polls.get(polls)
        if known is None:
            known = tuple(point for point in self.profile.points.values() if point.poll in polls)
            self._of_polls[polls] = known
        return known


@OncePerProfile
def sheet_of(profile: Profile) -> Sheet:
    points = profile.points.values()
    polls = frozenset(point.poll for point in points)
    return Sheet(
        profile=profile,
        polls=polls,
        fastest=next((poll for poll in (Poll.FAST, Poll.NORMAL, Poll.SLOW) if poll in polls), Poll.ONCE),
        sources=frozenset(_sources(profile)),
        identity=tuple(name for name in IDENTITY if name in profile.points),
        triggered={
            flag: tuple(point for point in points if point.when == flag)
            for flag in {point.when for point in points if point.when}
        },
        dead_bands={point.name: point.dead_band for point in points if point.dead_band},
    )


def _sources(profile: Profile) -> Iterable[str]:
    yield from (name for name in IDENTITY if name in profile.points)
    for rule in profile.derived.values():
        yield from rule.sources
    for point in profile.points.values():
        yield from point.bad_when
        yield from point.scale_from
        yield from (doubt.when.point for doubt in point.doubts)
        if point.when:
            yield point.when
