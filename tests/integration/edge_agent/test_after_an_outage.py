"""A store comes back after a week: the truth first, history beside it, whatever is killed meanwhile."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.app import boot_name, system_clock
from edge_agent.contract.readings import AgentStatus, Body, Telemetry
from edge_agent.core.delivery import HISTORY, RECENT
from edge_agent.outbox.queue import Outbox, counters_of
from simulators.broker import Broker, free_port
from tests.integration.edge_agent.head_office import HeadOffice
from tests.unit.edge_agent.bodies import polled, status

ROOT = Path(__file__).parents[3]
USERNAME = "store"
SITE = """\
store: demo-001
name: {{zh: 示范门店, en: Demo store}}
timezone: Asia/Shanghai
state: ./state
outbox: {{commit_every: 400ms}}
broker: {{url: "mqtt://127.0.0.1:{port}", username: store, password_file: ./broker.password, redial_within: 1s}}
buses:
  gateway-b: {{type: tcp, host: 127.0.0.1, port: {dead}}}
devices:
  - {{id: room-1, profile: xy_md02, bus: gateway-b, unit: 1, duty: store_climate, name: {{zh: 店内, en: Room}}}}
"""
WEEK = timedelta(days=7)
ENTRIES = 6000
MACHINE = boot_name().partition(".")[0]
CLOCK = system_clock()


@dataclass
class Bench:
    """A store's folder and the broker that it knows."""

    folder: Path
    port: int
    password: str

    @property
    def outbox(self) -> Path:
        return self.folder / "state" / "outbox.sqlite"

    @contextmanager
    def broker(self) -> Iterator[None]:
        broker = Broker.start(self.folder / "broker", self.port, USERNAME, self.password)
        try:
            yield
        finally:
            broker.kill()

    @contextmanager
    def agent(self) -> Iterator[subprocess.Popen[bytes]]:
        """`edge-agent run`, killed at the end as by kill -9."""
        command = [sys.executable, "-m", "edge_agent", "run", str(self.folder / "site.yaml")]
        with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def head_office(self, behind: timedelta = timedelta()) -> HeadOffice:
        return HeadOffice(self.port, USERNAME, self.password, now=lambda: CLOCK.now() - behind)

    def record(self, stamp: Callable[[datetime], Telemetry]) -> None:
        """A week of polls up to now, which nobody has confirmed, a status with every fiftieth."""
        now = CLOCK.now()
        bodies: list[Body] = []
        for number in range(ENTRIES):
            at = now - WEEK * (1 - (number + 1) / ENTRIES)
            bodies.append(replace(status(), at=at) if number % 50 == 49 else stamp(at))
        with closing(Outbox(self.outbox)) as outbox:
            outbox.append(bodies)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(folder=tmp_path, port=free_port(), password=secrets.token_urlsafe())
    (tmp_path / "broker.password").write_text(made.password)
    (tmp_path / "site.yaml").write_text(SITE.format(port=made.port, dead=free_port()), encoding="utf-8")
    return made


def right(at: datetime) -> Telemetry:
    """By a clock that was right; the machine has run through."""
    mono = CLOCK.mono() - (CLOCK.now() - at).total_seconds()
    return replace(polled(device="room-1"), at=at, boot=f"{MACHINE}.earlier", mono=mono)


def lost(at: datetime) -> Telemetry:
    """By one that began in 1970."""
    began = datetime(1970, 1, 1, tzinfo=UTC) - (CLOCK.now() - WEEK)
    return replace(right(at), at=at + began, clock_trusted=False)


def polls_of(office: HeadOffice) -> list[Telemetry]:
    """Of the week before."""
    return [body for body in office.entries.values() if isinstance(body, Telemetry) and body.boot.endswith("earlier")]


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1200):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("not within a minute")


def everything_arrived(bench: Bench, office: HeadOffice) -> bool:
    return len(office.entries) > ENTRIES and counters_of(bench.outbox).waiting <= 1


def test_the_truth_arrives_before_the_history(bench: Bench) -> None:
    bench.record(right)
    with bench.broker(), bench.head_office() as office:
        with bench.agent():
            until(lambda: everything_arrived(bench, office))
        (stream,) = {stream for stream, _ in office.entries}
        asked, *others = office.came
        live = [seqs for leaf, seqs in others if leaf == "batch"]
        begins = ENTRIES - ENTRIES * (RECENT / WEEK)
        assert len(asked[1]) == 1
        assert isinstance(office.entries[stream, asked[1][0]], AgentStatus)
        assert begins - 5 < live[0][0] < begins + 5
        assert live[0][-1] >= ENTRIES
        # A broker may let the topics overtake one another: what is live is at most a window of history late.
        assert others.index(("batch", live[0])) <= HISTORY.messages
        assert sorted(seqs for leaf, seqs in others if leaf == "history")[0][0] == 1
        assert office.numbers() == list(range(1, len(office.entries) + 1))


def test_an_agent_that_is_killed_half_drained_loses_nothing(bench: Bench) -> None:
    bench.record(right)
    with bench.broker(), bench.head_office() as office:
        for share in (0.3, 0.6):
            with bench.agent():
                until(lambda share=share: len(office.entries) > share * ENTRIES)  # type: ignore[misc]
        with bench.agent():
            until(lambda: everything_arrived(bench, office))
        assert office.numbers() == list(range(1, len(office.entries) + 1))
        polls = polls_of(office)
        assert len(polls) == len({poll.at for poll in polls}) == ENTRIES - ENTRIES // 50


def test_a_week_in_1970_is_a_week_in_this_year(bench: Bench) -> None:
    """The clock was set only when the line came back."""
    bench.record(lost)
    now = CLOCK.now()
    with bench.broker(), bench.head_office() as office, bench.agent():
        until(lambda: everything_arrived(bench, office))
    polls = polls_of(office)
    assert len(polls) == ENTRIES - ENTRIES // 50
    assert all(poll.repaired and poll.clock_trusted for poll in polls)
    assert abs(max(poll.at for poll in polls) - now) < timedelta(minutes=3)
    assert abs(min(poll.at for poll in polls) - (now - WEEK)) < timedelta(minutes=3)
    assert "history" in {leaf for leaf, _ in office.came}


def test_a_clock_that_is_a_day_ahead_is_told_and_its_polls_are_repaired(bench: Bench) -> None:
    """Head office's clock counts; the gateway's polls of before and after the first word agree with it."""
    with bench.broker(), bench.head_office(behind=timedelta(days=1)) as office, bench.agent():
        until(lambda: any(isinstance(body, Telemetry) for body in office.entries.values()))
        now = CLOCK.now()
    polls = [body for body in office.entries.values() if isinstance(body, Telemetry)]
    assert all(poll.repaired and poll.clock_trusted for poll in polls)
    assert all(abs(poll.at - (now - timedelta(days=1))) < timedelta(minutes=1) for poll in polls)
