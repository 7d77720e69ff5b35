"""What an installer writes for a bus → the bus: a serial port, HOST:PORT, or SITE.yaml:BUS."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from edge_agent.contract.text import Text
from edge_agent.core.profile import BAUDS, SerialFormat, Table
from edge_agent.settings import Bus, RtuBus, RtuTcpBus, Site, SiteDevice, TcpBus, load_site
from edge_agent.tools.console import Misuse

_SITE = re.compile(r"^(?P<file>.+\.ya?ml):(?P<bus>[^/:]+)$")
_HOST = re.compile(r"^(?P<rtu>rtu:)?\[?(?P<host>[^/\[\]]+?)\]?:(?P<port>\d{1,5})$")
_RANGE = re.compile(r"^(?P<table>[CDIHcdih])(?P<first>0x[0-9A-Fa-f]+|\d+)(?:-(?P<last>0x[0-9A-Fa-f]+|\d+))?$")
_LAST = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class BusPlace:
    """`devices` are those that a site file expects there, `profiles` the folder of the store's own profiles; without a
    site file there is neither."""

    bus: Bus
    devices: tuple[SiteDevice, ...] = ()
    profiles: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Addresses `first`..`last` of one table."""

    table: Table
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


def place_of(argument: str, line: SerialFormat) -> BusPlace:
    """`line` is the format of a bare serial port or serial server. Raises Misuse, Faulty."""
    if match := _SITE.match(argument):
        return _site_place(Path(match["file"]), match["bus"])
    match = _HOST.match(argument)
    if match is None:
        return BusPlace(bus=RtuBus(id=argument, port=argument, serial=line))
    host, port = match["host"], int(match["port"])
    if not 1 <= port <= _LAST:
        raise Misuse(Text(zh=f"{argument}:端口为 1 到 {_LAST}", en=f"{argument}: ports are 1 to {_LAST}"))
    if match["rtu"]:
        return BusPlace(bus=RtuTcpBus(id=argument, host=host, port=port, serial=line))
    return BusPlace(bus=TcpBus(id=argument, host=host, port=port))


def span_of(argument: str) -> Span:
    """`H2500-2600`, `I30`, `C0x10-0x1F`. Raises Misuse."""
    match = _RANGE.match(argument)
    first = int(match["first"], 0) if match else 0
    last = int(match["last"] or match["first"], 0) if match else -1
    if not match or not first <= last <= _LAST:
        raise Misuse(
            Text(
                zh=f"{argument} 不是地址范围;请写成 H2500-2600(C 线圈、D 离散输入、I 输入寄存器、H 保持寄存器)",
                en=f"{argument} is no range; write H2500-2600 (C coils, D discrete inputs, I input, H holding "
                f"registers)",
            )
        )
    return Span(table=Table(match["table"].upper()), first=first, last=last)


def add_bus(parser: argparse.ArgumentParser) -> None:
    help_ = (
        "串口、主机:端口、rtu:主机:端口(串口服务器)或 SITE.yaml:总线 / port, HOST:PORT, rtu:HOST:PORT, SITE.yaml:BUS"
    )
    parser.add_argument("bus", metavar="BUS", help=help_)


def add_line(parser: argparse.ArgumentParser) -> None:
    """The format of a bare serial port."""
    parser.add_argument(
        "--baud", type=int, choices=BAUDS, metavar="N", default=9600, help="波特率 / of a serial port (9600)"
    )
    parser.add_argument("--parity", choices="NEO", default="E", help="校验 / of a serial port (E)")
    parser.add_argument("--stop-bits", type=int, choices=(1, 2), default=1, help="停止位 / of a serial port (1)")


def line_of(arguments: argparse.Namespace) -> SerialFormat:
    return SerialFormat(baud=arguments.baud, parity=arguments.parity, stop_bits=arguments.stop_bits)


def device_of(site: Site, device_id: str) -> SiteDevice:
    """Raises Misuse."""
    for device in site.devices:
        if device.id == device_id:
            return device
    known = ", ".join(device.id for device in site.devices)
    raise Misuse(Text(zh=f"没有设备 {device_id};有:{known}", en=f"there is no device {device_id}; there are: {known}"))


def no_such_bus(path: Path, bus: str, site: Site) -> Text:
    known = ", ".join(site.buses)
    return Text(zh=f"{path} 中没有总线 {bus};有:{known}", en=f"{path} has no bus {bus}; it has: {known}")


def _site_place(path: Path, bus: str) -> BusPlace:
    site = load_site(path)
    if bus not in site.buses:
        raise Misuse(no_such_bus(path, bus, site))
    return BusPlace(bus=site.buses[bus], devices=site.devices_on(bus), profiles=site.profiles)
