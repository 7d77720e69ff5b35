"""A bus of the site file → the line that speaks on it."""

from __future__ import annotations

from functools import partial

from edge_agent.core.health import LineAccount
from edge_agent.drivers import socket_port
from edge_agent.drivers.base import WritableLine
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.drivers.serial_line import open_serial
from edge_agent.drivers.socket_port import open_socket
from edge_agent.drivers.tcp_line import TcpLine
from edge_agent.settings import Bus, RtuTcpBus, TcpBus


def open_line(bus: Bus, account: LineAccount | None = None) -> WritableLine:
    """Opens nothing yet: that comes with the first read. What is asked and answered is noted in `account`."""
    if isinstance(bus, TcpBus):
        return TcpLine(bus.host, bus.port, account)
    if isinstance(bus, RtuTcpBus):
        opening = partial(open_socket, bus.host, bus.port)
        return RtuLine(opening, bus.serial.baud, account, forwarding=socket_port.FORWARDING)
    return RtuLine(partial(open_serial, bus.port, bus.serial), bus.serial.baud, account)
