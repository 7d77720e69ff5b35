"""One turn on one bus: what is due is asked, decoded, and reported on change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from edge_agent.bus.asking import Stamp
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.visit import Found, Visits
from edge_agent.bus.watch import Watch, nothing_of
from edge_agent.contract.readings import BusHealth, DeviceHealth, Quality, Reading, Telemetry
from edge_agent.core.agenda import Periods, begin, cut_off, excused, hastened
from edge_agent.core.babble import NOBODY, Babble
from edge_agent.core.cost import AT_9600, Cost, rtu_cost, tcp_cost
from edge_agent.core.health import LineAccount, LineShare, Tally
from edge_agent.core.report import report
from edge_agent.core.sheet import sheet_of
from edge_agent.drivers.base import BusDown, Line
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Bus, Site, SiteDevice, TcpBus
from edge_agent.site.change import asked_alike

log = logging.getLogger(__name__)

TURN_BUDGET_S = 0.5
"""Wall time after which a turn begins no further device, so that what it brought is kept and sent without delay."""


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
        self._at_least_every = at_least_every
        self._boot = boot
        self._clock_trusted = clock_trusted
        self._account = account or LineAccount()
        self._tally = Tally()
        self._visits = Visits(
            bus=bus,
            line=line,
            account=self._account,
            notebook=notebook or Notebook(),
            cost=cost,
            clock=clock,
            tally=self._tally,
            periods=periods,
        )
        self._watches = [self._begin(device) for device in devices]
        self._share = LineShare()
        self._held_back: set[str] = set()
        self._babble = NOBODY

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:
        """What is due at `mono` (seconds of store time), the earliest deadline first; never raises for the line."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        found: dict[str, Found] = {}
        self._held_back.clear()
        for watch in self._due(mono):
            now = loop.time()
            if now - began > TURN_BUDGET_S:
                break
            if self._visits.must_wait(watch, mono + now - began, self._watches):
                self._held_back.add(watch.device.id)
                continue
            try:
                found[watch.device.id] = await self._visits.visit(watch, (at, mono))
            except BusDown as reason:
                found |= self._lose_bus(found, (at, mono), reason)
                break
            self._note_bus("bus is up", up=True)
            if self._account.listening.babble != self._babble:
                self._note_babble(mono)
        if found:
            await self._let_go(mono)
        now = loop.time()
        self._tally.note_turn(now - began, self._share.look(now, self._account.busy_s))
        return self._worth_sending(found)

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None:
        """Called between two turns: from now on these devices, in this rhythm; those that stay are not asked anew."""
        known = {watch.device.id: watch for watch in self._watches}
        self._watches = [self._continued(known.get(device.id), device) for device in devices]
        if periods != self._visits.periods:
            for watch in self._watches:
                watch.agenda = hastened(watch.agenda, self._visits.periods, periods)
        self._visits.periods, self._at_least_every = periods, at_least_every

    def health(self) -> BusHealth:
        """Figures of the bus and of each of its devices, as of now."""
        units = {watch.device.id: self._account.unit(watch.device.unit) for watch in self._watches}
        spread = self._account.spread()
        return BusHealth(
            bus=self._bus,
            up=self._tally.up is True,
            turns=self._tally.turns,
            requests=self._tally.requests,
            no_answers=self._tally.no_answers,
            refusals=self._tally.refusals,
            cycle_s=self._tally.cycle_s,
            line_share=self._tally.line_share,
            answers=sum(unit.answers for unit in units.values()),
            damaged=sum(unit.damaged for unit in units.values()),
            late=sum(unit.late for unit in units.values()),
            turnaround_p50_s=spread.quantile(0.5),
            turnaround_p99_s=spread.quantile(0.99),
            babbling=self._babble.babbling,
            babbling_unit=self._babble.unit,
            other_master=self._babble.other_master,
            devices=tuple(self._health_of(watch) for watch in self._watches),
        )

    def _health_of(self, watch: Watch) -> DeviceHealth:
        babbles = self._babble.unit == watch.device.unit
        return watch.health(self._account.unit(watch.device.unit), self._visits.periods, babbles=babbles)

    def next_due_in(self, mono: float) -> float:
        """Seconds of store time; 0 when something is overdue, but for what has to wait for the others."""
        watches = (watch for watch in self._watches if watch.device.id not in self._held_back)
        return max(0.0, min((watch.next_at for watch in watches), default=float("inf")) - mono)

    async def close(self) -> None:
        await self._line.close()

    def _continued(self, watch: Watch | None, device: SiteDevice) -> Watch:
        """A new name ends nothing; of a device at another place or with another map the notebook knows."""
        if watch is not None and asked_alike(watch.device, device):
            return replace(watch, device=device)
        return self._begin(device)

    def _begin(self, device: SiteDevice) -> Watch:
        agenda = begin(sheet_of(device.profile).polls, 0.0)
        return Watch(device=device, agenda=agenda, learned=self._visits.notebook.recall(device))

    def _due(self, mono: float) -> list[Watch]:
        """Earliest deadline first; among equals who was visited longest ago."""
        due = [watch for watch in self._watches if watch.next_at <= mono]
        if len(due) < 2:
            return due
        return sorted(due, key=lambda watch: (watch.agenda.deadline(self._visits.periods, mono), watch.visited_at))

    async def _let_go(self, mono: float) -> None:
        """Some controllers bear few connections and want theirs closed when they have been asked."""
        if any(watch.device.profile.close_after_cycle for watch in self._watches) and self.next_due_in(mono) > 0:
            await self._line.close()

    def _lose_bus(self, visited: Mapping[str, object], began: Stamp, reason: BusDown) -> dict[str, Found]:
        """Every device that this turn has not heard before the line went is out of reach."""
        self._note_bus(f"bus is down reason={reason}", up=False)
        self._visits.in_vain_again_at = float("-inf")
        lost = [watch for watch in self._watches if watch.device.id not in visited]
        for watch in self._watches:
            watch.agenda, watch.errand = cut_off(watch.agenda, began[1]), None
            watch.known.clear()
        return {watch.device.id: [(self._visits.now(began), nothing_of(watch, Quality.BUS_DOWN))] for watch in lost}

    def _worth_sending(self, found: Mapping[str, Found]) -> list[Telemetry]:
        telemetries = []
        for watch in self._watches:
            for (at, mono), readings in found.get(watch.device.id, ()):
                news = report(watch.device.profile, watch.sent, readings, mono, self._at_least_every)
                watch.sent |= news.told
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

    def _note_babble(self, mono: float) -> None:
        """While somebody babbles, nobody else is given up: who fell silent shortly before is tried again soon."""
        was, self._babble = self._babble, self._account.listening.babble
        if self._babble.babbling and not was.babbling:
            for watch in self._watches:
                watch.agenda = excused(watch.agenda, mono)
        if not self._babble.babbling:
            log.info("nobody babbles any more bus=%s", self._bus)
            return
        log.warning("somebody babbles bus=%s %s", self._bus, self._who(self._babble))

    def _who(self, babble: Babble) -> str:
        names = {watch.device.unit: watch.device.id for watch in self._watches}
        if babble.other_master:
            return "another master asks on this line: disconnect it"
        if babble.unit is not None:
            return f"unit={babble.unit} device={names.get(babble.unit, 'none of the site file')}"
        after = names.get(babble.begun_after) if babble.begun_after is not None else None
        return f"no id readable, unplug one after the other asked_before_it_began={after or 'nobody'}"

    def _note_bus(self, change: str, *, up: bool) -> None:
        if up is not self._tally.up:
            log.log(logging.INFO if up else logging.WARNING, "%s bus=%s", change, self._bus)
            self._tally.up = up


def pollers_of(
    site: Site,
    boot: str,
    notebook: Notebook,
    clock_trusted: Callable[[], bool] = lambda: True,
    clock: Callable[[], Stamp] | None = None,
) -> dict[str, Poller]:
    """One poller for each bus of the site that has devices; no line is opened yet."""
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
