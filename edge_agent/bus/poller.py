"""One turn on one bus: what is due is asked, decoded, and reported on change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from edge_agent.bus.asking import Answers, Stamp, ask
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.watch import Watch, add, nothing_of, polls_of
from edge_agent.contract.readings import BusHealth, Quality, Reading, Telemetry
from edge_agent.core.agenda import PROBE_SHARE, Periods, answered, begin, cut_off, hastened, missed
from edge_agent.core.cost import AT_9600, Cost, rtu_cost, tcp_cost
from edge_agent.core.decode import decode
from edge_agent.core.health import LineAccount, LineShare
from edge_agent.core.plan import NOTHING_LEARNED
from edge_agent.core.profile import Point, Poll
from edge_agent.core.report import report
from edge_agent.drivers.base import BusDown, Line
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Bus, Site, SiteDevice, TcpBus
from edge_agent.site.change import asked_alike

log = logging.getLogger(__name__)

TURN_BUDGET_S = 0.5
"""Wall time after which a turn begins no further device, so that what it brought is kept and sent without delay."""

ONE_STAMP_S = 0.5
"""Store time within which the readings of a device are told as of one instant."""

Found = list[tuple[Stamp, tuple[Reading, ...]]]


class Poller:
    """The devices of one bus. `periods` and `at_least_every` are store time; `boot` names this run of the agent.

    `clock` tells when a reading is taken; without it, all readings of a turn are of its beginning.
    """

    def __init__(  # noqa: PLR0913 — all by name, and most of them only with a reason
        self,
        *,
        bus: str,
        line: Line,
        devices: Sequence[SiteDevice],
        periods: Periods,
        at_least_every: timedelta,
        boot: str,
        clock_trusted: Callable[[], bool] = lambda: True,
        clock: Callable[[], Stamp] | None = None,
        account: LineAccount | None = None,
        notebook: Notebook | None = None,
        cost: Callable[[SiteDevice], Cost] = lambda _: AT_9600,
    ) -> None:
        self._bus = bus
        self._line = line
        self._periods = periods
        self._at_least_every = at_least_every
        self._boot = boot
        self._clock_trusted = clock_trusted
        self._clock = clock
        self._account = account or LineAccount()
        self._notebook = notebook or Notebook()
        self._cost = cost
        self._watches = [self._begin(device) for device in devices]
        self._up: bool | None = None
        self._share = LineShare()
        self._probe_not_before = float("-inf")
        self._held_back: set[str] = set()
        self._health = BusHealth(bus=bus, up=False, turns=0, requests=0, no_answers=0, refusals=0, cycle_s=0.0)

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:
        """What is due at `mono` (seconds of store time), the earliest deadline first; never raises for the line."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        found: dict[str, Found] = {}
        self._held_back.clear()
        for watch in self._due(mono):
            if loop.time() - began > TURN_BUDGET_S:
                break
            if watch.agenda.suspect and loop.time() < self._probe_not_before:
                self._held_back.add(watch.device.id)
                continue
            try:
                found[watch.device.id] = await self._visit(watch, (at, mono))
            except BusDown as reason:
                found |= self._lose_bus(found, (at, mono), reason)
                break
        if found and self.next_due_in(mono) > 0:
            await self._let_go()
        now = loop.time()
        share = round(self._share.look(now, self._account.busy_s), 3)
        self._health = replace(self._health, turns=self._health.turns + 1, cycle_s=now - began, line_share=share)
        return self._worth_sending(found)

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None:
        """Called between two turns: from now on these devices, in this rhythm; those that stay are not asked anew."""
        known = {watch.device.id: watch for watch in self._watches}
        self._watches = [self._continued(known.get(device.id), device) for device in devices]
        if periods != self._periods:
            for watch in self._watches:
                watch.agenda = hastened(watch.agenda, self._periods, periods)
        self._periods, self._at_least_every = periods, at_least_every

    def health(self) -> BusHealth:
        """Figures of the bus and of each of its devices, as of now."""
        units = {watch.device.id: self._account.unit(watch.device.unit) for watch in self._watches}
        spread = self._account.spread()
        return replace(
            self._health,
            answers=sum(unit.answers for unit in units.values()),
            damaged=sum(unit.damaged for unit in units.values()),
            late=sum(unit.late for unit in units.values()),
            turnaround_p50_s=spread.quantile(0.5),
            turnaround_p99_s=spread.quantile(0.99),
            devices=tuple(watch.health(units[watch.device.id], self._periods) for watch in self._watches),
        )

    def next_due_in(self, mono: float) -> float:
        """Seconds of store time; 0 when something is overdue, but for what has to wait for the others."""
        watches = (watch for watch in self._watches if watch.device.id not in self._held_back)
        return max(0.0, min((watch.agenda.next_at for watch in watches), default=float("inf")) - mono)

    async def close(self) -> None:
        await self._line.close()

    def _continued(self, watch: Watch | None, device: SiteDevice) -> Watch:
        """A new name ends nothing; what was learned with another map or at another place may not hold any more."""
        if watch is None:
            return self._begin(device)
        if asked_alike(watch.device, device):
            return replace(watch, device=device)
        return replace(self._begin(device), learned=NOTHING_LEARNED)

    def _begin(self, device: SiteDevice) -> Watch:
        return Watch(device=device, agenda=begin(polls_of(device), 0.0), learned=self._notebook.recall(device))

    def _due(self, mono: float) -> list[Watch]:
        """Earliest deadline first; among equals who was visited longest ago."""
        due = [watch for watch in self._watches if watch.agenda.next_at <= mono]
        return sorted(due, key=lambda watch: (watch.agenda.deadline(self._periods, mono), watch.visited_at))

    async def _visit(self, watch: Watch, began: Stamp) -> Found:
        """Readings of all that was due; of everything when the device is silent. Raises BusDown."""
        mono = began[1]
        watch.visited_at = asyncio.get_running_loop().time()
        if watch.agenda.silent:
            probe = await self._ask(watch, [watch.probe_point()])
            if not probe.heard:
                watch.agenda = missed(watch.agenda, (), self._periods, mono)
                return [(self._now(began), nothing_of(watch, Quality.NO_ANSWER))]
            watch.begin_anew(mono)
            log.info("device answers again device=%s bus=%s", watch.device.id, self._bus)
        polls = watch.agenda.due(mono)
        answers = await self._ask(watch, watch.points(polls))
        readings = decode(watch.device.profile, answers.raw, watch.known)
        triggered = watch.triggered(readings, answers.raw)
        if answers.heard and triggered:
            add(answers, await self._ask(watch, triggered))
            readings = decode(watch.device.profile, answers.raw, watch.known)
        if answers.heard:
            await self._doubt(watch, mono)
        return await self._conclude(watch, polls, answers, readings, began)

    async def _conclude(
        self, watch: Watch, polls: frozenset[Poll], answers: Answers, readings: tuple[Reading, ...], began: Stamp
    ) -> Found:
        mono = began[1]
        if not answers.heard:
            watch.agenda = missed(watch.agenda, polls, self._periods, mono)
            if watch.agenda.silent:
                log.warning("device does not answer device=%s bus=%s", watch.device.id, self._bus)
                watch.known.clear()
                return [(self._now(began), nothing_of(watch, Quality.NO_ANSWER))]
        else:
            incomplete = frozenset(watch.device.profile.points[name].poll for name in answers.lost) & polls
            watch.agenda = answered(watch.agenda, polls, self._periods, mono, incomplete)
            watch.note_polled(polls, self._now(began)[1])
        watch.remember(readings)
        await self._keep_learned(watch)
        return list(_by_instant(readings, answers.read_at, self._now(began)))

    async def _ask(self, watch: Watch, points: Iterable[Point]) -> Answers:
        """What it costs to be left without an answer is noted: the next such device waits its share of the line."""
        loop = asyncio.get_running_loop()
        asked_at, before = loop.time(), watch.learned
        answers = await ask(self._line, watch.device, points, before, self._cost(watch.device), self._clock)
        if not answers.heard:
            self._probe_not_before = loop.time() + (loop.time() - asked_at) / PROBE_SHARE
        watch.learned = answers.learned
        self._note_bus("bus is up", up=True)
        was = self._health
        self._health = replace(
            was,
            requests=was.requests + answers.requests,
            no_answers=was.no_answers + answers.no_answers,
            refusals=was.refusals + answers.refusals,
        )
        return answers

    async def _doubt(self, watch: Watch, mono: float) -> None:
        """What was refused is asked again, with nothing assumed; what then answers is a point like any other."""
        learned = watch.learned
        if points := watch.to_doubt(mono):
            watch.learned = replace(learned, refused=frozenset())
            answers = await self._ask(watch, points)
            watch.learned = replace(answers.learned, refused=answers.learned.refused | answers.lost)

    async def _keep_learned(self, watch: Watch) -> None:
        """Says once what a device does not have, keeps it, and forgets it all when another device stands there."""
        known = self._notebook.recall(watch.device)
        firmware = watch.firmware()
        if self._notebook.recall(watch.device, firmware) != known:
            log.info("device has been exchanged or updated device=%s firmware=%s", watch.device.id, firmware)
            watch.learned = NOTHING_LEARNED
        for name in sorted(watch.learned.refused - known.refused):
            log.warning("point is refused and not asked again device=%s point=%s", watch.device.id, name)
        for name in sorted(known.refused - watch.learned.refused):
            log.info("point is asked again device=%s point=%s", watch.device.id, name)
        await self._notebook.keep(watch.device, watch.learned, firmware)

    async def _let_go(self) -> None:
        """Some controllers bear few connections and want theirs closed when they have been asked."""
        if any(watch.device.profile.close_after_cycle for watch in self._watches):
            await self._line.close()

    def _lose_bus(self, visited: Mapping[str, object], began: Stamp, reason: BusDown) -> dict[str, Found]:
        """Every device that this turn has not heard before the line went is out of reach."""
        self._note_bus(f"bus is down reason={reason}", up=False)
        self._probe_not_before = float("-inf")
        lost = [watch for watch in self._watches if watch.device.id not in visited]
        for watch in self._watches:
            watch.agenda = cut_off(watch.agenda, began[1])
            watch.known.clear()
        return {watch.device.id: [(self._now(began), nothing_of(watch, Quality.BUS_DOWN))] for watch in lost}

    def _worth_sending(self, found: Mapping[str, Found]) -> list[Telemetry]:
        telemetries = []
        for watch in self._watches:
            for (at, mono), readings in found.get(watch.device.id, ()):
                news = report(watch.device.profile, watch.sent, readings, mono, self._at_least_every)
                watch.sent = news.memory
                if news.readings:
                    telemetries.append(self._telemetry(watch.device, news.readings, at, mono))
        return telemetries

    def _telemetry(self, device: SiteDevice, readings: tuple[Reading, ...], at: datetime, mono: float) -> Telemetry:
        return Telemetry(
            device=device.id,
            at=at,
            boot=self._boot,
            mono=mono,
            clock_trusted=self._clock_trusted(),
            readings=readings,
        )

    def _now(self, began: Stamp) -> Stamp:
        return self._clock() if self._clock else began

    def _note_bus(self, change: str, *, up: bool) -> None:
        if up is not self._up:
            log.log(logging.INFO if up else logging.WARNING, "%s bus=%s", change, self._bus)
        self._up = up
        self._health = replace(self._health, up=up)


