"""One turn on one bus: what is due is asked, decoded, and reported on change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from edge_agent.asking import Answers, ask
from edge_agent.contract.readings import BusHealth, Quality, Reading, Telemetry, Value
from edge_agent.core.agenda import Agenda, Periods, answered, begin, cut_off, missed
from edge_agent.core.decode import decode
from edge_agent.core.plan import Learned
from edge_agent.core.profile import Point, Poll
from edge_agent.core.report import Memory, report
from edge_agent.drivers.base import BusDown, Line
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Site, SiteDevice

log = logging.getLogger(__name__)

TURN_BUDGET_S = 0.5
"""Wall time after which a turn begins no further device, so that what it brought is kept and sent without delay."""


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What the poller remembers of one device."""

    device: SiteDevice
    agenda: Agenda
    learned: Learned = field(default_factory=Learned)
    known: dict[str, Value] = field(default_factory=dict)
    sent: Memory = field(default_factory=dict)

    def points(self, polls: Iterable[Poll]) -> list[Point]:
        return [point for point in self.device.profile.points.values() if point.poll in polls]

    def probe_point(self) -> Point:
        """The first point that this device is known to have, the fast ones before the others."""
        points = self.points([Poll.FAST]) + list(self.device.profile.points.values())
        return next((point for point in points if point.name not in self.learned.refused), points[0])


class Poller:
    """The devices of one bus. `periods` and `at_least_every` are store time; `boot` names this run of the agent."""

    def __init__(
        self,
        *,
        bus: str,
        line: Line,
        devices: Sequence[SiteDevice],
        periods: Periods,
        at_least_every: timedelta,
        boot: str,
        clock_trusted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._bus = bus
        self._line = line
        self._periods = periods
        self._at_least_every = at_least_every
        self._boot = boot
        self._clock_trusted = clock_trusted
        self._watches = [_Watch(device=device, agenda=begin(_polls(device), 0.0)) for device in devices]
        self._up: bool | None = None
        self._health = BusHealth(bus=bus, up=False, turns=0, requests=0, no_answers=0, refusals=0, cycle_s=0.0)

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:
        """What is due at `mono` (seconds of store time), the longest overdue first; never raises for the line."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        due = sorted((watch for watch in self._watches if watch.agenda.next_at <= mono), key=_next_at)
        found: dict[str, tuple[Reading, ...]] = {}
        for watch in due:
            if loop.time() - began > TURN_BUDGET_S:
                break
            try:
                found[watch.device.id] = await self._visit(watch, mono)
            except BusDown as reason:
                found |= self._lose_bus(found, mono, reason)
                break
        self._health = replace(self._health, turns=self._health.turns + 1, cycle_s=loop.time() - began)
        return self._worth_sending(found, at, mono)

    def health(self) -> BusHealth:
        return self._health

    def next_due_in(self, mono: float) -> float:
        """Seconds of store time; 0 when something is overdue."""
        return max(0.0, min((watch.agenda.next_at for watch in self._watches), default=float("inf")) - mono)

    async def close(self) -> None:
        await self._line.close()

    async def _visit(self, watch: _Watch, mono: float) -> tuple[Reading, ...]:
        """Readings of all that was due; of everything when the device is silent. Raises BusDown."""
        if watch.agenda.silent:
            probe = await self._ask(watch, [watch.probe_point()])
            if not probe.heard:
                watch.agenda = missed(watch.agenda, (), self._periods, mono)
                return _nothing(watch, Quality.NO_ANSWER)
            watch.agenda = begin(_polls(watch.device), mono)
            log.info("device answers again device=%s bus=%s", watch.device.id, self._bus)
        polls = watch.agenda.due(mono)
        answers = await self._ask(watch, watch.points(polls))
        return self._conclude(watch, polls, answers, mono)

    def _conclude(self, watch: _Watch, polls: frozenset[Poll], answers: Answers, mono: float) -> tuple[Reading, ...]:
        if not answers.heard:
            watch.agenda = missed(watch.agenda, polls, self._periods, mono)
            if watch.agenda.silent:
                log.warning("device does not answer device=%s bus=%s", watch.device.id, self._bus)
                watch.known.clear()
                return _nothing(watch, Quality.NO_ANSWER)
        else:
            incomplete = frozenset(watch.device.profile.points[name].poll for name in answers.lost)
            watch.agenda = answered(watch.agenda, polls, self._periods, mono, incomplete)
        readings = decode(watch.device.profile, answers.raw, watch.known)
        watch.known |= {reading.point: reading.value for reading in readings if isinstance(reading.value, bool)}
        return readings

    async def _ask(self, watch: _Watch, points: Iterable[Point]) -> Answers:
        answers = await ask(self._line, watch.device, points, watch.learned)
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

    def _lose_bus(self, visited: Mapping[str, object], mono: float, reason: BusDown) -> dict[str, tuple[Reading, ...]]:
        """Every device that this turn has not heard before the line went is out of reach."""
        self._note_bus(f"bus is down reason={reason}", up=False)
        lost = [watch for watch in self._watches if watch.device.id not in visited]
        for watch in self._watches:
            watch.agenda = cut_off(watch.agenda, mono)
            watch.known.clear()
        return {watch.device.id: _nothing(watch, Quality.BUS_DOWN) for watch in lost}

    def _worth_sending(self, found: Mapping[str, Sequence[Reading]], at: datetime, mono: float) -> list[Telemetry]:
        telemetries = []
        for watch in self._watches:
            readings = found.get(watch.device.id, ())
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

    def _note_bus(self, change: str, *, up: bool) -> None:
        if up is not self._up:
            log.log(logging.INFO if up else logging.WARNING, "%s bus=%s", change, self._bus)
        self._up = up
        self._health = replace(self._health, up=up)


def pollers_of(site: Site, boot: str, clock_trusted: Callable[[], bool] = lambda: True) -> dict[str, Poller]:
    """One poller for each bus of the site that has devices; no line is opened yet."""
    return {
        bus_id: Poller(
            bus=bus_id,
            line=open_line(bus),
            devices=site.devices_on(bus_id),
            periods=site.poll,
            at_least_every=site.report.at_least_every,
            boot=boot,
            clock_trusted=clock_trusted,
        )
        for bus_id, bus in site.buses.items()
        if site.devices_on(bus_id)
    }


def _polls(device: SiteDevice) -> frozenset[Poll]:
    """The poll classes that the device has points of."""
    return frozenset(point.poll for point in device.profile.points.values())


def _next_at(watch: _Watch) -> float:
    return watch.agenda.next_at


def _nothing(watch: _Watch, quality: Quality) -> tuple[Reading, ...]:
    """Every point and derived flag of the device without a value; what it does not have stays refused."""
    profile = watch.device.profile
    return decode(
        profile, dict.fromkeys((name for name in profile.points if name not in watch.learned.refused), quality)
    )
