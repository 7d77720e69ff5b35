"""The bus side whole: the demo store's site file, and simulated controllers on a pty and a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_agent.__main__ import main
from edge_agent.app import system_clock
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.poller import Poller, pollers_of
from edge_agent.contract.readings import Quality, Telemetry
from edge_agent.settings import Site, load_site
from simulators.faults import Injection
from simulators.lines import Lines, gateway_buses, serial_paths
from simulators.live import LiveStore
from simulators.places import places_of
from simulators.store import start

DEMO = Path("configs/sites/demo-store.yaml")
NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)


@asynccontextmanager
async def store_in(folder: Path) -> AsyncIterator[tuple[Site, LiveStore]]:
    """The demo store with its lines open below `folder`."""
    file = folder / "site.yaml"
    file.write_text(DEMO.read_text(encoding="utf-8"), encoding="utf-8")
    site = load_site(file)
    clock = system_clock()
    places = places_of(site)
    store = LiveStore(places, start(places, clock.now(), ZoneInfo("Asia/Shanghai")), clock)
    lines = Lines()
    ports = await lines.open_gateways(store, gateway_buses(site))
    await lines.open_serial(store, serial_paths(site))
    file.write_text(DEMO.read_text(encoding="utf-8").replace("1502", str(ports["gateway-b"])), encoding="utf-8")
    try:
        yield load_site(file), store
    finally:
        await lines.close()


async def turn_until_quiet(poller: Poller, mono: float) -> list[Telemetry]:
    told = await poller.turn(NOON, mono)
    while poller.next_due_in(mono) == 0.0:
        told += await poller.turn(NOON, mono)
    return told


def qualities(told: list[Telemetry]) -> dict[str, set[Quality]]:
    found: dict[str, set[Quality]] = {}
    for telemetry in told:
        found.setdefault(telemetry.device, set()).update(reading.quality for reading in telemetry.readings)
    return found


async def test_every_point_of_every_device_is_read(tmp_path: Path) -> None:
    async with store_in(tmp_path) as (site, _):
        pollers = pollers_of(site, "boot-1", Notebook())
        told = [telemetry for poller in pollers.values() for telemetry in await turn_until_quiet(poller, 0.0)]
        for poller in pollers.values():
            await poller.close()
    assert qualities(told) == {device.id: {Quality.GOOD} for device in site.devices}
    points = {telemetry.device: {reading.point for reading in telemetry.readings} for telemetry in told}
    assert points == {device.id: {*device.profile.points, *device.profile.derived} for device in site.devices}
    assert len(told) == len(site.devices)


async def test_a_device_is_read_once_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with store_in(tmp_path):
        status = await asyncio.to_thread(main, ["read", str(tmp_path / "site.yaml"), "freezer-1", "--json"])
    readings = {reading["point"]: reading for reading in json.loads(capsys.readouterr().out)}
    assert status == 0
    assert readings["temp.control"]["unit"] == "°C"
    assert readings["temp.control"]["quality"] == "good"
    assert -30 < readings["temp.control"]["value"] < -10
    assert readings["defrost.active"]["value"] in {True, False}


async def test_a_person_reads_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with store_in(tmp_path):
        status = await asyncio.to_thread(main, ["read", str(tmp_path / "site.yaml"), "climate-1"])
    out = capsys.readouterr().out.splitlines()
    assert status == 0
    assert [line.split()[0] for line in out] == ["temp", "hum"]
    assert "°C" in out[0]


@pytest.mark.parametrize(("device", "bus"), [("freezer-1", "line-a"), ("ac-1", "gateway-b")])
async def test_a_silent_controller_is_missed_and_its_neighbours_are_not(tmp_path: Path, device: str, bus: str) -> None:
    async with store_in(tmp_path) as (site, store):
        silence = Injection(device=device, fault="controller_silent", at=timedelta(days=-1))
        store.begin_story([silence])
        poller = pollers_of(site, "boot-1", Notebook())[bus]
        told = [telemetry for mono in (0.0, 30.0, 60.0) for telemetry in await turn_until_quiet(poller, mono)]
        await poller.close()
    assert {name: Quality.NO_ANSWER in found for name, found in qualities(told).items()} == {
        each.id: each.id == device for each in site.devices_on(bus)
    }
