"""One device asked once: its plan carried out on the line, and what its refusals teach."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

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
from edge_agent.core.profile import Point, Profile
from edge_agent.drivers.base import Line, NoAnswer, Refused
from edge_agent.settings import SiteDevice

log = logging.getLogger(__name__)

MOST_PLANS = 4096
_plans: dict[tuple[int, tuple[str, ...], Learned, Cost], tuple[Profile, tuple[ReadRequest, ...]]] = {}
"""What was planned before, by the identity of the profile (kept, so that nothing else takes it) and the points: a plan
costs a hundred times what its poll does, and all devices of a kind share it."""

Stamp = tuple[datetime, float]
"""An instant, and the same on the monotonic clock in seconds, both of store time."""


@dataclass(slots=True, kw_only=True)
class Answers:
    """What became of each point asked. `heard` says whether the device gave any sign of life.

    `read_at` says when each point was answered, where a clock was given.
    """

    learned: Learned
    raw: dict[str, Raw] = field(default_factory=dict)
    read_at: dict[str, Stamp] = field(default_factory=dict)
    heard: bool = False
    requests: int = 0
    no_answers: int = 0
    refusals: int = 0

    @property
    def lost(self) -> frozenset[str]:
        """The points of which nothing is known because no answer came."""
        return frozenset(name for name, raw in self.raw.items() if raw is Quality.NO_ANSWER)


async def ask(
    line: Line,
    device: SiteDevice,
    points: Iterable[Point],
    learned: Learned = NOTHING_LEARNED,
    cost: Cost = AT_9600,
    clock: Callable[[], Stamp] | None = None,
) -> Answers:
    """Asks until all is answered or the device stops answering: then it is left alone. Raises BusDown."""
    wanted = tuple(points)
    requests = _planned(device.profile, wanted, learned, cost)
    answers = Answers(learned=learned, heard=not requests)
    try:
        for request in requests:
            await _ask_whole(line, device, request, answers, clock)
    except NoAnswer:
        answers.no_answers += 1
    for point in wanted:
        refused = point.name in answers.learned.refused
        answers.raw.setdefault(point.name, Quality.REFUSED if refused else Quality.NO_ANSWER)
    return answers


def _planned(profile: Profile, wanted: tuple[Point, ...], learned: Learned, cost: Cost) -> tuple[ReadRequest, ...]:
    key = (id(profile), tuple(point.name for point in wanted), learned, cost)
    if (known := _plans.get(key)) is not None:
        return known[1]
    if len(_plans) >= MOST_PLANS:
        _plans.clear()
    requests = plan(wanted, profile.limits, learned, cost, profile.points.values())
    _plans[key] = (profile, requests)
    return requests


async def _ask_whole(
    line: Line, device: SiteDevice, request: ReadRequest, answers: Answers, clock: Callable[[], Stamp] | None
) -> bool:
    """Whether the block was read, at once or in parts. A refused block is halved until the refused place is found.

    Where neither half holds a refused place, what is refused lies where they meet: they are not asked together again.
    """
    answers.requests += 1
    try:
        words = await line.read(device.unit, request, device.profile.answer_within, device.profile.gap)
    except Refused as refusal:
        answers.heard = True
        answers.refusals += 1
        if not refusal.absent:
            answers.raw |= {point.name: Quality.REFUSED for point in request.points}
            return False
        if len(request.places) == 1:
            answers.learned = learn_absent(answers.learned, request)
            return False
    else:
        _take(request, words, device, answers, clock)
        return True
    low, high = halves(request)
    low_read = await _ask_whole(line, device, low, answers, clock)
    high_read = await _ask_whole(line, device, high, answers, clock)
    if low_read and high_read:
        answers.learned = learn_cut(answers.learned, request.table, high.start)
    return low_read and high_read


def _take(
    request: ReadRequest,
    words: tuple[int, ...],
    device: SiteDevice,
    answers: Answers,
    clock: Callable[[], Stamp] | None,
) -> None:
    answers.heard = True
    answers.raw |= {point.name: request.words_of(point, words) for point in request.points}
    if device.profile.limits.zero_fill and len(request.places) == 1:
        answers.learned = learn_proven(answers.learned, request)
    if clock:
        answers.read_at |= dict.fromkeys((point.name for point in request.points), clock())
