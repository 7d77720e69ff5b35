"""Small sites for tests: one bus with the devices that are named, or whatever else is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from edge_agent.contract.text import same
from edge_agent.settings import Broker, Bus, ReportPolicy, Site, SiteDevice, TcpBus
from tests.unit.edge_agent.points import CASE, PERIODS, device_of

BUSES: dict[str, Bus] = {name: TcpBus(id=name, host="127.0.0.1", port=port) for name, port in (("a", 502), ("b", 503))}


def case(number: int, bus: str = "a", **changes: Any) -> SiteDevice:
    return replace(device_of(CASE, unit=number, name=f"freezer-{number}"), bus=bus, **changes)


def site_of(*devices: SiteDevice, **changes: Any) -> Site:
    site = Site(
        id="demo-001",
        name=same("Demo"),
        timezone="Asia/Shanghai",
        state=Path("state"),
        broker=Broker(host="127.0.0.1", port=1883, tls=False, username=None, password_file=None),
        poll=PERIODS,
        report=ReportPolicy(at_least_every=timedelta(minutes=5)),
        buses=BUSES,
        devices=devices,
    )
    return replace(site, **changes)
