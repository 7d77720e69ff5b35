"""The fleets that rules are tuned and judged by: healthy and faulty stores in three cities, from seeds kept apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from statistics import fmean
from zoneinfo import ZoneInfo

from edge_agent.contract.clock import EPOCH
from edge_agent.contract.readings import AgentStatus, Coordinates, OutboxHealth
from edge_agent.contract.text import same
from simulators.faults import KINDS, FaultKind
from simulators.fleet.plan import Ground, plan
from simulators.fleet.run import StoreRun
from simulators.plants.setting import Setting, World
from simulators.reference import inventory, reference_store

TUNING, JUDGING = 1_000, 2_000
"""First seeds of two fleets: what rules were tuned on does not judge them."""
LEARNING = timedelta(days=16)
"""Every store runs so long without a fault: nothing is known of it before."""
_FIRST_DAY = datetime(2026, 2, 1, tzinfo=UTC)
_ZONE = ZoneInfo("Asia/Shanghai")
_CITIES = {
    "shanghai": Coordinates(latitude=31.23, longitude=121.47),
    "guangzhou": Coordinates(latitude=23.13, longitude=113.26),
    "beijing": Coordinates(latitude=39.90, longitude=116.41),
}
_POLLED = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))
"""How often the gateways of a chain ask their controllers: what its installers and the length of its lines have made of
it. Rules must do with all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpec:
    """`episodes` of each kind of fault are spread over the `faulty` stores; `healthy` ones have none. All stores run
    for `days`, which begin at different times of the year."""

    seed: int
    healthy: int
    faulty: int
    days: int
    episodes: int

    @property
    def stores(self) -> int:
        return self.healthy + self.faulty


FULL = FleetSpec(seed=JUDGING, healthy=8, faulty=12, days=91, episodes=15)
"""60 store-months, 24 of them healthy."""
SHORT = FleetSpec(seed=JUDGING, healthy=1, faulty=1, days=24, episodes=1)
"""For every run of the tests."""


def fleet(spec: FleetSpec) -> list[StoreRun]:
    """Each may be run by itself. They are always the same for the same spec, the healthy ones first."""
    runs = [_store(spec, number) for number in range(spec.stores)]
    left: list[FaultKind] = []
    for run, kinds in zip(runs[spec.healthy :], _dealt(spec), strict=True):
        left += _burden(run, kinds)
    for kind in left:
        fewest_first = sorted(runs[spec.healthy :], key=lambda run: len(run.episodes))
        next((run for run in fewest_first if not _burden(run, [kind])), None)
    return runs


def status_of(run: StoreRun) -> AgentStatus:
    """What the store's agent says of itself at its start."""
    return AgentStatus(
        at=run.begin,
        boot="of-the-fleet",
        agent_version="fleet",
        name=same(run.store),
        timezone=str(run.timezone),
        devices=inventory(run.reference),
        buses=(),
        outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
        location=run.location,
    )


def _dealt(spec: FleetSpec) -> list[list[FaultKind]]:
    """The kinds of each faulty store's faults: of each kind every store gets as many as the others, or one more."""
    kinds = list(KINDS)
    Random(spec.seed).shuffle(kinds)
    shares: list[list[FaultKind]] = [[] for _ in range(spec.faulty)]
    for count, kind in enumerate(kind for kind in kinds for _ in range(spec.episodes if shares else 0)):
        shares[count % spec.faulty].append(kind)
    return shares


def _burden(run: StoreRun, kinds: Sequence[FaultKind]) -> list[FaultKind]:
    """Adds episodes of the kinds; returns those for which the store has no room or the wrong season."""
    ground = Ground(
        machines=run.reference.machines, begin=run.begin + LEARNING, end=run.end, outdoors=_outdoors_of(run.world)
    )
    planned = plan(ground, kinds, run.world.seed or 0, run.episodes)
    run.episodes = planned.episodes
    return list(planned.left)


def _outdoors_of(world: World) -> Callable[[datetime, datetime], float]:
    """Means of whole days."""

    @cache
    def day(number: int) -> float:
        hours = (EPOCH + timedelta(days=number, hours=hour) for hour in range(0, 24, 3))
        return fmean(world.around(at, at, 25.0).outdoor for at in hours)

    def mean(since: datetime, until: datetime) -> float:
        first, last = ((at - EPOCH) // timedelta(days=1) for at in (since, until))
        return fmean(day(number) for number in range(first, last + 1))

    return mean


def _store(spec: FleetSpec, number: int) -> StoreRun:
    seed = spec.seed + number
    random = Random(seed)
    city = list(_CITIES)[number % len(_CITIES)]
    begin = _FIRST_DAY + timedelta(days=random.randrange(0, 300))
    closes, opens = (24.0, 0.0) if number % 4 else (23.0, 7.0)
    return StoreRun(
        store=f"store-{seed}",
        reference=reference_store(),
        world=Setting(seed=seed, city=city, opens=opens, closes=closes, trade=random.uniform(0.7, 1.4)),
        timezone=_ZONE,
        location=_CITIES[city],
        begin=begin,
        end=begin + timedelta(days=spec.days),
        polled=_POLLED[number // len(_CITIES) % len(_POLLED)],
    )
