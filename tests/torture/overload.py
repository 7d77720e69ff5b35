"""Ten times more than head office can take, for a while: bounded in memory, and over when it is over."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from collector.app import wall_now
from collector.store.database import Database
from collector.store.tables import stream
from edge_agent.contract.codec import encode_batch, encode_body
from edge_agent.contract.readings import Reading, Telemetry
from edge_agent.contract.topics import batch_topic
from tests.torture.stage import PASSWORD, WITHIN_S, Stage, open_stage
from tests.torture.toll import Toll
from tests.unit.edge_agent.bodies import status

TIMES = 10
STORES = 20
STREAM = "outbox-a"
POLLS = 100
"""Of one message, as after a store was cut off for some minutes."""
FIRST_MESSAGES = 40
"""By which it is measured what head office can take."""
RSS_AT_MOST = 400 * 2**20
RECOVERED_WITHIN_S = 15.0
SECONDS_A_ROUND = 3.0
ON_THEIR_WAY = 4_000
"""Messages: what a thousand stores send of the live lane before they await an answer. The rest waits in the stores."""
LOOK_AFTER = 200
"""Messages."""
AGO = timedelta(days=2)

_WAIT = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """`rate` is messages a second that were taken before, `sent` how many came at once. Bytes and wall seconds."""

    rate: float
    sent: int
    lost: int
    rss_before: int
    rss_at_most: int
    rss_after: int
    drained_s: float
    answered_s: float

    @property
    def broken(self) -> bool:
        return self.rss_at_most > RSS_AT_MOST or self.answered_s > RECOVERED_WITHIN_S


def overload(rounds: int, seed: str) -> Toll:
    """A round is so many seconds of it."""
    with tempfile.TemporaryDirectory() as folder:
        strain = strain_office(Path(folder), rounds * SECONDS_A_ROUND, random.Random(seed))
    rss = " / ".join(f"{size // 2**20}" for size in (strain.rss_before, strain.rss_at_most, strain.rss_after))
    return Toll(
        promise="ten times what head office can take: bounded, nothing lost, and it recovers",
        rounds=rounds,
        lost=strain.lost * POLLS,
        broken=int(strain.broken),
        figures=f"{strain.sent} messages where {strain.rate:.0f}/s are usual, RSS before/most/after {rss} MiB, "
        f"drained in {strain.drained_s:.0f} s, then answers in {strain.answered_s:.1f} s",
    )


def strain_office(folder: Path, seconds: float, dice: random.Random) -> Strain:
    with open_stage(folder) as stage, _line(stage) as line:
        stage.start("collector")
        stage.until("head office is ready", stage.is_ready)
        load = _Load(stage, line, dice)
        load.introduce()
        first_s = load.drain(load.send(FIRST_MESSAGES))
        rate = FIRST_MESSAGES / first_s
        process = psutil.Process(stage.processes["collector"].pid)
        before = process.memory_info().rss
        with _highest(process) as seen:
            drained_s = load.drain(load.send(int(TIMES * rate * seconds)))
        answered_s = load.drain(load.send(1))
        after = process.memory_info().rss
        stage.stop()
        return Strain(
            rate=rate,
            sent=load.sent,
            lost=load.sent - load.stored(),
            rss_before=before,
            rss_at_most=max(seen),
            rss_after=after,
            drained_s=drained_s,
            answered_s=answered_s,
        )


class _Load:
    """Messages of some stores by turns, each with the polls that follow its last."""

    def __init__(self, stage: Stage, line: Client, dice: random.Random) -> None:
        self._stage = stage
        self._line = line
        self._dice = dice
        self._begin = wall_now() - AGO
        self._messages: Counter[str] = Counter()

    @property
    def sent(self) -> int:
        return self._messages.total()

    def introduce(self) -> None:
        """Number 1 of each store is its inventory: what is unknown would be stored and not judged."""
        for number in range(STORES):
            payload = encode_batch(STREAM, [(1, encode_body(status()))])
            self._line.publish(batch_topic(f"shop-{number}"), payload, qos=1).wait_for_publish(WITHIN_S)
        self._stage.until("all stores are known", lambda: len(self._upto()) == STORES)

    def send(self, messages: int) -> float:
        """When it began; returns when the broker has them all. Never more are on their way than stores would send."""
        began = time.perf_counter()
        for number in range(messages):
            if number % LOOK_AFTER == 0:
                self._stage.until("there is room", lambda: self.sent - self.stored() < ON_THEIR_WAY)
            store = f"shop-{number % STORES}"
            payload = self._payload(self._messages[store])
            self._messages[store] += 1
            told = self._line.publish(batch_topic(store), payload, qos=1)
        told.wait_for_publish(WITHIN_S)
        return began

    def drain(self, began: float) -> float:
        """Seconds until all is stored."""
        self._stage.until("all is stored", lambda: self.stored() == self.sent, within=10 * WITHIN_S)
        return time.perf_counter() - began

    def stored(self) -> int:
        """Messages of which every entry is."""
        return sum((upto - 1) // POLLS for upto in self._upto())

    def _upto(self) -> Sequence[int]:
        with _opened(self._stage.folder / "c.sqlite") as database, database.reading() as connection:
            return connection.execute(select(stream.c.upto)).scalars().all()

    def _payload(self, earlier: int) -> bytes:
        numbers = range(earlier * POLLS, (earlier + 1) * POLLS)
        return encode_batch(STREAM, [(number + 2, encode_body(self._poll(number))) for number in numbers])

    def _poll(self, number: int) -> Telemetry:
        names = ("temp.control", "temp.air_off", "temp.evaporator", "temp.product")
        readings = tuple(Reading(point=name, value=round(self._dice.uniform(-22, -18), 1)) for name in names)
        at: datetime = self._begin + number * timedelta(milliseconds=50)
        return Telemetry(device="freezer-1", at=at, boot="b", mono=number / 20, clock_trusted=True, readings=readings)


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    database = Database(file)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _line(stage: Stage) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2, client_id="all-stores")
    client.username_pw_set("bench", PASSWORD)
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", stage.broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


@contextmanager
def _highest(process: psutil.Process) -> Iterator[Sequence[int]]:
    """What the process held, looked at ten times a second."""
    seen = [process.memory_info().rss]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            seen.append(process.memory_info().rss)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()
