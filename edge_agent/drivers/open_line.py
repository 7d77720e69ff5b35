"""A bus of the site file → the line that speaks on it."""

from __future__ import annotations

from functools import partial

from edge_agent.drivers.base import Line
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.drivers.serial_line import open_serial
from edge_agent.drivers.tcp_line import TcpLine
from edge_agent.settings import Bus, TcpBus


def open_line(bus: Bus) -> Line:
    """Opens nothing yet: that comes with the first read."""
    if isinstance(bus, TcpBus):
        return TcpLine(bus.host, bus.port)
    return RtuLine(partial(open_serial, bus.port, bus.serial), bus.serial.baud)
