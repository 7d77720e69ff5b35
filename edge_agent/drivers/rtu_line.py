"""One RS-485 line: silence before each request, and no trust in answers that may be late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from edge_agent.core.plan import ReadRequest
from edge_agent.drivers.base import BusDown, NoAnswer
from edge_agent.drivers.modbus import Expected, expected_of, rtu_answer, rtu_frame, rtu_frames, rtu_torn, words_in
from edge_agent.drivers.reopening import Reopening

LATE_ANSWER = 5.0
"""Seconds (wall) in which an unanswered request may still be answered. A frame tells only its unit, so that unit is
asked nothing else until then, or until the answer has come."""

_BITS_PER_CHARACTER = 11
_SILENT_CHARACTERS = 3.5
_FAST_BAUD = 19200
_FAST_SILENCE = 0.00175
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class _Debt:
    """An answer that a unit still owes."""

    expected: Expected
    until: float


class Port(Protocol):
    """Bytes in and out of a serial line; sending and receiving raise BusDown when the port has gone.

    `heard_at` is the loop's time at which the last byte came.
    """

    @property
    def heard_at(self) -> float: ...

    def send(self, frame: bytes) -> None: ...

    def take_input(self) -> bytes:
        """What has come and was not received; nothing of it is left."""

    async def receive(self) -> bytes:
        """At least one byte, whenever it comes."""

    def close(self) -> None: ...


class RtuLine:
    """`open_port` is called again, with growing pauses, after the port has gone."""

    def __init__(self, open_port: Callable[[], Awaitable[Port]], baud: int) -> None:
        self._port = Reopening(open_port)
        self._character = _BITS_PER_CHARACTER / baud
        self._silence = _FAST_SILENCE if baud > _FAST_BAUD else _SILENT_CHARACTERS * self._character
        self._turn = asyncio.Lock()
        self._debts: dict[int, _Debt] = {}

    async def read(self, unit: int, request: ReadRequest, answer_within: timedelta, gap: timedelta) -> tuple[int, ...]:
        expected = expected_of(unit, request)
        async with self._turn:
            port = await self._port.opened()
            try:
                for _ in range(_ATTEMPTS):
                    pdu = await self._ask(port, rtu_frame(unit, request), expected, answer_within, gap)
                    if pdu is not None:
                        return words_in(pdu, expected)
            except BusDown:
                self._port.drop()
                raise
            raise NoAnswer(f"unit {unit} answers damaged frames")

    async def close(self) -> None:
        async with self._turn:
            self._port.drop()

    async def _ask(
        self, port: Port, frame: bytes, expected: Expected, answer_within: timedelta, gap: timedelta
    ) -> bytes | None:
        """The answer; None when it came damaged, so that the unit owes nothing and may be asked again at once."""
        self._refuse_debtor(port, expected.unit)
        await self._quiet(port, max(self._silence, gap.total_seconds()), answer_within)
        self._settle(port.take_input())
        return await self._converse(port, frame, expected, answer_within)

    async def _converse(self, port: Port, frame: bytes, expected: Expected, answer_within: timedelta) -> bytes | None:
        received = bytearray()
        # From here on the request may be out, also when this task is cancelled or the port goes: it may be answered.
        self._debts[expected.unit] = _Debt(expected, float("inf"))
        on_wire = (len(frame) + expected.rtu_length) * self._character
        try:
            port.send(frame)
            async with asyncio.timeout(answer_within.total_seconds() + on_wire):
                return await self._answer(port, received, expected)
        except TimeoutError as error:
            if not rtu_torn(bytes(received), expected):
                raise NoAnswer(f"unit {expected.unit} did not answer") from error
            del self._debts[expected.unit]
            return None
        finally:
            self._settle(bytes(received))
            if expected.unit in self._debts:
                self._debts[expected.unit] = _Debt(expected, self._now() + LATE_ANSWER)

    async def _answer(self, port: Port, received: bytearray, expected: Expected) -> bytes:
        while True:
            received += await port.receive()
            if (pdu := rtu_answer(bytes(received), expected)) is not None:
                return pdu

    def _refuse_debtor(self, port: Port, unit: int) -> None:
        """Raises NoAnswer while the unit may still answer an earlier request."""
        if unit in self._debts:
            self._settle(port.take_input())
        if unit in self._debts and self._debts[unit].until > self._now():
            raise NoAnswer(f"unit {unit} may still answer an earlier request")

    def _settle(self, received: bytes) -> None:
        """Units whose outstanding answer is among the bytes owe nothing any more."""
        if not self._debts:
            return
        for unit, pdu in rtu_frames(received):
            if unit in self._debts and self._debts[unit].expected.fits(unit, pdu):
                del self._debts[unit]

    async def _quiet(self, port: Port, silence: float, patience: timedelta) -> None:
        """Waits until nothing was heard for `silence` seconds. Raises NoAnswer where somebody never stops talking."""
        give_up_at = self._now() + patience.total_seconds() + silence
        while (wait := port.heard_at + silence - self._now()) > 0:
            if self._now() > give_up_at:
                raise NoAnswer("somebody on the line never stops talking")
            await asyncio.sleep(wait)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