def pollers_of(
    site: Site,
    boot: str,
    clock_trusted: Callable[[], bool] = lambda: True,
    clock: Callable[[], Stamp] | None = None,
) -> dict[str, Poller]:
    """One poller for each bus of the site that has devices; no line is opened yet."""
    notebook = Notebook(site.state / "learned.json")
    return {
        bus_id: poller_of(site, bus, boot, notebook, clock_trusted, clock)
        for bus_id, bus in site.buses.items()
        if site.devices_on(bus_id)
    }


def poller_of(
    site: Site,
    bus: Bus,
    boot: str,
    notebook: Notebook,
    clock_trusted: Callable[[], bool] = lambda: True,
    clock: Callable[[], Stamp] | None = None,
) -> Poller:
    """The poller of one bus; its line is not opened yet."""
    account = LineAccount()
    return Poller(
        bus=bus.id,
        line=open_line(bus, account),
        devices=site.devices_on(bus.id),
        periods=site.poll,
        at_least_every=site.report.at_least_every,
        boot=boot,
        clock_trusted=clock_trusted,
        clock=clock,
        account=account,
        notebook=notebook,
        cost=lambda device: _cost(bus, device, account),
    )


def _cost(bus: Bus, device: SiteDevice, account: LineAccount) -> Cost:
    """By what the device was seen to take, in steps that do not make another plan of every answer."""
    turnaround, gap = account.unit(device.unit).turnaround, device.profile.gap.total_seconds()
    if isinstance(bus, TcpBus):
        return tcp_cost(round(turnaround.mean, 2) or 0.01, gap) if turnaround.seen else tcp_cost(gap=gap)
    if not turnaround.seen:
        return rtu_cost(bus.serial.baud, gap=gap)
    return rtu_cost(bus.serial.baud, round(turnaround.mean, 2), gap)


def _by_instant(
    readings: Sequence[Reading], read_at: Mapping[str, Stamp], otherwise: Stamp
) -> Iterator[tuple[Stamp, tuple[Reading, ...]]]:
    """The readings in their order, cut where more than half a second lies between; what was derived goes with its
    neighbours, and what was not read is of the end of the visit."""
    if not read_at:
        yield otherwise, tuple(readings)
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
