"""One RS-485 line: silence before each request, and no trust in answers that may be late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from edge_agent.core.cost import character, silence
from edge_agent.core.health import LineAccount
from edge_agent.core.plan import ReadRequest
from edge_agent.core.write_request import WriteRequest
from edge_agent.drivers.base import BusDown, NoAnswer
from edge_agent.drivers.modbus import (
    Expected,
    Request,
    expected_of,
    is_refusal,
    rtu_answer,
    rtu_frame,
    rtu_frames,
    rtu_torn,
    words_in,
)
from edge_agent.drivers.reopening import Reopening
from edge_agent.drivers.turns import Turns

LATE_ANSWER = 5.0
"""Seconds (wall) in which an unanswered request may still be answered. A frame tells only its unit, so that unit is
asked nothing else until then, or until the answer has come."""

LONGEST_PAUSE = 2.0
"""Seconds (wall) between two attempts to open a port: looking whether it is there again costs next to nothing."""

_ATTEMPTS = 2
_MOST_HEARD = 520
"""Bytes, two of the longest frames: whoever babbles must not make the search for an answer ever longer."""


@dataclass(frozen=True, slots=True)
class _Debt:
    """An answer that a unit still owes, to a request that was out on the line at `sent_at`."""

    expected: Expected
    sent_at: float
    until: float


class Port(Protocol):
    """Bytes in and out of a serial line; sending and receiving raise BusDown when the port has gone.

    `heard_at` is the loop's time at which the last byte came; `gone` says that the port is of no use any more.
    """

    @property
    def heard_at(self) -> float: ...

    @property
    def gone(self) -> bool: ...

    def send(self, frame: bytes) -> None: ...

    def take_input(self) -> bytes:
        """What has come and was not received; nothing of it is left."""

    async def receive(self) -> bytes:
        """At least one byte, whenever it comes."""

    def close(self) -> None: ...


class RtuLine:
    """`open_port` is called again, with growing pauses, after the port has gone.

    `forwarding` is what the way to the line takes at most (seconds, both directions), where it is not in this machine.
    """

    def __init__(
        self,
        open_port: Callable[[], Awaitable[Port]],
        baud: int,
        account: LineAccount | None = None,
        *,
        forwarding: float = 0.0,
    ) -> None:
        self._port = Reopening(open_port, longest_pause=LONGEST_PAUSE)
        self._character = character(baud)
        self._silence = silence(baud)
        self._forwarding = forwarding
        self._account = account or LineAccount()
        self._turns = Turns()
        self._debts: dict[int, _Debt] = {}

    async def read(self, unit: int, request: ReadRequest, answer_within: timedelta, gap: timedelta) -> tuple[int, ...]:
        async with self._turns.turn():
            return await self._carry_out(unit, request, answer_within, gap, _ATTEMPTS)

    async def write(self, unit: int, request: WriteRequest, answer_within: timedelta, gap: timedelta) -> None:
        async with self._turns.turn(urgent=True):
            await self._carry_out(unit, request, answer_within, gap, 1)

    async def close(self) -> None:
        async with self._turns.turn(urgent=True):
            self._port.drop()

    async def _carry_out(
        self, unit: int, request: Request, answer_within: timedelta, gap: timedelta, attempts: int
    ) -> tuple[int, ...]:
        expected, frame = expected_of(unit, request), rtu_frame(unit, request)
        port = await self._opened()
        began = self._now()
        try:
            for _ in range(attempts):
                pdu = await self._ask(port, frame, expected, answer_within, gap)
                if pdu is not None:
                    return words_in(pdu, expected)
        except BusDown:
            self._port.drop()
            raise
        finally:
            self._account.busy_s += self._now() - began
        raise NoAnswer(f"unit {unit} answers damaged frames")

    async def _opened(self) -> Port:
        """A port that went away unnoticed while nobody spoke is opened anew before anything is asked."""
        port = await self._port.opened()
        if not port.gone:
            return port
        self._port.drop()
        return await self._port.opened()

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
        account = self._account.unit(expected.unit)
        on_wire = (len(frame) + expected.rtu_length) * self._character
        patience = account.turnaround.time_out(answer_within.total_seconds() + self._forwarding) + on_wire
        # From here on the request may be out, also when this task is cancelled or the port goes: it may be answered.
        sent_at = self._now()
        self._debts[expected.unit] = _Debt(expected, sent_at, float("inf"))
        account.requests += 1
        try:
            port.send(frame)
            async with asyncio.timeout(patience):
                pdu = await self._answer(port, received, expected)
        except TimeoutError as error:
            account.damaged += bool(received) and not any(True for _ in rtu_frames(bytes(received)))
            if not rtu_torn(bytes(received), expected):
                account.no_answers += 1
                raise NoAnswer(f"unit {expected.unit} did not answer") from error
            del self._debts[expected.unit]
            return None
        else:
            del self._debts[expected.unit]
            turnaround = port.heard_at - sent_at - (len(frame) + len(pdu) + 3) * self._character
            account.note_answer(turnaround, refused=is_refusal(pdu))
            return pdu
        finally:
            self._settle(bytes(received))
            if expected.unit in self._debts:
                self._debts[expected.unit] = _Debt(expected, sent_at, self._now() + LATE_ANSWER)

    async def _answer(self, port: Port, received: bytearray, expected: Expected) -> bytes:
        while True:
            received += await port.receive()
            del received[:-_MOST_HEARD]
            if (pdu := rtu_answer(bytes(received), expected)) is not None:
                return pdu

    def _refuse_debtor(self, port: Port, unit: int) -> None:
        """Raises NoAnswer while the unit may still answer an earlier request."""
        if unit in self._debts:
            self._settle(port.take_input())
        if unit in self._debts and self._debts[unit].until > self._now():
            raise NoAnswer(f"unit {unit} may still answer an earlier request")

    def _settle(self, received: bytes) -> None:
        """Units whose outstanding answer is among the bytes owe nothing any more; how late it was is remembered."""
        if not self._debts:
            return
        for unit, pdu in rtu_frames(received):
            debt = self._debts.get(unit)
            if debt and debt.expected.fits(unit, pdu):
                del self._debts[unit]
                self._account.unit(unit).note_late(self._now() - debt.sent_at)

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
