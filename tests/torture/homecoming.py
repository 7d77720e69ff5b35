"""A chain comes back: head office was away for hours, and all its stores return at once with what befell them."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from collector.store.database import Database
from collector.store.tables import episode, quarantine, stream, ticket, ticket_event
from collector.telemetry.sqlite import every_reading
from edge_agent.app import boot_name
from edge_agent.contract.clock import clock_argument
from edge_agent.settings import Broker
from tests.bench.latency import cpu_of, most_resident
from tests.torture.chain import Chain, Shop, live_through, shops
from tests.torture.fleet import Fleet, Told
from tests.torture.page import Page, add_reader, open_page
from tests.torture.stage import FAULT, PASSWORD, Stage, open_stage
from tests.torture.toll import Toll

STORES_A_PROCESS = 100
"""Paho waits with select, which knows no descriptor above 1,024."""
REDIAL_WITHIN_S = Broker(host="", port=0, tls=False, username=None, password_file=None).redial_within.total_seconds()
"""As shipped."""
TRUTH_WITHIN_S, DRAINED_WITHIN_S, RSS_AT_MOST = 60.0, 600.0, 2**30
LOOK_EVERY_S = 1.0
"""Who looks oftener takes from the processor what head office needs."""
SINCE_WITHIN = timedelta(minutes=2)

_WAIT = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Wall seconds from head office's return until the last store was connected, and until all backlogs were stored;
    bytes and CPU seconds of the collector."""

    waiting: int
    reconnected_s: float
    drained_s: float
    rss: int
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`truths` are seconds from a store's connection until the page showed its fault, in order; `unseen` faults it
    never showed. `stale` tickets are of what was over, or second ones; `odd` those whose beginning is not right."""

    readings: int
    lost: int
    duplicated: int
    truths: Sequence[float]
    unseen: int
    stale: int
    odd: int
    episodes_missing: int
    quarantined: int
    connections: int

    @property
    def p99(self) -> float:
        return self.truths[int(len(self.truths) * 0.99)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Homecoming:
    course: Course
    findings: Findings

    @property
    def broken(self) -> int:
        course, found = self.course, self.findings
        late = sum(truth > TRUTH_WITHIN_S for truth in found.truths) + found.unseen
        wrong = found.stale + found.odd + found.episodes_missing + found.quarantined
        return late + wrong + (course.rss > RSS_AT_MOST)

    @property
    def figures(self) -> str:
        course, found = self.course, self.findings
        median, most = found.truths[len(found.truths) // 2], found.truths[-1]
        return (
            f"{course.waiting} entries waited, {found.readings} readings; {len(found.truths)} faults on the page after "
            f"{median:.1f} s (median), {found.p99:.1f} s (p99), {most:.1f} s (most); {found.stale} stale tickets; "
            f"all stores back after {course.reconnected_s:.0f} s by {found.connections} connections, drained after "
            f"{course.drained_s:.0f} s; collector {course.cpu_s:.0f} s of CPU, at most {course.rss // 2**20} MiB"
        )


def come_home(rounds: int, seed: str) -> Toll:
    """A round is a store."""
    with tempfile.TemporaryDirectory() as folder:
        home = bring_home(Path(folder), rounds, REDIAL_WITHIN_S, random.Random(seed))
    return Toll(
        promise="head office away for hours, then all stores at once: the truth within 60 s, the rest in silence",
        rounds=rounds,
        lost=home.findings.lost,
        duplicated=home.findings.duplicated,
        broken=home.broken,
        figures=home.figures,
    )


def bring_home(folder: Path, stores: int, redial_within_s: float, dice: random.Random) -> Homecoming:
    """The stores dial in vain for as long as their patience grows; then head office is there."""
    with open_stage(folder, factor=1.0) as stage, ExitStack() as stack:
        stage.broker.kill()
        add_reader(folder / "office.yaml", folder / "page.password")
        chain = _chain(stage, stores, redial_within_s)
        waiting = live_through(chain, folder / "c.sqlite", stage.clock, dice)
        fleets = [stack.enter_context(fleet) for fleet in _fleets(stage, chain)]
        _WAIT.wait(redial_within_s)
        began = time.perf_counter()
        stage.restart_broker()
        stage.start("collector")
        stage.until("head office is ready", stage.is_ready)
        page = stack.enter_context(open_page(stage.web_port))
        drained_s = _await_all(stage, waiting) - began
        told = _end_polls(stage, fleets)
        pid = stage.processes["collector"].pid
        rss, cpu_s = most_resident(pid), cpu_of(pid)
        stage.stop()
        reconnected_s = max(one.connected[0] for one in told.values()) - began
        entries = sum(waiting.values())
        course = Course(waiting=entries, reconnected_s=reconnected_s, drained_s=drained_s, rss=rss, cpu_s=cpu_s)
        with closing(Database(folder / "c.sqlite")) as database, database.reading() as connection:
            return Homecoming(course=course, findings=_look(connection, chain, page, told))


def _chain(stage: Stage, stores: int, redial_within_s: float) -> Chain:
    return Chain(
        folder=str(stage.folder / "stores"),
        stores=stores,
        returns_at=stage.clock.now().timestamp(),
        machine=boot_name().partition(".")[0],
        redial_within_s=redial_within_s,
        port=stage.broker.port,
        username="bench",
        password=PASSWORD,
    )


def _fleets(stage: Stage, chain: Chain) -> list[Fleet]:
    clock = clock_argument(stage.clock)
    firsts = range(0, chain.stores, STORES_A_PROCESS)
    return [Fleet(chain, first, min(STORES_A_PROCESS, chain.stores - first), clock) for first in firsts]


def _end_polls(stage: Stage, fleets: Sequence[Fleet]) -> dict[str, Told]:
    """What was polled until now has arrived then."""
    for fleet in fleets:
        fleet.enough()
    told = {store: one for fleet in fleets for store, one in fleet.told().items()}
    _await_all(stage, {store: one.last_seq for store, one in told.items()})
    return told


def _await_all(stage: Stage, last: Mapping[str, int]) -> float:
    """The moment at which head office had all up to these numbers, by store."""

    def all_there() -> bool:
        upto = _received(stage)
        return all(upto.get(store, 0) >= number for store, number in last.items())

    stage.until("head office has every entry", all_there, within=DRAINED_WITHIN_S, every=LOOK_EVERY_S)
    return time.perf_counter()


def _received(stage: Stage) -> dict[str, int]:
    """By store, up to where nothing is missing."""
    with closing(Database(stage.folder / "c.sqlite")) as database, database.reading() as connection:
        return {row.store: row.upto for row in connection.execute(select(stream.c.store, stream.c.upto))}


def _look(connection: Connection, chain: Chain, page: Page, told: Mapping[str, Told]) -> Findings:
    wrong = {shop.id: shop for shop in shops(chain) if shop.is_wrong}
    over = [shop.id for shop in shops(chain) if shop.is_over]
    first = page.first()
    truths = sorted(first[store] - told[store].connected[0] for store in wrong.keys() & first.keys())
    opened = connection.execute(select(ticket).where(ticket.c.fault == FAULT)).all()
    of_it = (ticket_event.c.kind == "opened") & (ticket_event.c.ticket == ticket.c.id) & (ticket.c.fault == FAULT)
    told_of = connection.execute(select(func.count()).where(of_it)).scalar_one()
    of_fault = (episode.c.store.in_(over)) & (episode.c.rule == FAULT)
    past = select(func.count()).where(of_fault, episode.c.past, episode.c.ticket.is_(None))
    committed, (kept, distinct) = sum(one.readings for one in told.values()), _kept(connection)
    return Findings(
        readings=committed,
        lost=committed - distinct,
        duplicated=kept - distinct,
        truths=truths,
        unseen=len(wrong) - len(truths),
        stale=told_of - len(wrong.keys() & {row.store for row in opened}),
        odd=sum(not _begins_right(row, wrong[row.store]) for row in opened if row.store in wrong),
        episodes_missing=abs(len(over) - connection.execute(past).scalar_one()),
        quarantined=connection.execute(select(func.count()).select_from(quarantine)).scalar_one(),
        connections=sum(len(one.connected) for one in told.values()),
    )


def _kept(connection: Connection) -> tuple[int, int]:
    """Readings, and how many of them are not the same as another."""
    kept = distinct = 0
    for _, readings in groupby(every_reading(connection), key=lambda one: (one.store, one.device)):
        known = [(one.point, one.at_ms, one.seq) for one in readings]
        kept += len(known)
        distinct += len(set(known))
    return kept, distinct


def _begins_right(row: Row[Any], shop: Shop) -> bool:
    """As all of the history says."""
    return shop.wrong_since is not None and not row.since_at_least and abs(row.since - shop.wrong_since) <= SINCE_WITHIN
