"""A site file is changed while its serial line is polled: the port stays open, and nobody else misses a poll."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.app import system_clock
from edge_agent.contract.clock import Clock
from edge_agent.contract.text import same
from edge_agent.profiles.load import profile
from simulators.live import LiveStore
from simulators.serial_server import SerialLine
from simulators.store import Place, start
from tests.integration.edge_agent.test_hot_reload import FACTOR, PERIOD_S, ROOT, Counted

HEAD = """\
store: demo-001
name: {zh: 示范门店, en: Demo store}
timezone: Asia/Shanghai
broker: {url: "mqtt://127.0.0.1:1"}
poll: {fast: 10s, normal: 10s}
report: {at_least_every: 1h}
buses:
  line-a: {type: rtu, port: ./line-a, baud: 9600, parity: E, stop_bits: 1}
devices:
"""
CASE = (
    "  - {{id: case-{unit}, profile: danfoss_ekc202d, bus: line-a, unit: {unit}, duty: freezer, "
    "name: {{zh: 柜, en: {name}}}}}\n"
)
UNITS = (1, 2, 3)


@dataclass
class Bench:
    file: Path
    units: dict[int, Counted]
    process: asyncio.subprocess.Process

    def change(self, **names: str) -> None:
        cases = (CASE.format(unit=name.removeprefix("unit"), name=label) for name, label in names.items())
        self.file.write_text(HEAD + "".join(cases), encoding="utf-8")
        self.process.send_signal(signal.SIGHUP)

    async def hears(self, words: str) -> None:
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while line := (await self.process.stderr.readline()).decode():
                if words in line:
                    return
        raise AssertionError(f"the agent ended without saying: {words}")


def controllers(clock: Clock) -> dict[int, Counted]:
    known = profile("danfoss_ekc202d")
    places = tuple(
        Place(device=f"case-{unit}", name=same("Case"), duty="freezer", profile=known, bus="line-a", unit=unit)
        for unit in UNITS
    )
    store = LiveStore(places, start(places, clock.now(), ZoneInfo("Asia/Shanghai")), clock)
    return {unit: Counted(controller) for unit, controller in store.units("line-a").items()}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Bench]:
    argument = f"2026-07-15T00:00:00Z@{system_clock().wall()!r}x{FACTOR}"
    units = controllers(system_clock(argument))
    line = SerialLine(units, folder / "line-a")
    await line.start()
    (folder / "site.yaml").write_text(HEAD + CASE.format(unit=1, name="One") + CASE.format(unit=2, name="Two"), "utf-8")
    command = [sys.executable, "-m", "edge_agent", "run", str(folder / "site.yaml"), "--clock", argument]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=PIPE)
    try:
        bench = Bench(folder / "site.yaml", units, process)
        await bench.hears("ready store=")
        yield bench
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), 10)
        await line.close()


async def test_the_port_stays_open_and_the_unchanged_are_polled_on(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        async with asyncio.timeout(20):
            while not all(bench.units[unit].polls() for unit in (1, 2)):
                await asyncio.sleep(0.05)
        (tmp_path / "line-a").unlink()  # whoever opened it anew would find nothing
        began_at = asyncio.get_running_loop().time()
        bench.change(unit1="One", unit2="Renamed", unit3="New")
        await bench.hears("settings taken over")
        await asyncio.sleep(2.5 * PERIOD_S)
        bench.change(unit1="One", unit3="New")
        await bench.hears("settings taken over")
        await asyncio.sleep(2.5 * PERIOD_S)
        ended_at = asyncio.get_running_loop().time()
        removed = len(bench.units[2].asked_at)
        await asyncio.sleep(1.5 * PERIOD_S)
    polls = [at for at in bench.units[1].polls() if began_at <= at <= ended_at]
    assert len(polls) >= int((ended_at - began_at) / PERIOD_S) - 1
    assert max(later - earlier for earlier, later in pairwise(polls)) < 1.8 * PERIOD_S
    assert len(bench.units[3].polls()) >= 3
    assert len(bench.units[2].asked_at) == removed
