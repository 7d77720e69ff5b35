"""A collector's ingest in a process of its own, on traffic that lies ready: all of its work but the network's.

`python -m tests.bench.taking --database FILE --partitions 0-127 --rounds N`. It says when the traffic lies ready; the
word `begin` on stdin sets it off, and it tells as JSON what that took.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import Connection

from collector.garbage import collect_seldom
from collector.inbox import Message
from collector.ingest import Ingest
from collector.lanes import WORK_AT_ONCE
from collector.meters import Meters
from collector.partitions import PartitionRange, Partitions
from collector.record import Recorder
from collector.store.database import Database
from collector.telemetry.sqlite import SqliteTelemetry
from edge_agent.contract.clock import Clock, to_ms
from edge_agent.contract.codec import encode_ack
from edge_agent.contract.readings import Ack
from rules.load import load_rules
from tests.bench.child import Child, say
from tests.bench.traffic import Chain, Mail

WARM_UP = 2
"""Rounds that make every device and every memory known."""


class Timed(Database):
    """Counts the CPU seconds for which nobody else could write, and the seconds spent waiting for others."""

    held_cpu = waited = 0.0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        asked = time.perf_counter()
        with super().writing() as connection:
            self.waited += time.perf_counter() - asked
            cpu = time.process_time()
            yield connection
        self.held_cpu += time.process_time() - cpu


class Post:
    """An Inbox of messages that are there already, handed out as the lanes would."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self.readings = 0

    def put(self, mails: Iterable[Mail]) -> None:
        for mail in mails:
            self.readings += mail.readings
            self._waiting.append(Message(topic=mail.topic, payload=mail.payload, mid=0, session=0, arrived=0.0))

    def take(self, most: int, linger: float) -> list[Message]:  # noqa: ARG002 — nothing to wait for
        taken: list[Message] = []
        while self._waiting and len(taken) < most and sum(one.work for one in taken) < WORK_AT_ONCE:
            taken.append(self._waiting.popleft())
        return taken

    def answer(self, store: str, ack: Ack) -> None:  # noqa: ARG002 — the topic is the network's
        encode_ack(ack)

    def settle(self, message: Message) -> None:
        """No broker to tell."""

    def __bool__(self) -> bool:
        return bool(self._waiting)


class Collector:
    """Everything between the broker and the database."""

    def __init__(self, database: Timed, partitions: Partitions) -> None:
        self.chain = Chain(partitions=partitions)
        self.post = Post()
        recorder = Recorder(load_rules(), SqliteTelemetry(database))
        clock = Clock(wall=lambda: to_ms(self.chain.now) / 1000, steady=lambda: 0.0)
        self._ingest = Ingest(self.post, database, recorder, clock, Meters(), lambda: None)

    def drain(self) -> float:
        """Until all is stored; the seconds of the longest turn."""
        longest = 0.0
        while self.post:
            begun = time.perf_counter()
            self._ingest.turn()
            longest = max(longest, time.perf_counter() - begun)
        return longest


def take(database: Timed, partitions: Partitions, rounds: int) -> dict[str, float]:
    collector = Collector(database, partitions)
    collector.post.put(collector.chain.inventories())
    for _ in range(WARM_UP):
        collector.post.put(collector.chain.round())
        collector.drain()
    collector.post.readings = 0
    for _ in range(rounds):
        collector.post.put(collector.chain.round())
    collect_seldom()
    database.held_cpu = database.waited = 0.0
    say("ready")
    sys.stdin.readline()
    wall, cpu = time.perf_counter(), time.process_time()
    longest = collector.drain()
    return {
        "readings": collector.post.readings,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "longest": longest,
        "held_cpu": database.held_cpu,
        "waited": database.waited,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


class Taker(Child):
    """The process, from outside."""

    def __init__(self, database: Path, partitions: Partitions, rounds: int) -> None:
        options = ("--database", str(database), "--partitions", str(partitions), "--rounds", str(rounds))
        super().__init__("tests.bench.taking", *options)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.taking")
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--partitions", type=TypeAdapter(PartitionRange).validate_python, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args(argv)
    with closing(Timed(arguments.database, busy_timeout=60.0)) as database:
        database.migrate()
        say(take(database, arguments.partitions, arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
