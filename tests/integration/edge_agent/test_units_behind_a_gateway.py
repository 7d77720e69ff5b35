"""Several indoor units behind one address of a gateway are several devices, and each gets its own values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymodbus.client import AsyncModbusTcpClient

from edge_agent.app import system_clock
from edge_agent.bus.notebook import Notebook
from edge_agent.bus.poller import Poller, pollers_of
from edge_agent.contract.readings import Quality, Reading
from edge_agent.profiles.load import profile
from edge_agent.settings import load_site
from simulators.bench import Bench, serve

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
SITE = """\
store: demo-001
name: {{zh: 示范门店, en: Demo store}}
timezone: Asia/Shanghai
broker: {{url: "mqtt://127.0.0.1"}}
buses:
  gateway: {{type: tcp, host: 127.0.0.1, port: {port}}}
devices:
  - {{id: ac-1, profile: {name}, bus: gateway, unit: 1, instance: {first}, duty: sales_area, name: {{zh: 一, en: A}}}}
  - {{id: ac-2, profile: {name}, bus: gateway, unit: 1, instance: {second}, duty: sales_area, name: {{zh: 二, en: B}}}}
"""


@asynccontextmanager
async def gateway(folder: Path, name: str, first: int, second: int) -> AsyncIterator[tuple[Poller, int]]:
    """The poller of a site with two of four units behind one gateway, and the gateway's port."""
    numbers = tuple(range(first, first + 4))
    bench = Bench(profile=profile(name), unit=1, duty=None, host="127.0.0.1", port=0, instances=numbers)
    line, where = await serve(bench, system_clock())
    port = int(where.rsplit(":", 1)[1])
    text = SITE.format(port=port, name=name, first=first, second=second)
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    (poller,) = pollers_of(load_site(folder / "site.yaml"), "boot-1", Notebook()).values()
    try:
        yield poller, port
    finally:
        await poller.close()
        await line.close()


async def told(poller: Poller, mono: float) -> dict[str, dict[str, Reading]]:
    found: dict[str, dict[str, Reading]] = {"ac-1": {}, "ac-2": {}}
    while True:
        for telemetry in await poller.turn(NOON, mono):
            found[telemetry.device] |= {reading.point: reading for reading in telemetry.readings}
        if poller.next_due_in(mono) > 0.0:
            return found


@pytest.mark.parametrize(("name", "first", "second"), [("coolmasternet", 1, 3), ("daikin_dta116a51", 0, 2)])
async def test_two_units_behind_one_gateway_get_their_own_values(
    tmp_path: Path, name: str, first: int, second: int
) -> None:
    async with gateway(tmp_path, name, first, second) as (poller, _):
        found = await told(poller, 0.0)
    assert [found[device]["sp"].value for device in ("ac-1", "ac-2")] == [18.0 + first, 18.0 + second]
    for readings in found.values():
        assert set(readings) == set(profile(name).points)
        assert {reading.quality for reading in readings.values()} == {Quality.GOOD}


async def test_what_is_set_at_one_unit_is_told_of_that_one_alone(tmp_path: Path) -> None:
    async with gateway(tmp_path, "coolmasternet", 1, 3) as (poller, port):
        await told(poller, 0.0)
        async with AsyncModbusTcpClient("127.0.0.1", port=port) as master:
            await master.write_register(16 * 3 + 2, 275, device_id=1)
            await master.write_coil(16 * 3, False, device_id=1)
        found = await told(poller, 10.0)
    assert {name: reading.value for name, reading in found["ac-2"].items()} == {"sp": 27.5, "power": False}
    assert found["ac-1"] == {}
