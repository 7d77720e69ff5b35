"""A Modbus TCP gateway with several controllers behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from pymodbus.constants import ExcCodes
from pymodbus.framer.socket import FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU

from simulators.answers import read_request

_LONGEST_FRAME = 260


class Unit(Protocol):
    """A controller on a line."""

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        """None: the controller is silent."""


class Gateway:
    """Serves `units` by unit id; for one that is silent or unknown it answers exception 0x0B after `gives_up_after`
    seconds, as gateways do. One conversation at a time, as on the line behind a real one."""

    def __init__(self, units: Mapping[int, Unit], *, gives_up_after: float = 0.5) -> None:
        self._units = units
        self._gives_up_after = gives_up_after
        self._framer = FramerSocket(DecodePDU(True))
        self._line = asyncio.Lock()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """The port that it listens on. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()
        while self._writers:
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the master hung up, or the gateway is switched off
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pending = b""
        while received := await reader.read(_LONGEST_FRAME):
            pending += received
            while pending:
                used, unit, transaction, pdu = self._framer.decode(pending)
                if not used:
                    break
                pending = pending[used:]
                if pdu:
                    writer.write(await self._reply(unit, transaction, read_request(pdu)))
            if len(pending) >= _LONGEST_FRAME:
                return  # no Modbus: a real gateway drops the connection too
            await writer.drain()

    async def _reply(self, unit: int, transaction: int, request: ModbusPDU) -> bytes:
        async with self._line:
            known = self._units.get(unit)
            response = known.answer(request) if known else None
            if response is None:
                await asyncio.sleep(self._gives_up_after)
                response = ExceptionResponse(request.function_code, ExcCodes.GATEWAY_NO_RESPONSE)
        response.dev_id, response.transaction_id = unit, transaction
        return self._framer.buildFrame(response)
