"""The running agent against a real broker that comes late, is killed and comes back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.app import Agent, system_clock
from edge_agent.contract.readings import AgentStatus, BusHealth, Telemetry
from edge_agent.contract.text import same
from edge_agent.core.agenda import Periods
from edge_agent.core.profile import Poll
from edge_agent.outbox.queue import Outbox, counters_of
from edge_agent.settings import Broker as BrokerAddress
from edge_agent.settings import ReportPolicy, Site, SiteDevice, TcpBus
from edge_agent.timekeeper import Timekeeper
from edge_agent.watchdog import Notifier
from simulators.broker import Broker, free_port
from tests.integration.edge_agent.head_office import HeadOffice
from tests.unit.edge_agent.bodies import polled

USERNAME = "store"
SECOND = timedelta(seconds=1)


class BusyPoller:
    """Brings a few polls every turn."""

    def __init__(self) -> None:
        self.turns = 0
        self.closed = False

    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:  # noqa: ARG002 — the poller's shape
        self.turns += 1
        return [polled(self.turns, device=f"freezer-{n}") for n in range(3)]

    def next_due_in(self, mono: float) -> float:  # noqa: ARG002 — the poller's shape
        return 1.0

    def health(self) -> BusHealth:
        return BusHealth(bus="b", up=True, turns=self.turns, requests=0, no_answers=0, refusals=0, cycle_s=0.0)

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None: ...

    async def close(self) -> None:
        self.closed = True


@dataclass
class Bench:
    """A store's folder, a broker's port and password, and what started on them."""

    folder: Path
    port: int
    password: str
    brokers: list[Broker]

    @property
    def outbox(self) -> Path:
        return self.folder / "state" / "outbox.sqlite"

    def start_broker(self) -> Broker:
        self.brokers.append(Broker.start(self.folder / "broker", self.port, USERNAME, self.password))
        return self.brokers[-1]

    def head_office(self) -> HeadOffice:
        return HeadOffice(self.port, USERNAME, self.password)

    def site(self) -> Site:
        secret = self.folder / "broker.password"
        secret.write_text(f"{self.password}\n")
        return Site(
            id="demo-001",
            name=same("Demo"),
            timezone="Asia/Shanghai",
            state=self.folder / "state",
            broker=BrokerAddress(
                host="127.0.0.1",
                port=self.port,
                tls=False,
                username=USERNAME,
                password_file=secret,
                redial_within=SECOND,
            ),
            poll={Poll.FAST: SECOND, Poll.NORMAL: SECOND, Poll.SLOW: SECOND},
            report=ReportPolicy(at_least_every=SECOND),
            buses={"b": TcpBus(id="b", host="127.0.0.1", port=1)},
            devices=(),
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(folder=tmp_path, port=free_port(), password=secrets.token_urlsafe(), brokers=[])
    yield made
    for broker in made.brokers:
        broker.kill()


@asynccontextmanager
async def agent(bench: Bench) -> AsyncIterator[BusyPoller]:
    """An agent that lives for the block, at ten times the pace of the wall, and stops in time."""
    poller, stop = BusyPoller(), asyncio.Event()
    machine = system_clock()
    clock = system_clock(f"2026-07-15T00:00:00Z@{machine.wall()!r}x10")
    running = Agent(bench.site(), clock, lambda _: {"b": poller}, Timekeeper(clock, "machine.run"), Notifier({}))
    task = asyncio.create_task(running.live(stop))
    try:
        yield poller
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)
        assert poller.closed


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def everything_arrived(bench: Bench, office: HeadOffice) -> bool:
    return office.numbers() == list(range(1, counters_of(bench.outbox).last_seq + 1))


async def test_what_the_buses_bring_reaches_head_office(bench: Bench) -> None:
    bench.start_broker()
    with bench.head_office() as office:
        async with agent(bench) as poller:
            await until(lambda: len(office.numbers()) > 30)
        assert everything_arrived(bench, office)
        assert counters_of(bench.outbox).waiting == 0
        first = min(office.entries.items(), key=lambda item: item[0][1])[1]
        assert isinstance(first, AgentStatus)
        assert counters_of(bench.outbox).last_seq == 3 * poller.turns + 1


async def test_it_polls_on_without_a_broker_and_delivers_when_one_comes(bench: Bench) -> None:
    with bench.head_office() as office:
        async with agent(bench) as poller:
            await until(lambda: poller.turns > 10)
            bench.start_broker()
            # Whoever of the two dials first decides whether the first batches find a listener, or are sent again.
            await until(lambda: len(office.numbers()) > 30 and office.numbers()[0] == 1)
        assert everything_arrived(bench, office)


async def test_a_broker_that_is_killed_and_comes_back_loses_nothing(bench: Bench) -> None:
    broker = bench.start_broker()
    with bench.head_office() as office:
        async with agent(bench):
            for _ in range(2):
                before = len(office.numbers())
                await until(lambda before=before: len(office.numbers()) > before + 15)  # type: ignore[misc]
                broker.kill()
                await asyncio.sleep(0.5)
                broker = bench.start_broker()
            before = len(office.numbers())
            await until(lambda: len(office.numbers()) > before + 15)
        assert everything_arrived(bench, office)
        assert counters_of(bench.outbox).waiting == 0


async def test_a_puback_empties_nothing(bench: Bench) -> None:
    """The broker takes every message; nobody at head office stores it."""
    bench.start_broker()
    with bench.head_office() as office:
        office.deaf = True
        async with agent(bench) as poller:
            await until(lambda: poller.turns > 10)
        counters = counters_of(bench.outbox)
        assert (counters.confirmed_total, counters.waiting) == (0, counters.entries_total)


async def test_a_backlog_travels_in_windows_and_is_confirmed(bench: Bench) -> None:
    with closing(Outbox(bench.outbox)) as outbox:
        outbox.append([polled(number) for number in range(20_000)])
    bench.start_broker()
    with bench.head_office() as office:
        async with agent(bench):
            await until(lambda: len(office.numbers()) > 20_000)
        assert everything_arrived(bench, office)
        assert office.messages < 400


async def test_a_wrong_password_is_tried_again_without_end(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.start_broker()
    bench.password = "wrong"
    async with agent(bench) as poller:
        await until(lambda: poller.turns > 15)
    refusals = [record.message for record in caplog.records if "not reached" in record.message]
    assert len(refusals) == 1
    assert "Not authorized" in refusals[0]
