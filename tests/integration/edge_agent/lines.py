"""The three kinds of line with the same controllers on them, as a site file would name them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from edge_agent.core.health import LineAccount
from edge_agent.core.profile import SerialFormat
from edge_agent.drivers.base import WritableLine
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Bus, RtuBus, RtuTcpBus, TcpBus
from simulators.controllers import Manner
from simulators.modbus_server import Gateway
from simulators.serial_gateway import SerialGateway
from simulators.serial_server import SerialLine

KINDS = ("rtu", "rtu_tcp", "tcp")
QUICK = SerialFormat(baud=115200, parity="N", stop_bits=1)


class Board:
    """A controller with 16 holding registers and coils that can be read and set; each register begins as its address.

    `served` tells each request, in their order, by function.
    """

    def __init__(self) -> None:
        self.registers = list(range(16))
        self.coils = [False] * 16
        self.served: list[int] = []

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        self.served.append(request.function_code)
        at, count = request.address, max(request.count, 1)
        if at + count > 16:
            return ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_ADDRESS)
        match request.function_code:
            case 1:
                return bits.ReadCoilsResponse(bits=self.coils[at : at + count])
            case 3:
                return registers.ReadHoldingRegistersResponse(registers=self.registers[at : at + count])
            case 5 | 15:
                self.coils[at : at + len(request.bits[:count])] = request.bits[:count]
            case 6 | 16:
                self.registers[at : at + len(request.registers)] = request.registers
        return self._echo(request, at, count)

    @staticmethod
    def _echo(request: ModbusPDU, at: int, count: int) -> ModbusPDU:
        match request.function_code:
            case 5:
                return bits.WriteSingleCoilResponse(address=at, bits=request.bits[:1])
            case 6:
                return registers.WriteSingleRegisterResponse(address=at, registers=request.registers)
            case 15:
                return bits.WriteMultipleCoilsResponse(address=at, count=count)
        return registers.WriteMultipleRegistersResponse(address=at, count=count)


@asynccontextmanager
async def line_of(
    kind: str,
    folder: Path,
    units: Mapping[int, Board],
    manners: Mapping[int, Manner] | None = None,
    account: LineAccount | None = None,
) -> AsyncIterator[WritableLine]:
    peer: SerialLine | SerialGateway | Gateway
    bus: Bus
    match kind:
        case "rtu":
            peer = SerialLine(units, folder / "line-a", manners=manners)
            await peer.start()
            bus = RtuBus(id="a", port=str(folder / "line-a"), serial=QUICK)
        case "rtu_tcp":
            peer = SerialGateway(units, manners=manners)
            bus = RtuTcpBus(id="a", host="127.0.0.1", port=await peer.start(), serial=QUICK)
        case _:
            peer = Gateway(units, manners=manners, gives_up_after=0.05)
            bus = TcpBus(id="a", host="127.0.0.1", port=await peer.start())
    line = open_line(bus, account)
    try:
        yield line
    finally:
        await line.close()
        await peer.close()
