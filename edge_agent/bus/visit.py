"""One device visited in its turn: what is due of it is asked, as far as its share of the line goes, and decoded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.bus.asking import Answers, Asking, Stamp
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.watch import Errand, Watch, nothing_of
from edge_agent.contract.readings import Quality, Reading
from edge_agent.core.agenda import PROBE_SHARE, Periods, answered, cut_off, heard, missed
from edge_agent.core.cost import Cost
from edge_agent.core.decode import decode
from edge_agent.core.health import LineAccount, Tally
from edge_agent.core.plan import NOTHING_LEARNED
from edge_agent.core.profile import Profile
from edge_agent.drivers.base import Line
from edge_agent.settings import SiteDevice

log = logging.getLogger(__name__)

VISIT_S = 0.5
"""Wall time after which a visit begins no further request: the rest is asked when the neighbours had their turn."""

SLOW_S = 0.25
"""Turnaround (wall) beyond which a device takes more of the line than its share, and lets its neighbours go first."""

SLOW_SHARE = 0.05
"""Of the line's time, which slow devices get even while their neighbours are waiting."""

UNKNOWN_SHARE = 0.2
"""Of the line's time, for finding out which devices are there at all while those that are there are waiting."""

LONGEST_PAUSE_S = 2.0
"""Wall time between two attempts on a line on which somebody babbles: it may have ended."""

ONE_STAMP_S = 0.5
"""Store time within which the readings of a device are told as of one instant."""

Found = list[tuple[Stamp, tuple[Reading, ...]]]


