"""A whole chain of real processes, broker and all, whose parts can be killed; and the count of what became of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import build_opener

from sqlalchemy import func, select

from collector.app import clock_from
from collector.store.database import Database
from collector.store.tables import quarantine, stream, ticket
from collector.telemetry.sqlite import every_reading
from edge_agent.contract.clock import Clock, clock_argument
from edge_agent.outbox.ledger import OutboxCounters
from edge_agent.outbox.queue import StorageRefused, counters_of
from simulators.broker import Broker, free_port
from tests.torture.victim import ENOUGH, POINT, Death, value_of

Program = Literal["agent", "collector"]

ROOT = Path(__file__).parents[2]
LOOK_EVERY_S = 0.05
WITHIN_S = 90.0
FACTOR = 4.0
PASSWORD = "a password of the bench"
SETTINGS: dict[Program, str] = {"collector": "office.yaml", "agent": "{store}/site.yaml"}
FAULT = "refrigeration.air_temperature_high"

_WAIT = threading.Event()


class DidNotHappen(AssertionError):
    """What the stage waited for; the message has the last words of both programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """Readings that were committed in the store and are not at head office, or are there more than once."""

    committed: int
    lost: int
    duplicated: int
    tickets: tuple[str, ...]
    quarantined: int

    @property
    def broken(self) -> bool:
        return self.tickets != (FAULT,) or self.quarantined > 0


@dataclass
class Stage:
    """`open_stage` makes one. A program that is started again goes on with what the one before has left on disk."""

    folder: Path
    store: str
    broker: Broker
    clock: Clock
    freezers: int = 1
    web_port: int = field(default_factory=free_port)
    processes: dict[Program, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def outbox(self) -> Path:
        return self.folder / self.store / "state" / "outbox.sqlite"

    def write_settings(self) -> None:
        (self.folder / "password").write_text(PASSWORD)
        broker = {"url": self.broker.url, "username": "bench", "password_file": str(self.folder / "password")}
        office = {
            "database": str(self.folder / "c.sqlite"),
            "broker": broker | {"client_id": f"office-{self.web_port}"},
            "web": {"port": self.web_port},
        }
        site = {
            "store": self.store,
            "name": {"zh": "试验店", "en": "Bench store"},
            "timezone": "Asia/Shanghai",
            "state": "./state",
            "broker": broker | {"redial_within": "1s"},
            "outbox": {"commit_every": "400ms"},
            "buses": {"line-a": {"type": "tcp", "host": "127.0.0.1", "port": 1}},
            "devices": [_freezer(number) for number in range(1, self.freezers + 1)],
        }
        (self.folder / self.store).mkdir()
        (self.folder / "office.yaml").write_text(json.dumps(office))
        (self.folder / self.store / "site.yaml").write_text(json.dumps(site))

    def start(self, program: Program, death: Death | None = None) -> None:
        told = [str(death)] if death else []
        file = self.folder / SETTINGS[program].format(store=self.store)
        command = [sys.executable, "-m", "tests.torture.victim", *told, program, str(file), clock_argument(self.clock)]
        with (self.folder / f"{program}.log").open("ab") as log:
            self.processes[program] = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, program: Program) -> None:
        """At no point in particular."""
        self.processes[program].kill()
        self.processes[program].wait()

    def restart_broker(self) -> None:
        """kill -9, and back half a second later."""
        self.broker.kill()
        _WAIT.wait(0.5)
        self.broker = Broker.start(self.folder / "broker", self.broker.port, "bench", PASSWORD)

    def await_death(self, program: Program) -> None:
        victim = self.processes[program]
        self.until(f"the {program} is dead", lambda: victim.poll() is not None)
        if victim.returncode != -signal.SIGKILL:
            raise DidNotHappen(f"the {program} ended by itself: {victim.returncode}\n{self._last_words()}")

    def is_ready(self) -> bool:
        try:
            with build_opener().open(f"http://127.0.0.1:{self.web_port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def counters(self) -> OutboxCounters | None:
        try:
            return counters_of(self.outbox)
        except StorageRefused:
            return None

    def readings_committed(self) -> int:
        counters = self.counters()
        return counters.readings_total if counters else 0

    def await_more(self, polls: int) -> None:
        wanted = self.readings_committed() + polls
        self.until(f"{polls} more polls are committed", lambda: self.readings_committed() >= wanted)

    def finish(self) -> Reckoning:
        """Ends the polls, waits until head office has every entry, stops everything, and counts."""
        (self.outbox.parent / ENOUGH).touch()
        _WAIT.wait(1.0)
        self.until("head office has every entry", lambda: self.received_upto() >= self.last_seq())
        self.stop()
        return self._reckon()

    def last_seq(self) -> int:
        counters = self.counters()
        return counters.last_seq if counters else 1

    def received_upto(self) -> int:
        """The number up to which head office has all that the store ever numbered."""
        with closing(Database(self.folder / "c.sqlite")) as database, database.reading() as connection:
            upto = connection.execute(select(func.max(stream.c.upto)).where(stream.c.store == self.store))
            return upto.scalar_one() or 0

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(20)

    def until(
        self, what: str, happens: Callable[[], Any], within: float = WITHIN_S, every: float = LOOK_EVERY_S
    ) -> None:
        give_up_by = time.perf_counter() + within
        while not happens():
            if time.perf_counter() > give_up_by:
                raise DidNotHappen(f"not within {within:.0f} s: {what}\n{self._last_words()}")
            _WAIT.wait(every)

    def _reckon(self) -> Reckoning:
        committed = self.readings_committed()
        with closing(Database(self.folder / "c.sqlite")) as database, database.reading() as connection:
            here = [one for one in every_reading(connection) if (one.store, one.point) == (self.store, POINT)]
            stored = Counter(round(float(one.value or 0.0), 5) for one in here)
            tickets = connection.execute(ticket.select().where(ticket.c.store == self.store)).all()
            aside = len(connection.execute(quarantine.select()).all())
        wanted = Counter(value_of(number) for number in range(committed))
        return Reckoning(
            committed=committed,
            lost=(wanted - stored).total(),
            duplicated=(stored - wanted).total(),
            tickets=tuple(row.fault for row in tickets),
            quarantined=aside,
        )

    def _last_words(self) -> str:
        logs = (self.folder / f"{program}.log" for program in ("collector", "agent"))
        ends = [log.read_text(errors="replace").splitlines()[-8:] for log in logs if log.exists()]
        return "\n".join(line for end in ends for line in end)


def _freezer(number: int) -> dict[str, object]:
    return {
        "id": f"freezer-{number}",
        "profile": "danfoss_ekc204a1",
        "bus": "line-a",
        "unit": number,
        "duty": "freezer",
        "name": {"zh": f"冷冻柜 {number}", "en": f"Freezer {number}"},
    }


@contextmanager
def open_stage(folder: Path, *, freezers: int = 1, factor: float = FACTOR) -> Iterator[Stage]:
    """A broker that runs, and settings; neither program has been started."""
    broker = Broker.start(folder / "broker", free_port(), "bench", PASSWORD)
    machine = clock_from(None)
    clock = replace(machine, epoch=machine.now(), start=machine.wall(), factor=factor)
    stage = Stage(folder=folder, store="shop-1", broker=broker, clock=clock, freezers=freezers)
    stage.write_settings()
    try:
        yield stage
    finally:
        for program in stage.processes:
            stage.kill(program)
        stage.broker.kill()
