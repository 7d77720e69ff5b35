"""One Modbus TCP connection: answers are known by their transaction, and a connection that leads nowhere is left."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import NoReturn

from edge_agent.core.health import LineAccount
from edge_agent.core.plan import ReadRequest
from edge_agent.core.write_request import WriteRequest
from edge_agent.drivers.base import BusDown, NoAnswer, Refused
from edge_agent.drivers.modbus import (
    Expected,
    OutOfStep,
    Request,
    expected_of,
    is_refusal,
    tcp_answers,
    tcp_frame,
    words_in,
)
from edge_agent.drivers.reopening import Reopening
from edge_agent.drivers.tcp_connection import PeerClosed, TcpConnection, connected
from edge_agent.drivers.turns import Turns

FORWARDING = 1.0
"""Seconds (wall) beyond the device's own that a gateway gets: for its line, and to say that the device is silent. Who
gives up before the gateway does makes the neighbours wait for it."""

LATE_ANSWER = 5.0
"""Seconds (wall) in which an unanswered request may still be answered. Some gateways hand a late answer to the unit's
next request, under that one's transaction: so a unit is asked nothing else until then."""

_UNANSWERED_BEFORE_REOPENING = 3
_TRANSACTIONS = 0xFFFF


class TcpLine:
    """Units behind one gateway share the connection, so they are asked one after the other."""

    def __init__(self, host: str, port: int, account: LineAccount | None = None) -> None:
        self._place = (host, port)
        self._account = account or LineAccount()
        self._connection = Reopening(self._connect)
        self._turns = Turns()
        self._transaction = 0
        self._unanswered = 0
        self._in_vain: set[int] = set()
        self._alone_until: dict[int, float] = {}
        self._has_answered = False
        self._leads_nowhere = ""  # why the bus is down, until somebody answers: one more silence changes nothing

    async def read(self, unit: int, request: ReadRequest, answer_within: timedelta, gap: timedelta) -> tuple[int, ...]:
        async with self._turns.turn():
            return await self._carry_out(unit, request, answer_within, gap, again=True)

    async def write(self, unit: int, request: WriteRequest, answer_within: timedelta, gap: timedelta) -> None:
        async with self._turns.turn(urgent=True):
            await self._carry_out(unit, request, answer_within, gap, again=False)

    async def close(self) -> None:
        async with self._turns.turn(urgent=True):
            self._connection.drop()

    async def _carry_out(
        self, unit: int, request: Request, answer_within: timedelta, gap: timedelta, *, again: bool
    ) -> tuple[int, ...]:
        """`again`: many gateways close a connection that was idle, which is noticed with the next request."""
        if self._alone_until.get(unit, 0.0) > self._now():
            if self._leads_nowhere:
                raise BusDown(self._leads_nowhere)
            raise NoAnswer(f"unit {unit} may still answer an earlier request")
        self._alone_until.pop(unit, None)
        if gap:
            await asyncio.sleep(gap.total_seconds())
        began = self._now()
        try:
            words = await self._converse(unit, request, answer_within, again=again)
        except Refused:
            del self._alone_until[unit]
            raise
        except BaseException:
            if unit in self._alone_until:  # a line that could not be opened has asked nobody anything
                self._alone_until[unit] = max(self._now(), began + answer_within.total_seconds()) + LATE_ANSWER
            raise
        else:
            del self._alone_until[unit]
            return words
        finally:
            self._account.busy_s += self._now() - began

    async def _converse(self, unit: int, request: Request, answer_within: timedelta, *, again: bool) -> tuple[int, ...]:
        expected = expected_of(unit, request)
        try:
            try:
                pdu = await self._ask(unit, request, expected, answer_within)
            except PeerClosed:
                self._connection.drop()
                if not again:
                    raise
                pdu = await self._ask(unit, request, expected, answer_within)
        except PeerClosed as error:
            self._account.unit(unit).no_answers += 1
            self._note_closed(unit, error)
            raise NoAnswer(f"unit {unit}: the connection was closed instead of an answer") from error
        except (TimeoutError, OutOfStep) as error:
            self._account.unit(unit).no_answers += 1
            self._note_unanswered(unit, out_of_step=isinstance(error, OutOfStep))
            raise NoAnswer(f"unit {unit} did not answer") from error
        self._unanswered, self._has_answered, self._leads_nowhere = 0, True, ""
        self._in_vain.clear()
        return words_in(pdu, expected)

    async def _ask(self, unit: int, request: Request, expected: Expected, answer_within: timedelta) -> bytes:
        connection = await self._opened()
        account = self._account.unit(unit)
        self._transaction = self._transaction % _TRANSACTIONS + 1
        account.requests += 1
        sent_at, self._alone_until[unit] = self._now(), float("inf")
        by = sent_at + account.turnaround.time_out(answer_within.total_seconds()) + FORWARDING
        connection.send(tcp_frame(unit, request, self._transaction))
        while True:
            await connection.more(by)
            for transaction, answering, pdu in tcp_answers(connection.received):
                if transaction == self._transaction and expected.fits(answering, pdu):
                    account.note_answer(self._now() - sent_at, refused=is_refusal(pdu))
                    return pdu

    async def _opened(self) -> TcpConnection:
        """A connection that was left while nobody spoke is opened anew before anything is asked."""
        connection = await self._connection.opened()
        if _is_at_rest(connection):
            return connection
        self._connection.drop()
        return await self._connection.opened()

    def _note_unanswered(self, unit: int, *, out_of_step: bool) -> None:
        """Raises BusDown where a new connection has brought no answer from anybody."""
        self._unanswered += 1
        self._in_vain.add(unit)
        if not self._has_answered and (self._leads_nowhere or len(self._in_vain) >= _UNANSWERED_BEFORE_REOPENING):
            self._give_up("answers nobody")
        if out_of_step or self._unanswered >= _UNANSWERED_BEFORE_REOPENING:
            self._unanswered, self._has_answered = 0, False
        # What comes late could complete an answer that came without its end; nothing late comes on a new connection.
        self._connection.drop()

    def _note_closed(self, unit: int, reason: PeerClosed) -> None:
        """One device that is not there must not cost its neighbours the line: raises BusDown when it is several."""
        self._connection.drop()
        self._in_vain.add(unit)
        if not self._has_answered or len(self._in_vain) > 1:
            self._give_up(f"closes each connection: {reason}")

    def _give_up(self, what: str) -> NoReturn:
        self._unanswered, self._has_answered = 0, False
        self._in_vain.clear()
        self._connection.drop()
        self._leads_nowhere = f"{self._place[0]}:{self._place[1]} {what}"
        raise BusDown(self._leads_nowhere)

    async def _connect(self) -> TcpConnection:
        host, port = self._place
        try:
            return await connected(host, port)
        except (OSError, TimeoutError) as error:
            raise BusDown(f"{host}:{port} takes no connection: {error}") from error

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _is_at_rest(connection: TcpConnection) -> bool:
    """Whether it is open and in step; what has come before a request is no answer to it, and is passed over."""
    try:
        deque(tcp_answers(connection.received), maxlen=0)
    except OutOfStep:
        return False
    return not connection.closed
