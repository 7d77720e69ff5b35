"""A store that was cut off for days comes back: what is wrong now is known at once, the rest follows in silence."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from collector.store.database import Database
from collector.store.tables import episode, ticket, ticket_event
from collector.telemetry.sqlite import every_reading
from edge_agent.app import boot_name
from edge_agent.contract.readings import Reading, Telemetry
from edge_agent.outbox.queue import Outbox
from tests.torture.stage import FAULT, Stage, open_stage
from tests.torture.toll import Toll
from tests.torture.victim import DEVICE, PAST

FREEZERS, POLL_EVERY = 40, timedelta(minutes=1)
"""The reference store, as report on change lets it speak: some 150,000 readings a day."""
OTHERS = ("temp.air_off", "temp.evaporator", "temp.product", "temp.air_on")
OTHERS_SHARE = 0.4
WRONG_FOR = timedelta(hours=3)
"""The first freezer is too warm since then, and still is."""
WAS_WRONG = "freezer-2"
"""It was too warm for a while in the middle of the outage, and nobody shall be told."""
TRUTH_WITHIN_S, DRAINED_WITHIN_S = 60.0, 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Wall seconds from the start of the agent until the live fault had its ticket, and until all was stored."""

    committed: int
    lost: int
    duplicated: int
    truth_s: float
    drained_s: float
    since_right: bool
    past_episodes: int
    notifications: tuple[str, ...]
    """The faults of the tickets that were opened."""

    @property
    def broken(self) -> bool:
        late = self.truth_s > TRUTH_WITHIN_S or self.drained_s > DRAINED_WITHIN_S
        return late or not self.since_right or self.past_episodes == 0 or len(self.notifications) != 1


def history_replay(rounds: int, seed: str) -> Toll:
    """A round is a day of the outage."""
    with tempfile.TemporaryDirectory() as folder:
        replay = replay_outage(Path(folder), timedelta(days=rounds), random.Random(seed))
    return Toll(
        promise="days offline: the truth within 60 s, drained within 10 min, no stale notification",
        rounds=rounds,
        lost=replay.lost,
        duplicated=replay.duplicated,
        broken=int(replay.broken),
        figures=f"{replay.committed} readings, ticket after {replay.truth_s:.0f} s, drained in "
        f"{replay.drained_s:.0f} s, {replay.past_episodes} past episodes, {len(replay.notifications)} notifications "
        f"({', '.join(replay.notifications)})",
    )


def replay_outage(folder: Path, outage: timedelta, dice: random.Random) -> Replay:
    with open_stage(folder, freezers=FREEZERS, factor=1.0) as stage:
        now = _record(stage, outage, dice)
        stage.start("collector")
        stage.until("head office is ready", stage.is_ready)
        began = time.perf_counter()
        stage.start("agent")
        stage.until("what is wrong now is known", lambda: _tickets(stage) > 0, within=10 * TRUTH_WITHIN_S)
        truth_s = time.perf_counter() - began
        stage.until("all is stored", lambda: _nearly_all(stage), within=3 * DRAINED_WITHIN_S)
        drained_s = time.perf_counter() - began
        stage.finish()
        return _count(stage, now - WRONG_FOR, truth_s, drained_s)


def _record(stage: Stage, outage: timedelta, dice: random.Random) -> datetime:
    """Into the outbox, unconfirmed, up to the instant that it returns."""
    now, mono = stage.clock.now(), stage.clock.mono()
    stage.outbox.parent.mkdir()
    (stage.outbox.parent / "began").write_text((now + PAST).isoformat())
    boot = f"{boot_name().partition('.')[0]}.earlier"
    polls = list[Telemetry]()
    with closing(Outbox(stage.outbox)) as outbox:
        for at, device, value in _polls(now, outage):
            others = tuple(_other(name, value, dice) for name in OTHERS if dice.random() < OTHERS_SHARE)
            told = (Reading(point="temp.control", value=value), *others)
            ago = (now - at).total_seconds()
            polls.append(Telemetry(device=device, at=at, boot=boot, mono=mono - ago, clock_trusted=True, readings=told))
            if len(polls) >= 1_000:
                outbox.append(polls)
                polls.clear()
        outbox.append(polls)
    return now


def _polls(now: datetime, outage: timedelta) -> Iterator[tuple[datetime, str, float]]:
    middle = now - outage / 2
    for turn in range(int(outage / POLL_EVERY), 0, -1):
        for number in range(1, FREEZERS + 1):
            at = now - turn * POLL_EVERY + number * timedelta(seconds=1)
            device = f"freezer-{number}"
            warm = device == DEVICE and at >= now - WRONG_FOR
            was_warm = device == WAS_WRONG and abs(at - middle) < timedelta(hours=1)
            wavers = (turn + number) % 7 / 10  # a reading that stands still is a fault of its own
            yield at, device, round((-5.0 if warm or was_warm else -20.0) - wavers, 1)


def _other(name: str, value: float, dice: random.Random) -> Reading:
    return Reading(point=name, value=round(value + dice.uniform(-2, 2), 1))


def _tickets(stage: Stage) -> int:
    with closing(Database(stage.folder / "c.sqlite")) as database, database.reading() as connection:
        return connection.execute(select(func.count()).select_from(ticket)).scalar_one()


def _nearly_all(stage: Stage) -> bool:
    """But for what is polled just now."""
    return stage.received_upto() > stage.last_seq() - 1_000


def _count(stage: Stage, began: datetime, truth_s: float, drained_s: float) -> Replay:
    committed = stage.readings_committed()
    with closing(Database(stage.folder / "c.sqlite")) as database, database.reading() as connection:
        kept = [(one.device, one.point, one.at_ms, one.seq) for one in every_reading(connection)]
        since = connection.execute(select(ticket.c.since)).scalars().all()
        opened = select(ticket.c.fault).join(ticket_event).where(ticket_event.c.kind == "opened")
        episodes = (
            select(func.count()).select_from(episode).where(episode.c.device == WAS_WRONG, episode.c.rule == FAULT)
        )
        told = connection.execute(select(func.count()).where(ticket_event.c.kind != "joined")).scalar_one()
        return Replay(
            committed=committed,
            lost=committed - len(set(kept)),
            duplicated=len(kept) - len(set(kept)),
            truth_s=truth_s,
            drained_s=drained_s,
            since_right=len(since) == 1 and abs(since[0] - began) <= 2 * POLL_EVERY and told <= 3,
            past_episodes=connection.execute(episodes).scalar_one(),
            notifications=tuple(connection.execute(opened).scalars()),
        )
