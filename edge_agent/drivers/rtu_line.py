"""One RS-485 line: silence before each request, and no trust in answers that may be late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
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
from edge_agent.drivers.overheard import ALLOWED_BYTES, uninvited
from edge_agent.drivers.reopening import Reopening
from edge_agent.drivers.turns import Turns

LATE_ANSWER = 5.0
"""Seconds (wall) in which an unanswered request may still be answered. A frame tells only its unit, so that unit is
asked nothing else until then, or until the answer has come. The same holds after a frame of a unit that nobody had
asked: who babbles may do so again while he is asked."""

LATELY = 0.3
"""Seconds (wall) after an answer in which what begins may have to do with it: a transmitter that stays on. Later it is
only the last of a round."""

LONGEST_PAUSE = 2.0
"""Seconds (wall) between two attempts to open a port: looking whether it is there again costs next to nothing."""

_ATTEMPTS = 2
_MOST_HEARD = 520
"""Bytes, two of the longest frames: whoever babbles must not make the search for an answer ever longer."""


@dataclass(frozen=True, slots=True)
class _Debt:
    """An answer that a unit still owes, to a request that was out on the line at `sent_at`; without `expected`, it has
    talked unasked."""

    expected: Expected | None
    sent_at: float
    until: float

    def is_paid_by(self, unit: int, pdu: bytes) -> bool:
        return self.expected is not None and self.expected.fits(unit, pdu)


@dataclass(slots=True)
class _Heard:
    """The last of `total` bytes."""

    last: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, piece: bytes) -> None:
        self.total += len(piece)
        self.last += piece
        del self.last[:-_MOST_HEARD]


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
        self.account = account or LineAccount()
        self._turns = Turns()
        self._debts: dict[int, _Debt] = {}
        self._answered: int | None = None
        self._answered_at = float("-inf")

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
            self.account.busy_s += self._now() - began
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
        if expected.unit in self._debts:
            self._listen(port)
            self._refuse_debtor(expected.unit)
        await self._quiet(port, max(self._silence, gap.total_seconds()), answer_within)
        self._listen(port)
        self._refuse_debtor(expected.unit)
        return await self._converse(port, frame, expected, answer_within)

    async def _converse(self, port: Port, frame: bytes, expected: Expected, answer_within: timedelta) -> bytes | None:
        heard, pdu = _Heard(), b""
        account = self.account.unit(expected.unit)
        on_wire = (len(frame) + expected.rtu_length) * self._character
        longest = answer_within.total_seconds() + self._forwarding
        patience = account.turnaround.time_out(longest) + on_wire
        # From here on the request may be out, also when this task is cancelled or the port goes: it may be answered.
        sent_at, self._answered = self._now(), None
        self._debts[expected.unit] = _Debt(expected, sent_at, float("inf"))
        account.requests += 1
        try:
            port.send(frame)
            async with asyncio.timeout(patience):
                pdu = await self._answer(port, heard, expected)
        except TimeoutError as error:
            received = bytes(heard.last)
            account.damaged += bool(received) and not any(True for _ in rtu_frames(received))
            if not rtu_torn(received, expected):
                account.no_answers += 1
                raise NoAnswer(f"unit {expected.unit} did not answer") from error
            del self._debts[expected.unit]
            return None
        else:
            del self._debts[expected.unit]
            turnaround = port.heard_at - sent_at - (len(frame) + len(pdu) + 3) * self._character
            account.note_answer(turnaround, refused=is_refusal(pdu))
            self._answered, self._answered_at = expected.unit, self._now()
            return pdu
        finally:
            if heard.total == len(pdu) + 3:
                self.account.listening.note(self._now(), self._answered)
            else:
                self._note_reply(port, heard, frame, expected)
            if expected.unit in self._debts:
                self._debts[expected.unit] = _Debt(
                    expected, sent_at, max(self._now(), sent_at + on_wire + longest) + LATE_ANSWER
                )

    async def _answer(self, port: Port, heard: _Heard, expected: Expected) -> bytes:
        while True:
            heard.add(await port.receive())
            if (pdu := rtu_answer(bytes(heard.last), expected)) is not None:
                return pdu

    def _refuse_debtor(self, unit: int) -> None:
        """Raises NoAnswer while the unit may still answer an earlier request."""
        if unit in self._debts and self._debts[unit].until > self._now():
            raise NoAnswer(f"unit {unit} may still answer an earlier request")

    def _listen(self, port: Port, *, never_silent: bool = False) -> None:
        """To what came while nobody was asked: late answers, and what nobody wants to know."""
        received = port.take_input()
        if not received and not never_silent:
            return
        owed = sum(debt.expected.rtu_length + ALLOWED_BYTES for debt in self._debts.values() if debt.expected)
        units = self._sort(received, port.heard_at)
        heard = uninvited(received, len(received), units, owed, never_silent=never_silent)
        lately = self._now() - self._answered_at < LATELY
        self.account.listening.note(self._now(), self._answered if lately else None, heard)

    def _note_reply(self, port: Port, heard: _Heard, frame: bytes, expected: Expected) -> None:
        """Two answers of that length are the most that a request can bring by rights: two devices of one unit."""
        received = bytes(heard.last).replace(frame, b"")
        units = self._sort(received, port.heard_at, expected.unit)
        allowed = 2 * expected.rtu_length + len(frame)
        self.account.listening.note(self._now(), self._answered, uninvited(received, heard.total, units, allowed))

    def _sort(self, received: bytes, heard_at: float, asked: int | None = None) -> tuple[int, ...]:
        """The units that nobody had asked, of each whole frame; one whose late answer has come owes nothing more."""
        units = []
        for unit, pdu in rtu_frames(received):
            debt = self._debts.get(unit)
            if debt and debt.is_paid_by(unit, pdu):
                del self._debts[unit]
                self.account.unit(unit).note_late(self._now() - debt.sent_at)
            elif unit != asked:
                units.append(unit)
                until = heard_at + LATE_ANSWER
                self._debts[unit] = (
                    replace(debt, until=max(debt.until, until)) if debt else _Debt(None, heard_at, until)
                )
        return tuple(units)

    async def _quiet(self, port: Port, silence: float, patience: timedelta) -> None:
        """Waits until nothing was heard for `silence` seconds. Raises NoAnswer where somebody never stops talking."""
        give_up_at = self._now() + patience.total_seconds() + silence
        while (wait := port.heard_at + silence - self._now()) > 0:
            if self._now() > give_up_at:
                self._listen(port, never_silent=True)
                raise NoAnswer("somebody on the line never stops talking")
            await asyncio.sleep(wait)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
