"""The controllers of one line and how each behaves on it: a request → what is sent, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from pymodbus.pdu import ModbusPDU

from simulators.answers import read_request
from simulators.line_faults import LATEST, Answer, FaultShare, Framing, LineFault, Sending, babble, draw, spoiled


class Unit(Protocol):
    """A controller on a line."""

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        """None: the controller is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a controller behaves: it begins its answer `turnaround` seconds after the request, and has faults.

    `patience` is how long its master waits: late answers are late by that measure.
    """

    turnaround: float = 0.0
    patience: float = 0.5
    faults: tuple[FaultShare, ...] = ()

    @property
    def babbles(self) -> float:
        """The share of the time in which it talks without being asked."""
        return sum(one.share for one in self.faults if LineFault.BABBLE in one.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Nothing is sent by a silent controller; a `mute` one is not even spoken for by its gateway.

    `stale` comes late, within `late_by` seconds, and is then handed to the next request of the unit.
    """

    turnaround: float = 0.0
    sendings: tuple[Sending, ...] = ()
    mute: bool = False
    stale: Answer | None = None
    late_by: float = 0.0


_WELL = Manner()


class Controllers:
    """Units by id. Each has its own random numbers, so that a run is repeatable whoever else is asked between."""

    def __init__(self, units: Mapping[int, Unit], manners: Mapping[int, Manner] | None = None, seed: int = 0) -> None:
        self._units = units
        self._manners = dict(manners or {})
        self._chances = {unit: Random(f"{seed} {unit}") for unit in units}

    def behave(self, unit: int, manner: Manner) -> None:
        """From now on; what was already begun goes on."""
        self._manners[unit] = manner

    def manner(self, unit: int) -> Manner:
        return self._manners.get(unit, _WELL)

    def reply(self, framing: Framing, unit: int, transaction: int, pdu: bytes, request: bytes) -> Reply:
        """`pdu` is that of the `request` frame."""
        known = self._units.get(unit)
        response = known.answer(read_request(pdu)) if known else None
        if response is None:
            return Reply()
        manner, rng = self.manner(unit), self._chances[unit]
        answer = Answer(
            framing=framing,
            unit=unit,
            transaction=transaction,
            pdu=bytes([response.function_code]) + response.encode(),
            request=request,
        )
        faults = tuple(fault for fault in draw(manner.faults, rng) if fault is not LineFault.BABBLE)
        return Reply(
            turnaround=manner.turnaround,
            sendings=spoiled(answer, faults, rng, manner.patience),
            mute=LineFault.MUTE in faults,
            stale=answer if LineFault.STALE in faults else None,
            late_by=manner.patience + rng.uniform(0.0, LATEST) if LineFault.STALE in faults else 0.0,
        )

    def babble(self, unit: int) -> Iterator[Sending]:
        return babble(self._chances[unit], self.manner(unit).babbles)

    def babbling(self) -> tuple[int, ...]:
        return tuple(unit for unit in self._units if self.manner(unit).babbles > 0)


class Sender:
    """Plays what is to be sent on the loop's clock; what is still to come at `close` is never sent.

    On an RS-485 line two answers may collide; a gateway `in_turn` ends one before it begins the next.
    """

    def __init__(self, write: Callable[[bytes], None], hang_up: Callable[[], None], *, in_turn: bool = False) -> None:
        self._write = write
        self._hang_up = hang_up
        self._in_turn = in_turn
        self._spans: list[tuple[float, float]] = []
        self._loop = asyncio.get_running_loop()
        self._coming: dict[int, asyncio.TimerHandle] = {}
        self._numbers = 0

    def play(self, sendings: Sequence[Sending], begin: float) -> None:
        """`begin` is the loop's time from which the sendings count."""
        if self._in_turn and sendings:
            begin = self._turn(begin, sendings)
        for sending in sendings:
            self._numbers += 1
            number = self._numbers
            self._coming[number] = self._loop.call_at(begin + sending.after, self._play_one, number, sending)

    def _turn(self, begin: float, sendings: Sequence[Sending]) -> float:
        """The earliest time from `begin` on at which all of it can be said without cutting anybody short."""
        now = self._loop.time()
        self._spans = sorted(span for span in self._spans if span[1] >= now)
        first, last = sendings[0].after, sendings[-1].after
        for since, until in self._spans:
            if since <= begin + last and begin + first <= until:
                begin = until - first + 0.001
        self._spans.append((begin + first, begin + last))
        return begin

    def close(self) -> None:
        for handle in self._coming.values():
            handle.cancel()
        self._coming.clear()

    def _play_one(self, number: int, sending: Sending) -> None:
        del self._coming[number]
        self.send(sending)

    def send(self, sending: Sending) -> None:
        """At once."""
        if sending.data:
            self._write(sending.data)
        if sending.hang_up:
            self._hang_up()


async def talk_on(controllers: Controllers, unit: int, write: Callable[[bytes], None]) -> None:
    """A babbling controller, until the task is cancelled; silent while its manner is without that fault."""
    while True:
        if controllers.manner(unit).babbles <= 0:
            await asyncio.sleep(0.05)
            continue
        for sending in controllers.babble(unit):
            await asyncio.sleep(sending.after)
            if controllers.manner(unit).babbles <= 0:
                break
            if sending.data:
                write(sending.data)
