"""A line that goes away comes back within ten seconds, whatever it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.bus.poller import Poller
from edge_agent.contract.readings import Quality, Telemetry
from edge_agent.core.profile import ReadLimits
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Bus, RtuBus, RtuTcpBus
from simulators.serial_gateway import SerialGateway
from simulators.serial_server import SerialLine
from tests.integration.edge_agent.lines import QUICK, Board
from tests.unit.edge_agent.points import PERIODS, device_of, point, profile_of

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
WITHIN_S = 10.0
DEVICES = tuple(
    device_of(profile_of(point("temp.control", 5), limits=ReadLimits(max_words=4)), unit, f"freezer-{unit}")
    for unit in (3, 4, 5)
)


@asynccontextmanager
async def poller_on(bus: Bus) -> AsyncIterator[Poller]:
    poller = Poller(
        bus="a",
        line=open_line(bus),
        devices=DEVICES,
        periods=PERIODS,
        at_least_every=timedelta(minutes=5),
        boot="boot",
    )
    try:
        yield poller
    finally:
        await poller.close()


async def turn(poller: Poller) -> list[Telemetry]:
    return await poller.turn(NOON, asyncio.get_running_loop().time())


async def seconds_until(poller: Poller, quality: Quality) -> float:
    """How long it takes until every device is told to be so, at a turn each tenth of a second."""
    began, told = asyncio.get_running_loop().time(), set[str]()
    while len(told) < len(DEVICES):
        assert asyncio.get_running_loop().time() - began < 3 * WITHIN_S
        told |= {one.device for one in await turn(poller) if one.readings[0].quality is quality}
        await asyncio.sleep(0.1)
    return asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("away", [0.0, 4.0])
async def test_an_adapter_that_is_plugged_in_again_is_used_again(tmp_path: Path, away: float) -> None:
    link = tmp_path / "usb-adapter"
    units = {device.unit: Board() for device in DEVICES}
    plugged = SerialLine(units, link)
    await plugged.start()
    async with poller_on(RtuBus(id="a", port=str(link), serial=QUICK)) as poller:
        await seconds_until(poller, Quality.GOOD)
        await plugged.close()
        poller.adopt(DEVICES, {poll: timedelta(seconds=1) for poll in PERIODS}, timedelta(seconds=1))
        await seconds_until(poller, Quality.BUS_DOWN)
        await asyncio.sleep(away)
        plugged = SerialLine(units, link)
        await plugged.start()
        assert await seconds_until(poller, Quality.GOOD) < WITHIN_S
    await plugged.close()


async def test_a_serial_server_that_was_switched_off_is_used_again() -> None:
    units = {device.unit: Board() for device in DEVICES}
    server = SerialGateway(units)
    port = await server.start()
    async with poller_on(RtuTcpBus(id="a", host="127.0.0.1", port=port, serial=QUICK)) as poller:
        await seconds_until(poller, Quality.GOOD)
        await server.close()
        poller.adopt(DEVICES, {poll: timedelta(seconds=1) for poll in PERIODS}, timedelta(seconds=1))
        await seconds_until(poller, Quality.BUS_DOWN)
        server = SerialGateway(units)
        await server.start(port=port)
        assert await seconds_until(poller, Quality.GOOD) < WITHIN_S
    await server.close()
