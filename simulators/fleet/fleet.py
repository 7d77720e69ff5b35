"""The fleets that rules are tuned and judged by: healthy and faulty stores in three cities, from seeds kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from edge_agent.contract.readings import AgentStatus, Coordinates, OutboxHealth
from edge_agent.contract.text import same
from simulators.faults import KINDS, FaultKind
from simulators.fleet.plan import plan
from simulators.fleet.run import StoreRun
from simulators.plants.setting import Setting
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
    return [_store(spec, number, kinds) for number, kinds in enumerate(_dealt(spec))]


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
    """The kinds of each store's faults; the healthy ones, which come first, have none."""
    every = [kind for kind in KINDS for _ in range(spec.episodes)]
    Random(spec.seed).shuffle(every)
    shares: list[list[FaultKind]] = [[] for _ in range(spec.stores)]
    for count, kind in enumerate(every):
        shares[spec.healthy + count % spec.faulty].append(kind)
    return shares


def _store(spec: FleetSpec, number: int, kinds: Sequence[FaultKind]) -> StoreRun:
    seed = spec.seed + number
    random = Random(seed)
    city = list(_CITIES)[number % len(_CITIES)]
    begin = _FIRST_DAY + timedelta(days=random.randrange(0, 300))
    end = begin + timedelta(days=spec.days)
    reference = reference_store()
    closes, opens = (24.0, 0.0) if number % 4 else (23.0, 7.0)
    return StoreRun(
        store=f"store-{seed}",
        reference=reference,
        world=Setting(seed=seed, city=city, opens=opens, closes=closes, trade=random.uniform(0.7, 1.4)),
        timezone=_ZONE,
        location=_CITIES[city],
        begin=begin,
        end=end,
        episodes=plan(reference.machines, kinds, begin + LEARNING, end, seed) if kinds else (),
    )