@dataclass(slots=True, kw_only=True)
class Visits:
    """To the devices of one bus. `…_again_at` (loop's time) are when the line can afford another device that does not
    answer, that has never answered, or that is slow; `clock` is that of readings."""

    bus: str
    line: Line
    account: LineAccount
    notebook: Notebook
    cost: Callable[[SiteDevice], Cost]
    clock: Callable[[], Stamp] | None
    tally: Tally
    periods: Periods
    in_vain_again_at: float = float("-inf")
    unknown_again_at: float = float("-inf")
    slow_again_at: float = float("-inf")

    @property
    def babbling(self) -> bool:
        return self.account.listening.babble.babbling

    def must_wait(self, watch: Watch, mono: float, neighbours: Iterable[Watch]) -> bool:
        """Whether asking it now would keep its neighbours waiting for more than its share of the line."""
        now, known = asyncio.get_running_loop().time(), self._is_known(watch)
        in_vain = watch.agenda.suspect or (watch.agenda.unanswered > 0 and not known)
        if in_vain or (self.babbling and watch.agenda.silent):
            return now < self.in_vain_again_at
        if not known:
            return now < self.unknown_again_at and self._are_waiting(neighbours, mono)
        if not self._is_slow(watch) or now >= self.slow_again_at:
            return False
        return self._are_waiting(neighbours, mono + self.account.unit(watch.device.unit).turnaround.longest)

    def _are_waiting(self, neighbours: Iterable[Watch], by: float) -> bool:
        """Whether one that can be relied upon is due by then (store time)."""
        return any(
            one.agenda.next_at <= by
            for one in neighbours
            if self._is_known(one) and not one.agenda.suspect and not self._is_slow(one)
        )

    def _is_known(self, watch: Watch) -> bool:
        return self.account.unit(watch.device.unit).turnaround.seen > 0

    def _is_slow(self, watch: Watch) -> bool:
        return self.account.unit(watch.device.unit).turnaround.mean > SLOW_S

    async def visit(self, watch: Watch, began: Stamp) -> Found:
        """Readings of what could be asked of all that was due; of everything when it is silent. Raises BusDown."""
        now, mono = asyncio.get_running_loop().time(), began[1]
        watch.visited_at = now
        if watch.agenda.silent:
            probe = Asking()
            probe.want(watch.device, (watch.probe_point(),), watch.learned, self.cost(watch.device))
            if not (await self._ask(watch, probe)).heard:
                return self._note_missed(watch, began)
            watch.begin_anew(mono)
            log.info("device answers again device=%s bus=%s", watch.device.id, self.bus)
        errand, until = self._errand(watch, mono), now + VISIT_S
        answers = await self._ask(watch, errand.asking, until)
        readings = self._read(watch, errand, answers)
        if answers.heard and (triggered := watch.triggered(readings, errand.asking.wanted)):
            errand.asking.want(watch.device, tuple(triggered), watch.learned, self.cost(watch.device))
            await self._ask(watch, errand.asking, until, answers)
            readings = self._read(watch, errand, answers)
        if not answers.heard:
            return self._note_missed(watch, began, readings)
        self._conclude(watch, errand, answers, began)
        watch.remember(readings)
        await self._keep_learned(watch)
        return list(_by_instant(readings, answers.read_at, self.now(began)))

    def now(self, began: Stamp) -> Stamp:
        return self.clock() if self.clock else began

    def _errand(self, watch: Watch, mono: float) -> Errand:
        """The one that is under way, and what has fallen due meanwhile ahead of it; what it refused comes last."""
        errand, polls, cost = watch.errand, watch.agenda.due(mono), self.cost(watch.device)
        if errand is None:
            errand = watch.errand = Errand()
            if doubts := watch.to_doubt(mono):
                anew = replace(watch.learned, refused=frozenset())
                errand.asking.want(watch.device, tuple(doubts), anew, cost)
                errand.doubts = True
        if new := polls - errand.polls:
            points = watch.points(new)
            if not errand.asking.done:
                already = errand.asking.open
                points = tuple(point for point in points if point.name not in already)
            errand.asking.want(watch.device, points, watch.learned, cost)
            errand.polls |= new
        return errand

    def _read(self, watch: Watch, errand: Errand, answers: Answers) -> tuple[Reading, ...]:
        """Of what is known, but for what rests on points that are still to be asked: that is told with them."""
        profile, asking = watch.device.profile, errand.asking
        if errand.doubts:
            self._believe(watch, answers)
        raw = answers.raw
        if errand.held:
            raw, answers.read_at = {**errand.held, **raw}, {**errand.held_at, **answers.read_at}
            errand.held = {}
        if asking.done:
            if len(asking.wanted) > len(raw):
                raw = {**dict.fromkeys(watch.learned.refused & asking.wanted.keys(), Quality.REFUSED), **raw}
        else:
            still_open = asking.open
            errand.held = {name: one for name, one in raw.items() if _waits_for(profile, name, still_open)}
            raw = {name: one for name, one in raw.items() if name not in errand.held}
        answers.raw = raw
        return decode(profile, raw, watch.known)

    async def _ask(
        self, watch: Watch, asking: Asking, until: float = float("inf"), answers: Answers | None = None
    ) -> Answers:
        """What it costs to be left without an answer, or to wait for it long, is noted: the next such device waits
        until that was its share of the line."""
        loop, device = asyncio.get_running_loop(), watch.device
        asked_at = loop.time()
        so_far = answers or Answers(learned=watch.learned, heard=asking.done)
        before = (so_far.requests, so_far.no_answers, so_far.refusals)
        await asking.go_on(self.line, device, so_far, self.clock, until)
        watch.learned = so_far.learned
        requests, no_answers, refusals = so_far.requests, so_far.no_answers, so_far.refusals
        self.tally.note_asked(requests - before[0], no_answers - before[1], refusals - before[2])
        now = loop.time()
        if not so_far.heard:
            pause = (now - asked_at) / PROBE_SHARE
            self.in_vain_again_at = now + (min(pause, LONGEST_PAUSE_S) if self.babbling else pause)
            self.unknown_again_at = now + (now - asked_at) / UNKNOWN_SHARE
        elif self.babbling:
            self.in_vain_again_at = float("-inf")
        if self._is_slow(watch):
            self.slow_again_at = now + (now - asked_at) / SLOW_SHARE
        return so_far

    def _note_missed(self, watch: Watch, began: Stamp, readings: tuple[Reading, ...] = ()) -> Found:
        """On a line on which somebody babbles it is no fault of the device, and it is tried again soon."""
        was_silent, now = watch.agenda.silent, self.now(began)
        polls = frozenset() if was_silent or watch.errand is None else watch.errand.polls
        watch.errand = None
        if self.babbling:
            watch.agenda = cut_off(watch.agenda, began[1])
        else:
            watch.agenda = missed(watch.agenda, polls, self.periods, began[1])
        if not watch.agenda.silent:
            watch.remember(readings)
            return [(now, readings)]
        if not was_silent:
            log.warning("device does not answer device=%s bus=%s", watch.device.id, self.bus)
            watch.known.clear()
        return [(now, nothing_of(watch, Quality.NO_ANSWER))]

    def _conclude(self, watch: Watch, errand: Errand, answers: Answers, began: Stamp) -> None:
        """A class of which nothing is left to ask has had its poll; the others remain due."""
        points, polls = watch.device.profile.points, errand.polls
        if not errand.asking.done:
            still_open = errand.asking.open - watch.learned.refused
            polls -= {points[name].poll for name in still_open}
            errand.held_at = {name: at for name, at in answers.read_at.items() if name in errand.held}
        if polls:
            lost = answers.lost - watch.learned.refused if answers.lost else answers.lost
            incomplete = frozenset(points[name].poll for name in lost) & polls if lost else frozenset()
            watch.agenda = answered(watch.agenda, polls, self.periods, began[1], incomplete)
            watch.note_polled(polls, self.now(began)[1])
        else:
            watch.agenda = heard(watch.agenda)
        errand.polls -= polls
        if errand.asking.done:
            watch.errand = None

    def _believe(self, watch: Watch, answers: Answers) -> None:
        """What was refused once and answers now is a point like any other; what got no answer stays refused."""
        read = frozenset(name for name, raw in answers.raw.items() if not isinstance(raw, Quality))
        watch.learned = answers.learned = replace(answers.learned, refused=answers.learned.refused - read)
        in_vain = answers.lost & watch.learned.refused
        answers.raw = {name: raw for name, raw in answers.raw.items() if name not in in_vain}

    async def _keep_learned(self, watch: Watch) -> None:
        """Says once what a device does not have, keeps it, and forgets it all when another device stands there."""
        firmware = watch.firmware()
        if watch.has_kept(firmware):
            return
        known = self.notebook.recall(watch.device)
        if self.notebook.recall(watch.device, firmware) != known:
            log.info("device has been exchanged or updated device=%s firmware=%s", watch.device.id, firmware)
            watch.learned, watch.errand = NOTHING_LEARNED, None
        for name in sorted(watch.learned.refused - known.refused):
            log.warning("point is refused and asked ever more seldom device=%s point=%s", watch.device.id, name)
            watch.doubt_at = None
        for name in sorted(known.refused - watch.learned.refused):
            log.info("point is asked again device=%s point=%s", watch.device.id, name)
        await self.notebook.keep(watch.device, watch.learned, firmware)
        watch.kept = watch.device, watch.learned, firmware


