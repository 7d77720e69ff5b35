"""A Modbus TCP gateway with several controllers behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from pymodbus.constants import ExcCodes
from pymodbus.framer.socket import FramerSocket
from pymodbus.pdu import DecodePDU

from simulators.controllers import Controllers, Manner, Reply, Sender, Unit
from simulators.line_faults import Answer, Framing, Sending
from simulators.line_timing import LineTiming

__all__ = ["Gateway", "Unit"]

_LONGEST_FRAME = 260
_MBAP, _RTU_FRAME = 7, 3
"""Bytes beside the PDU: of a TCP frame, of an RTU frame."""


class Gateway:
    """Serves `units` by unit id; for one that is silent or unknown it answers exception 0x0B after `gives_up_after`
    seconds, as gateways do. One conversation at a time, as on the line behind a real one; `timing` is that line's."""

    def __init__(
        self,
        units: Mapping[int, Unit],
        *,
        gives_up_after: float = 0.5,
        timing: LineTiming | None = None,
        manners: Mapping[int, Manner] | None = None,
        seed: int = 0,
    ) -> None:
        self.controllers = Controllers(units, manners, seed)
        self._gives_up_after = gives_up_after
        self._timing = timing
        self._framer = FramerSocket(DecodePDU(True))
        self._line = asyncio.Lock()
        self._stale: dict[int, tuple[Answer, float]] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """The port that it listens on. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self.serve, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        while self._writers:
            await asyncio.sleep(0)
        if self._server is not None:
            await self._server.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until it ends."""
        self._writers.add(writer)
        sender = Sender(writer.write, writer.close, in_turn=True)
        try:
            await self._converse(reader, writer, sender)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the master hung up, or the gateway is switched off
        finally:
            sender.close()
            writer.close()
            self._writers.discard(writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: Sender) -> None:
        pending = b""
        while received := await reader.read(_LONGEST_FRAME):
            pending += received
            while pending:
                used, unit, transaction, pdu = self._framer.decode(pending)
                if not used:
                    break
                frame, pending = pending[:used], pending[used:]
                if pdu:
                    await self._reply(sender, unit, transaction, pdu, frame)
            if len(pending) >= _LONGEST_FRAME:
                return  # no Modbus: a real gateway drops the connection too
            await writer.drain()

    async def _reply(self, sender: Sender, unit: int, transaction: int, pdu: bytes, frame: bytes) -> None:
        async with self._line:
            reply = self._with_stale(
                unit, self.controllers.reply(Framing.TCP, unit, transaction, pdu, frame), transaction
            )
            if not reply.sendings:
                await self._give_up(sender, unit, transaction, pdu, mute=reply.mute)
                return
            if wait := self._on_line(reply, pdu):
                await asyncio.sleep(wait)
        sender.play(reply.sendings, asyncio.get_running_loop().time())

    def _with_stale(self, unit: int, reply: Reply, transaction: int) -> Reply:
        """An answer that was late goes out under the transaction of this request, instead of its own answer."""
        now = asyncio.get_running_loop().time()
        stale, until = self._stale.pop(unit, (None, 0.0))
        if reply.stale:
            self._stale[unit] = (reply.stale, now + reply.late_by)
        if stale is None or now > until:
            return reply
        frame = replace(stale, transaction=transaction).frame
        return replace(reply, sendings=(Sending(after=0.0, data=frame),))

    async def _give_up(self, sender: Sender, unit: int, transaction: int, pdu: bytes, *, mute: bool) -> None:
        if mute:
            return
        await asyncio.sleep(self._gives_up_after)
        refusal = bytes([pdu[0] | 0x80, ExcCodes.GATEWAY_NO_RESPONSE])
        answer = Answer(framing=Framing.TCP, unit=unit, transaction=transaction, pdu=refusal)
        sender.send(Sending(after=0.0, data=answer.frame))

    def _on_line(self, reply: Reply, pdu: bytes) -> float:
        """Seconds that the exchange takes on the serial line behind the gateway."""
        if self._timing is None:
            return reply.turnaround
        answer = len(reply.sendings[0].data) - _MBAP + _RTU_FRAME
        heard = self._timing.heard_after(len(pdu) + _RTU_FRAME)
        return heard + reply.turnaround + max(0, answer) * self._timing.character
