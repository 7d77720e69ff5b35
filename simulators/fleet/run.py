"""One store of the fleet from its first day to its last: what it tells, minute by minute, and what was really wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Coordinates, Telemetry
from rules.scoring.labels import Label
from simulators.fleet.plan import Episode
from simulators.fleet.polls import Reporter
from simulators.machines import said
from simulators.plants import case
from simulators.plants.case import Case
from simulators.plants.setting import World
from simulators.reference import Reference, ReferenceMachine
from simulators.state import StoreState
from simulators.store import LINE_DOWN, advance, offline, silent
from simulators.supply import Faults

PERIOD = timedelta(minutes=1)
RECOVERY_AT_MOST = timedelta(hours=24)
SETTLED = timedelta(hours=1)
"""How long a mended machine needs at least until its readings show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One poll of one device. `arrives_at` is when head office has it: later than `at` where the line was down."""

    arrives_at: datetime
    telemetry: Telemetry


@dataclass(slots=True)
class _Watch:
    """What became of the food while an episode lasted and after.

    What was too warm before the fault could be seen is the doing of something else.
    """

    episode: Episode
    suffering: tuple[str, ...]
    shown_at: datetime
    warm_before: frozenset[str] = frozenset()
    product_limit_at: datetime | None = None
    recovered_at: datetime | None = None


class Telling:
    """A store that lives from minute to minute, and tells every `polled` what its machines say."""

    def __init__(self, machines: Iterable[ReferenceMachine], state: StoreState, polled: timedelta = PERIOD) -> None:
        self.state = state
        self._reporters = {machine.device: Reporter(machine, polled) for machine in machines}
        self._kept: list[Telemetry] = []

    def turn(self, faults: Faults) -> list[Heard]:
        """What arrives at the end of the next minute; while head office cannot hear the store, it is kept."""
        self.state = state = advance(self.state, faults, PERIOD)
        mute = silent(state, faults)
        if len(mute) < len(self._reporters):
            self._kept += self._told(mute)
        if offline(state, faults):
            return []
        arrived = [Heard(arrives_at=state.at, telemetry=telemetry) for telemetry in self._kept]
        self._kept.clear()
        return arrived

    def _told(self, mute: frozenset[str]) -> Iterator[Telemetry]:
        state, now = self.state, to_ms(self.state.at) / 1000
        for device, reporter in self._reporters.items():
            readings = reporter.no_answer(now) if device in mute else reporter.poll(said(state.plants[device]), now)
            if readings:
                yield Telemetry(
                    device=device,
                    at=state.at,
                    boot="of-the-fleet",
                    mono=now,
                    clock_trusted=True,
                    readings=tuple(readings),
                )


@dataclass(slots=True, kw_only=True)
class StoreRun:
    """`labels` are complete when `heard` has come to its end."""

    store: str
    reference: Reference
    world: World
    timezone: ZoneInfo
    location: Coordinates
    begin: datetime
    end: datetime
    polled: timedelta = PERIOD
    episodes: Sequence[Episode] = ()
    labels: list[Label] = field(default_factory=list)

    def heard(self) -> Iterator[Heard]:
        """In the order of arrival."""
        state = self.reference.start(self.begin, self.timezone, self.world)
        told = Telling(self.reference.machines, state, self.polled)
        watches = [_Watch(each, self._suffering(each), each.observable_at) for each in self.episodes]
        while told.state.at < self.end:
            yield from told.turn(faults_of(self.episodes, told.state.at))
            self._look_at_food(watches, told.state)
        self.labels += [self._label(watch) for watch in watches]

    def _look_at_food(self, watches: Sequence[_Watch], state: StoreState) -> None:
        for watch in watches:
            episode = watch.episode
            warm_now = frozenset(device for device in watch.suffering if too_warm(state, device))
            if state.at < watch.shown_at:
                watch.warm_before = warm_now
            if state.at < episode.onset_at or watch.recovered_at is not None:
                continue
            watch.warm_before &= warm_now
            warm = bool(warm_now - watch.warm_before)
            if warm and watch.product_limit_at is None and watch.shown_at <= state.at <= episode.mended_at:
                watch.product_limit_at = state.at
            over = state.at >= episode.mended_at + SETTLED and not warm_now
            if over or state.at >= episode.mended_at + RECOVERY_AT_MOST:
                watch.recovered_at = state.at

    def _suffering(self, episode: Episode) -> tuple[str, ...]:
        """The machines whose food the fault may spoil."""
        machines = self.reference.machines
        if episode.kind.affects == "bus" or episode.kind.name == LINE_DOWN:
            return ()
        if episode.kind.affects == "store":
            return tuple(machine.device for machine in machines)
        reached = {episode.device}
        while more := {machine.device for machine in machines if machine.fed_by in reached} - reached:
            reached |= more
        return tuple(reached)

    def _label(self, watch: _Watch) -> Label:
        episode = watch.episode
        return Label(
            store=self.store,
            device=episode.device,
            fault=episode.kind.name,
            onset_at=episode.onset_at,
            observable_at=episode.observable_at,
            product_limit_at=watch.product_limit_at,
            end_at=watch.recovered_at or self.end,
        )


def faults_of(episodes: Iterable[Episode], at: datetime) -> dict[str, dict[str, float]]:
    """Device → fault → severity, of those that stand."""
    faults: dict[str, dict[str, float]] = {}
    for episode in episodes:
        severity = episode.severity_at(at)
        if severity > 0:
            faults.setdefault(episode.device, {})[episode.kind.name] = severity
    return faults


def too_warm(state: StoreState, device: str) -> bool:
    plant = state.plants[device]
    return isinstance(plant, Case) and case.product(plant) > case.product_limit(plant)
