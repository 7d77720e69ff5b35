"""One device asked once: its plan carried out on the line, and what its refusals teach."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.contract.readings import Quality
from edge_agent.core.decode import Raw
from edge_agent.core.plan import Learned, ReadRequest, learn, plan
from edge_agent.core.profile import Point
from edge_agent.drivers.base import Line, NoAnswer, Refused
from edge_agent.settings import SiteDevice

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Answers:
    """What became of each point asked. `heard` says whether the device gave any sign of life."""

    learned: Learned
    raw: dict[str, Raw] = field(default_factory=dict)
    heard: bool = False
    requests: int = 0
    no_answers: int = 0
    refusals: int = 0

    @property
    def lost(self) -> frozenset[str]:
        """The points of which nothing is known because no answer came."""
        return frozenset(name for name, raw in self.raw.items() if raw is Quality.NO_ANSWER)


async def ask(line: Line, device: SiteDevice, points: Iterable[Point], learned: Learned) -> Answers:
    """Asks until all is answered or the device stops answering: then it is left alone. Raises BusDown."""
    wanted = tuple(points)
    answers = Answers(learned=learned)
    open_requests = list(reversed(plan(wanted, device.profile.limits, learned)))
    answers.heard = not open_requests
    while open_requests:
        request = open_requests.pop()
        answers.requests += 1
        try:
            words = await line.read(device.unit, request, device.profile.answer_within, device.profile.gap)
        except Refused as refusal:
            answers.heard = True
            answers.refusals += 1
            open_requests += reversed(_after_refusal(answers, device, request, refusal))
        except NoAnswer:
            answers.no_answers += 1
            break
        else:
            answers.heard = True
            answers.raw |= {point.name: request.words_of(point, words) for point in request.points}
    for point in wanted:
        refused = point.name in answers.learned.refused
        answers.raw.setdefault(point.name, Quality.REFUSED if refused else Quality.NO_ANSWER)
    return answers


def _after_refusal(
    answers: Answers, device: SiteDevice, request: ReadRequest, refusal: Refused
) -> tuple[ReadRequest, ...]:
    """The parts of a refused block; a point that is refused by itself is not asked again before a restart."""
    if not refusal.absent:
        answers.raw |= {point.name: Quality.REFUSED for point in request.points}
        return ()
    before = answers.learned.refused
    answers.learned = learn(answers.learned, request)
    for name in sorted(answers.learned.refused - before):
        log.warning("point is refused and not asked again device=%s point=%s reason=%s", device.id, name, refusal)
    return plan(request.points, device.profile.limits, answers.learned)
