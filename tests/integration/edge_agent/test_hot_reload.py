"""A site file is changed under the agent that runs: who did not change is polled on as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymodbus.pdu import ModbusPDU

from edge_agent.app import system_clock
from edge_agent.contract.clock import Clock
from edge_agent.contract.readings import AgentStatus, Telemetry
from edge_agent.contract.text import same
from edge_agent.core.profile import Poll
from edge_agent.outbox.queue import Outbox, counters_of
from edge_agent.profiles.load import profile
from simulators.broker import Broker, free_port
from simulators.live import LiveStore
from simulators.modbus_server import Gateway, Unit
from simulators.store import Place, start
from tests.integration.edge_agent.head_office import HeadOffice
from tests.unit.edge_agent.bodies import entries_of

ROOT = Path(__file__).parents[3]
FACTOR = 10
PERIOD_S = 1.0
"""Wall time of the fast polls, 10 s of the store."""

SITE = """\
store: demo-001
name: {{zh: 示范门店, en: Demo store}}
timezone: Asia/Shanghai
broker: {{url: "mqtt://127.0.0.1:{broker}", username: store, password_file: ./broker.password}}
poll: {{fast: 10s, normal: 10s}}
report: {{at_least_every: 1h}}
buses:
  gateway-a: {{type: tcp, host: 127.0.0.1, port: {gateway}}}
devices:
  - {{id: case-1, profile: danfoss_ekc202d, bus: gateway-a, unit: 1, duty: freezer, name: {{zh: 冷柜, en: Case}}}}
  - {{id: room-1, profile: xy_md02, bus: gateway-a, unit: 2, duty: store_climate, name: {{zh: 店内, en: Room}}}}
