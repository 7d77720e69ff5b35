"""Lines in virtual time with a sick controller and a well one, of each kind that the agent can speak on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from edge_agent.core.profile import SerialFormat
from edge_agent.drivers.base import Line
from edge_agent.drivers.open_line import open_line
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.settings import RtuTcpBus, TcpBus
from simulators.controllers import Controllers, Manner
from simulators.line_faults import FaultShare, Framing, LineFault, faults_on
from simulators.line_timing import LineTiming
from simulators.modbus_server import Gateway
from simulators.serial_gateway import SerialGateway
from tests.conversations import PATIENCE, VirtualPort, truths_of
from tests.virtual_time import lead_to

SICK, WELL = 1, 2
TIMING = LineTiming(baud=9600, grain=8)
Bench = Callable[[dict[int, Manner]], AbstractAsyncContextManager[tuple[Line, Controllers]]]


@asynccontextmanager
async def rtu(manners: dict[int, Manner]) -> AsyncIterator[tuple[Line, Controllers]]:
    controllers = Controllers(truths_of(2, asyncio.get_running_loop().time), manners)
    port = VirtualPort(controllers, TIMING)

    async def ready() -> VirtualPort:
        return port

    line = RtuLine(ready, TIMING.baud)
    yield line, controllers
    await line.close()
    await port.unplug()


@asynccontextmanager
async def gateway(manners: dict[int, Manner]) -> AsyncIterator[tuple[Line, Controllers]]:
    server = Gateway(truths_of(2, asyncio.get_running_loop().time), manners=manners)
    lead_to(server.serve, "gateway", 502)
    line = open_line(TcpBus(id="gateway", host="gateway", port=502))
    yield line, server.controllers
    await line.close()
    await server.close()
    await asyncio.sleep(0.1)


@asynccontextmanager
async def dtu(manners: dict[int, Manner]) -> AsyncIterator[tuple[Line, Controllers]]:
    server = SerialGateway(truths_of(2, asyncio.get_running_loop().time), manners=manners, timing=TIMING)
    lead_to(server.serve, "dtu", 4001)
    serial = SerialFormat(baud=TIMING.baud, parity="N", stop_bits=1)
    line = open_line(RtuTcpBus(id="dtu", host="dtu", port=4001, serial=serial))
    yield line, server.controllers
    await line.close()
    await server.close()
    await asyncio.sleep(0.1)


CASES = [
    *((rtu, fault) for fault in sorted(faults_on(Framing.RTU, socket=False))),
    *((gateway, fault) for fault in sorted(faults_on(Framing.TCP, socket=True))),
    *((dtu, fault) for fault in sorted(faults_on(Framing.RTU, socket=True))),
]


def sick(fault: LineFault) -> Manner:
    return Manner(turnaround=0.01, patience=PATIENCE.total_seconds(), faults=(FaultShare(faults=(fault,)),))
