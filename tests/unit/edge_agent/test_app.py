"""What the wiring itself decides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.app import Agent, AgentRunsAlready, boot_name, sole_use, system_clock
from edge_agent.contract.readings import AgentStatus, BusHealth, Telemetry
from edge_agent.contract.text import same
from edge_agent.core.agenda import Periods
from edge_agent.core.profile import Poll
from edge_agent.core.trust import RELEASED_AT
from edge_agent.outbox.file import PAGE_BYTES
from edge_agent.outbox.queue import Outbox
from edge_agent.settings import Broker, ReportPolicy, Site, SiteDevice, TcpBus
from edge_agent.timekeeper import Timekeeper
from edge_agent.watchdog import Notifier
from tests.unit.edge_agent.bodies import entries_of, polled


def test_a_store_has_one_agent(tmp_path: Path) -> None:
    with sole_use(tmp_path / "state"), pytest.raises(AgentRunsAlready), sole_use(tmp_path / "state"):
        pass
    with sole_use(tmp_path / "state"):
        pass


def test_every_run_has_its_own_name() -> None:
    one, other = boot_name(), boot_name()
    assert one != other
    assert one.split(".")[0] == other.split(".")[0]


def test_the_clock_goes() -> None:
    clock = system_clock()
    assert clock.now() > RELEASED_AT
    assert clock.mono() <= clock.mono()


class IdlePoller:
    async def turn(self, at: datetime, mono: float) -> list[Telemetry]:  # noqa: ARG002 — the poller's shape
        return []

    def next_due_in(self, mono: float) -> float:  # noqa: ARG002 — the poller's shape
        return 1.0

    def health(self) -> BusHealth:
        return BusHealth(bus="b", up=True, turns=0, requests=0, no_answers=0, refusals=0, cycle_s=0.0)

    def adopt(self, devices: Sequence[SiteDevice], periods: Periods, at_least_every: timedelta) -> None: ...

    async def close(self) -> None: ...


def site_in(folder: Path) -> Site:
    """Nobody has written its broker's password yet: it dials nowhere."""
    second = timedelta(seconds=1)
    return Site(
        id="demo-001",
        name=same("Demo"),
        timezone="Asia/Shanghai",
        state=folder,
        broker=Broker(host="127.0.0.1", port=1, tls=False, username="store", password_file=folder / "none"),
        poll={Poll.FAST: second, Poll.NORMAL: second, Poll.SLOW: second},
        report=ReportPolicy(at_least_every=second),
        buses={"b": TcpBus(id="b", host="127.0.0.1", port=1)},
        devices=(),
    )


async def test_an_outbox_that_is_found_ruined_at_the_start_does_not_end_the_agent(tmp_path: Path) -> None:
    file = tmp_path / "outbox.sqlite"
    with closing(Outbox(file)) as outbox:
        for begin in range(0, 4000, 1000):
            outbox.append([polled(number) for number in range(begin, begin + 1000)])
    with file.open("r+b") as damaged:
        damaged.seek(PAGE_BYTES)
        damaged.write(bytes(PAGE_BYTES))
    clock, stop = system_clock(), asyncio.Event()
    agent = Agent(site_in(tmp_path), clock, lambda _: {"b": IdlePoller()}, Timekeeper(clock, "m.run"), Notifier({}))
    task = asyncio.create_task(agent.live(stop))
    await asyncio.wait({task}, timeout=1)
    assert not task.done()
    stop.set()
    await task
    with closing(Outbox(file)) as outbox:
        assert [type(entry.body) for entry in entries_of(outbox)].count(AgentStatus) == 1
        assert outbox.counters().corrupt_total == 4000