"""
ONE_MORE = (
    "  - {id: room-2, profile: xy_md02, bus: gateway-a, unit: 3, duty: store_climate, name: {zh: 店, en: More}}\n"
)
PROFILES = {1: ("danfoss_ekc202d", "freezer"), 2: ("xy_md02", "store_climate"), 3: ("xy_md02", "store_climate")}


@dataclass
class Counted:
    """A controller that notes when it was asked."""

    unit: Unit
    asked_at: list[float] = field(default_factory=list)

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        self.asked_at.append(asyncio.get_running_loop().time())
        return self.unit.answer(request)

    def polls(self) -> list[float]:
        """Requests that follow one another at once are one poll."""
        return [
            at for before, at in zip([float("-inf"), *self.asked_at], self.asked_at, strict=False) if at - before > 0.2
        ]


class CountedGateway(Gateway):
    """Counts the connections that it was asked for."""

    connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await super().serve(reader, writer)


def controllers(clock: Clock) -> dict[int, Counted]:
    places = tuple(
        Place(device=f"unit-{unit}", name=same(duty), duty=duty, profile=profile(name), bus="gateway-a", unit=unit)
        for unit, (name, duty) in PROFILES.items()
    )
    store = LiveStore(places, start(places, clock.now(), ZoneInfo("Asia/Shanghai")), clock)
    return {unit: Counted(controller) for unit, controller in store.units("gateway-a").items()}


@dataclass
class Bench:
    """The agent as a program of its own, and the controllers behind its gateway."""

    file: Path
    gateway: CountedGateway
    units: Mapping[int, Counted]
    process: Process
    told: list[str] = field(default_factory=list)

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    async def hears(self, words: str) -> str:
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while words not in (line := (await self.process.stderr.readline()).decode()):
                assert line, self.told
                self.told.append(line)
        return line

    def bodies(self) -> list[Any]:
        with closing(Outbox(self.file.parent / "state" / "outbox.sqlite")) as outbox:
            return [entry.body for entry in entries_of(outbox)]


@asynccontextmanager
async def running(folder: Path, broker: int = 1) -> AsyncIterator[Bench]:
    machine = system_clock()
    argument = f"2026-07-15T00:00:00Z@{machine.wall()!r}x{FACTOR}"
    units = controllers(system_clock(argument))
    gateway = CountedGateway(units)
    file = folder / "site.yaml"
    file.write_text(SITE.format(broker=broker, gateway=await gateway.start()), encoding="utf-8")
    file.with_name("broker.password").write_text("wrong", encoding="utf-8")
    os.utime(file, (1e9, 1e9))
    command = [sys.executable, "-m", "edge_agent", "run", str(file), "--clock", argument]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=PIPE)
    try:
        bench = Bench(file=file, gateway=gateway, units=units, process=process)
        await bench.hears("ready store=")
        yield bench
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), 10)
        await gateway.close()


async def test_a_store_is_rebuilt_and_nobody_else_misses_a_poll(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        began_at = asyncio.get_running_loop().time()
        bench.edit("en: Room", "en: Shop floor")
        assert "changed=room-1" in await bench.hears("settings taken over")
        bench.file.write_text(bench.file.read_text(encoding="utf-8") + ONE_MORE, encoding="utf-8")
        assert "added=room-2" in await bench.hears("settings taken over")
        bench.edit("unit: 3", "unit: 300")
        bench.hang_up()
        assert "site.yaml:12: " in await bench.hears("settings refused")
        bench.edit("unit: 300", "unit: 3")
        bench.edit("en: More", "en: Store room")
        bench.hang_up()
        assert "changed=room-2" in await bench.hears("settings taken over")
        await asyncio.sleep(2 * PERIOD_S)
        lasted = asyncio.get_running_loop().time() - began_at
    for unit in (1, 2):
        polls = [at for at in bench.units[unit].polls() if began_at <= at <= began_at + lasted]
        assert len(polls) >= int(lasted / PERIOD_S) - 1
        assert max(later - earlier for earlier, later in pairwise(polls)) < 1.8 * PERIOD_S
    assert len(bench.units[3].polls()) >= 3
    assert bench.gateway.connections == 1
    assert_head_office_hears_in_order(bench.bodies())


def assert_head_office_hears_in_order(bodies: list[Any]) -> None:
    """Every inventory at once and before its readings; what did not change is not told again."""
    inventories = [[device.name.en for device in status.devices] for status in statuses(bodies)]
    assert [names for at, names in enumerate(inventories) if at == 0 or names != inventories[at - 1]] == [
        ["Case", "Room"],
        ["Case", "Shop floor"],
        ["Case", "Shop floor", "More"],
        ["Case", "Shop floor", "Store room"],
    ]
    first = {name: next(at for at, body in enumerate(bodies) if told_by(body, name)) for name in ("case-1", "room-2")}
    assert any(device.id == "room-2" for status in statuses(bodies[: first["room-2"]]) for device in status.devices)
    slow = {point.name for point in profile("danfoss_ekc202d").points.values() if point.poll in {Poll.SLOW, Poll.ONCE}}
    told = [reading.point for body in bodies if told_by(body, "case-1") for reading in body.readings]
    assert slow
    assert {told.count(name) for name in slow} == {1}


def told_by(body: object, device: str) -> bool:
    return isinstance(body, Telemetry) and body.device == device


def statuses(bodies: list[Any]) -> list[AgentStatus]:
    return [body for body in bodies if isinstance(body, AgentStatus)]


async def test_another_bus_gets_another_line(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        other = CountedGateway(bench.units)
        port = await other.start()
        text = bench.file.read_text(encoding="utf-8")
        old = next(line for line in text.splitlines() if "type: tcp" in line)
        bench.edit(old, f"  gateway-a: {{type: tcp, host: 127.0.0.1, port: {port}}}")
        bench.hang_up()
        assert "buses_renewed=gateway-a" in await bench.hears("settings taken over")
        asked = len(bench.units[1].polls())
        async with asyncio.timeout(10):
            while len(bench.units[1].polls()) < asked + 2:
                await asyncio.sleep(0.1)
        assert (bench.gateway.connections, other.connections) == (1, 1)
        assert not bench.gateway._writers
        bench.process.terminate()
        await bench.process.wait()
        await other.close()


async def test_the_way_to_head_office_is_mended_while_the_store_is_watched(tmp_path: Path) -> None:
    port, password = free_port(), secrets.token_urlsafe()
    (tmp_path / "broker").mkdir()
    broker = Broker.start(tmp_path / "broker", port, "store", password)
    try:
        async with running(tmp_path) as bench:
            bench.edit('127.0.0.1:1"', f'127.0.0.1:{port}"')
            bench.hang_up()
            await bench.hears("broker=renewed")
            bench.file.with_name("broker.password").write_text(password, encoding="utf-8")
            await bench.hears("broker=renewed")
            await bench.hears("broker connected")
            with HeadOffice(port, "store", password) as office:
                bench.edit("en: Room", "en: Shop floor")
                await bench.hears("settings taken over")
                async with asyncio.timeout(30):
                    while "Shop floor" not in names_told(office):
                        await asyncio.sleep(0.1)
                    while office.numbers() != list(
                        range(1, counters_of(tmp_path / "state" / "outbox.sqlite").last_seq + 1)
                    ):
                        await asyncio.sleep(0.1)
    finally:
        broker.kill()


def names_told(office: HeadOffice) -> set[str]:
    return {device.name.en for body in statuses(list(office.entries.values())) for device in body.devices}


@pytest.mark.parametrize("key", ["store", "state"])
async def test_what_cannot_be_changed_says_so(tmp_path: Path, key: str) -> None:
    async with running(tmp_path) as bench:
        bench.edit("store: demo-001", "store: demo-002" if key == "store" else "store: demo-001\nstate: ./elsewhere")
        bench.hang_up()
        assert "restart the agent" in await bench.hears(f"{key} cannot be changed while the agent runs")
        assert bench.process.returncode is None
