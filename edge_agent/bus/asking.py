"""One device asked: its plan carried out on the line, at once or in portions, and what its refusals teach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from edge_agent.contract.readings import Quality
from edge_agent.core.cost import AT_9600, Cost
from edge_agent.core.decode import Raw
from edge_agent.core.plan import (
    NOTHING_LEARNED,
    Learned,
    ReadRequest,
    halves,
    learn_absent,
    learn_cut,
    learn_proven,
    plan,
)
from edge_agent.core.profile import Point, Profile, Table
from edge_agent.drivers.base import Line, NoAnswer, Refused
from edge_agent.settings import SiteDevice

MOST_PLANS = 4096
_plans: dict[tuple[int, tuple[str, ...], Learned, Cost], tuple[Profile, Planned]] = {}
"""What was planned before, by the identity of the profile (kept, so that nothing else takes it) and the points: a plan
costs a hundred times what its poll does, and all devices of a kind share it."""

_at_hand: dict[tuple[int, ...], tuple[object, Planned]] = {}
"""The same by the identity of all that it was made of, which is kept with it: at most polls nothing is another."""

Stamp = tuple[datetime, float]
"""An instant, and the same on the monotonic clock in seconds, both of store time."""


class Planned(NamedTuple):
    """The points asked for, and the requests that ask all of them that the device has."""

    names: tuple[str, ...]
    requests: tuple[ReadRequest, ...]


@dataclass(slots=True, kw_only=True)
class Answers:
    """What became of each point asked, so far. `heard` says whether the device gave any sign of life.

    `read_at` says when each point was answered, where a clock was given. `lost` are the points of which nothing is
    known because no answer came.
    """

    learned: Learned
    raw: dict[str, Raw] = field(default_factory=dict)
    read_at: dict[str, Stamp] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    heard: bool = False
    requests: int = 0
    no_answers: int = 0
    refusals: int = 0


@dataclass(slots=True)
class _Halved:
    """A refused block, asked in two. Where neither half holds a refused place, what is refused lies where they meet:
    they are not asked together again."""

    table: Table
    middle: int
    whole: _Halved | None
    unknown: int = 2
    read: int = 0


@dataclass(slots=True)
class Asking:
    """What is still to be asked of one device, the next at the end; `wanted` are all points that it is or was about."""

    wanted: dict[str, None] = field(default_factory=dict)
    _left: list[tuple[ReadRequest, _Halved | None]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return not self._left

    @property
    def open(self) -> frozenset[str]:
        """The points that are still to be asked."""
        return frozenset(name for request, _ in self._left for name in request.names)

    def want(self, device: SiteDevice, points: tuple[Point, ...], learned: Learned, cost: Cost) -> None:
        """To be asked before all that is left."""
        planned = _planned(device.profile, points, learned, cost)
        self.wanted |= dict.fromkeys(planned.names)
        self._left += [(request, None) for request in reversed(planned.requests)]

    async def go_on(
        self,
        line: Line,
        device: SiteDevice,
        answers: Answers,
        clock: Callable[[], Stamp] | None = None,
        until: float = float("inf"),
    ) -> None:
        """Asks until all is answered, the device stops answering, or it is `until` (loop's time): one request at least.

        A device that stops answering is left alone, and nothing is left to ask. Raises BusDown.
        """
        asked, now = 0, asyncio.get_running_loop().time
        while self._left and not (asked and now() >= until):
            asked += 1
            request, whole = self._left.pop()
            try:
                await self._ask(line, device, request, whole, answers, clock)
            except NoAnswer:
                answers.no_answers += 1
                answers.lost |= self.open.union(request.names)
                answers.raw |= dict.fromkeys(answers.lost, Quality.NO_ANSWER)
                self._left.clear()

    async def _ask(
        self,
        line: Line,
        device: SiteDevice,
        request: ReadRequest,
        whole: _Halved | None,
        answers: Answers,
        clock: Callable[[], Stamp] | None,
    ) -> None:
        answers.requests += 1
        try:
            words = await line.read(device.unit, request, device.profile.answer_within, device.profile.gap)
        except Refused as refusal:
            answers.heard = True
            answers.refusals += 1
            if refusal.absent and len(request.places) > 1:
                low, high = halves(request)
                halved = _Halved(request.table, high.start, whole)
                self._left += [(high, halved), (low, halved)]
                return
            if refusal.absent:
                answers.learned = learn_absent(answers.learned, request)
            answers.raw |= dict.fromkeys(request.names, Quality.REFUSED)
            _conclude(whole, answers, read=False)
        else:
            _take(request, words, device, answers, clock)
            _conclude(whole, answers, read=True)


def _conclude(whole: _Halved | None, answers: Answers, *, read: bool) -> None:
    """Of half a block is known whether it could be read at once: perhaps, so it is of what it was half of."""
    while whole is not None:
        whole.unknown -= 1
        whole.read += read
        if whole.unknown:
            return
        if read := whole.read == 2:
            answers.learned = learn_cut(answers.learned, whole.table, whole.middle)
        whole = whole.whole


async def ask(
    line: Line,
    device: SiteDevice,
    points: Iterable[Point],
    learned: Learned = NOTHING_LEARNED,
    cost: Cost = AT_9600,
    clock: Callable[[], Stamp] | None = None,
) -> Answers:
    """Asks until all is answered or the device stops answering: then it is left alone. Raises BusDown."""
    asking, wanted = Asking(), tuple(points)
    asking.want(device, wanted, learned, cost)
    answers = Answers(learned=learned, heard=asking.done)
    await asking.go_on(line, device, answers, clock)
    if len(answers.raw) < len(wanted):
        answers.raw = {**dict.fromkeys(asking.wanted, Quality.REFUSED), **answers.raw}
    return answers


def _planned(profile: Profile, wanted: tuple[Point, ...], learned: Learned, cost: Cost) -> Planned:
    key = (id(profile), id(wanted), id(learned), id(cost))
    if (known := _at_hand.get(key)) is not None:
        return known[1]
    if len(_at_hand) >= MOST_PLANS:
        _at_hand.clear()
    planned = _planned_alike(profile, wanted, learned, cost)
    _at_hand[key] = ((profile, wanted, learned, cost), planned)
    return planned


def _planned_alike(profile: Profile, wanted: tuple[Point, ...], learned: Learned, cost: Cost) -> Planned:
    names = tuple(point.name for point in wanted)
    key = (id(profile), names, learned, cost)
    if (known := _plans.get(key)) is not None:
        return known[1]
    if len(_plans) >= MOST_PLANS:
        _plans.clear()
    planned = Planned(names, plan(wanted, profile.limits, learned, cost, profile.points.values()))
    _plans[key] = (profile, planned)
    return planned


def _take(
    request: ReadRequest,
    words: tuple[int, ...],
    device: SiteDevice,
    answers: Answers,
    clock: Callable[[], Stamp] | None,
) -> None:
    answers.heard = True
    answers.raw |= request.words_by_name(words)
    if device.profile.limits.zero_fill and len(request.places) == 1:
        answers.learned = learn_proven(answers.learned, request)
    if clock:
        answers.read_at |= dict.fromkeys(request.names, clock())