def _waits_for(profile: Profile, name: str, still_open: frozenset[str]) -> bool:
    """Whether its value, or that of a flag made of it, rests on one of those points."""
    point = profile.points[name]
    rests = {*point.bad_when, *point.scale_from, *(doubt.when.point for doubt in point.doubts)}
    rests.update(*(rule.sources for rule in profile.derived.values() if name in rule.sources))
    return not rests.isdisjoint(still_open)


def _by_instant(
    readings: Sequence[Reading], read_at: Mapping[str, Stamp], otherwise: Stamp
) -> Iterator[tuple[Stamp, tuple[Reading, ...]]]:
    """The readings in their order, cut where more than half a second lies between; what was derived goes with its
    neighbours, and what was not read is of the end of the visit."""
    if not read_at or otherwise[1] - next(iter(read_at.values()))[1] <= ONE_STAMP_S:
        yield read_at.get(readings[0].point, otherwise) if readings else otherwise, tuple(readings)
        return
    group: list[Reading] = []
    stamp = otherwise
    for reading in readings:
        at = read_at.get(reading.point, stamp if group else otherwise)
        if group and abs(at[1] - stamp[1]) > ONE_STAMP_S:
            yield stamp, tuple(group)
            group = []
        if not group:
            stamp = at
        group.append(reading)
    if group:
        yield stamp, tuple(group)
