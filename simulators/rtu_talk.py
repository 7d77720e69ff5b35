"""The controllers' side of an RTU line, whatever carries its bytes: a pty, a serial server or a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU

from simulators.controllers import Controllers, Sender, talk_on
from simulators.line_faults import Framing
from simulators.line_timing import LineTiming

_FORGETS_AFTER = 0.05  # s; a frame that stays unfinished so long is noise (the standard says 3.5 characters)


class RtuTalk:
    """Bytes of the master come in by `hear`; `write` gets those of the controllers.

    Without `timing` all takes no time at all. With it, a request that begins while somebody talks, or before the
    line was silent for 3.5 characters, is lost.
    """

    def __init__(
        self,
        controllers: Controllers,
        write: Callable[[bytes], None],
        hang_up: Callable[[], None] = lambda: None,
        timing: LineTiming | None = None,
    ) -> None:
        self._controllers = controllers
        self._timing = timing
        self._write = write
        self._loop = asyncio.get_running_loop()
        self._framer = FramerRTU(DecodePDU(True))
        self._sender = Sender(self._say, hang_up)
        self._pending = b""
        self._forget: asyncio.TimerHandle | None = None
        self._silent_from = float("-inf")
        self._talkers = [
            self._loop.create_task(talk_on(controllers, unit, self._say)) for unit in controllers.babbling()
        ]

    def hear(self, received: bytes) -> None:
        if self._timing and self._loop.time() < self._silent_from:
            return
        self._pending += received
        if self._forget:
            self._forget.cancel()
        used, unit, _, pdu = self._framer.decode(self._pending)
        frame, self._pending = self._pending[:used], self._pending[used:]
        if pdu:
            self._reply(unit, pdu, frame)
        elif self._pending:
            self._forget = self._loop.call_later(_FORGETS_AFTER, self._forget_pending)

    async def close(self) -> None:
        if self._forget:
            self._forget.cancel()
        self._sender.close()
        for talker in self._talkers:
            talker.cancel()
        await asyncio.gather(*self._talkers, return_exceptions=True)

    def _forget_pending(self) -> None:
        self._pending = b""

    def _reply(self, unit: int, pdu: bytes, frame: bytes) -> None:
        begin = self._loop.time() + (self._timing.heard_after(len(frame)) if self._timing else 0.0)
        reply = self._controllers.reply(Framing.RTU, unit, 0, pdu, frame)
        sendings = self._timing.paced(reply.sendings) if self._timing else reply.sendings
        if self._timing or reply.turnaround or any(one.after for one in sendings):
            self._sender.play(sendings, begin + reply.turnaround)
            return
        for sending in sendings:
            self._sender.send(sending)

    def _say(self, data: bytes) -> None:
        if self._timing:
            self._silent_from = self._loop.time() + self._timing.silence
        self._write(data)
