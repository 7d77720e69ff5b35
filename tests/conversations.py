"""A line of truthful controllers with faults, asked at random through a shipped driver, and every reading judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from edge_agent.core.plan import ReadRequest
from edge_agent.drivers.base import BusDown, Line, NoAnswer, Refused
from simulators.controllers import Controllers, Manner
from simulators.line_faults import FaultShare, fault_share
from simulators.line_timing import LineTiming
from simulators.rtu_talk import RtuTalk
from tests.truth import BLOCKS, Truth, readings_of, told_by, wrong

BABBLER = 1
PATIENCE = timedelta(milliseconds=300)
GAP = timedelta(milliseconds=5)

COMMON = (
    "silence:0.01 delay:0.02 late:0.05 wrong_unit:0.02 truncated:0.02 noise:0.04 garbage:0.02 exception:0.02 busy:0.02 "
    "trickle:0.02 truncated+late:0.01 noise+late:0.01 exception+late:0.01 trickle+late:0.01"
)
SERIAL = f"{COMMON} crc:0.06 crc+late:0.01 echo:0.02 echo+late:0.01"
SOCKET = f"{SERIAL} closed:0.01 closed+late:0.01"
TCP = f"{COMMON} closed:0.02 mute:0.02 wrong_transaction:0.04 wrong_transaction+late:0.01 stale:0.02"


def mix(text: str) -> tuple[FaultShare, ...]:
    return tuple(fault_share(one) for one in text.split())


@dataclass(slots=True)
class Outcome:
    """`asked` counts requests that reached a controller; `readings` those with a value, `wrong` what was false of them.

    `by_chance` are answers that no controller ever gave: fragments that made a sound frame, against 1 : 65,536.
    """

    asked: int = 0
    readings: int = 0
    no_answers: int = 0
    refusals: int = 0
    bus_downs: int = 0
    by_chance: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.asked += other.asked
        self.readings += other.readings
        self.no_answers += other.no_answers
        self.refusals += other.refusals
        self.bus_downs += other.bus_downs
        self.by_chance += other.by_chance
        self.wrong += other.wrong


@dataclass(slots=True, kw_only=True)
class Conversation:
    """`where` names the run in what is told of a wrong reading; `crc` says that its frames have one."""

    line: Line
    truths: Mapping[int, Truth]
    where: str
    crc: bool
    patience: timedelta = PATIENCE
    outcome: Outcome = field(default_factory=Outcome)

    async def hold(self, transactions: int, rng: Random) -> Outcome:
        """Asks until so many requests have reached a controller."""
        units = list(self.truths)
        while (asked := sum(truth.asked for truth in self.truths.values())) < transactions:
            await self._ask(rng.choice(units), rng.choice(BLOCKS))
        self.outcome.asked = asked
        return self.outcome

    async def _ask(self, unit: int, request: ReadRequest) -> None:
        clock = asyncio.get_running_loop().time
        asked_at = clock()
        try:
            words = await self.line.read(unit, request, self.patience, GAP)
        except Refused:
            self.outcome.refusals += 1
        except NoAnswer:
            self.outcome.no_answers += 1
            if clock() - asked_at < 0.0005:
                await asyncio.sleep(0.005)
        except BusDown:
            self.outcome.bus_downs += 1
            await asyncio.sleep(0.2)
        else:
            self._judge(unit, request, words, (asked_at, clock()))

    def _judge(self, unit: int, request: ReadRequest, words: Sequence[int], between: tuple[float, float]) -> None:
        readings = readings_of(request, words)
        self.outcome.readings += sum(reading.value is not None for reading in readings)
        false = wrong(readings, unit, *between)
        if false and self.crc and not self._told(request, words):
            self.outcome.by_chance += 1
            return
        since, until = between
        self.outcome.wrong += [
            f"{self.where} t={since:.3f}..{until:.3f} unit={unit} {reading.point}={reading.value}" for reading in false
        ]

    def _told(self, request: ReadRequest, words: Sequence[int]) -> bool:
        return any(told_by(truth, words, as_bits=request.table.bits) for truth in self.truths.values())


class VirtualPort:
    """A serial port as the RTU driver wants one, whose other end is the line of the bench."""

    def __init__(self, controllers: Controllers, timing: LineTiming) -> None:
        self._talk = RtuTalk(controllers, self._hear, timing=timing)
        self._pending = bytearray()
        self._arrived = asyncio.Event()
        self.heard_at = float("-inf")

    def send(self, frame: bytes) -> None:
        self._talk.hear(frame)

    def take_input(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken

    async def receive(self) -> bytes:
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()
        return self.take_input()

    @property
    def gone(self) -> bool:
        return False

    def close(self) -> None:
        pass

    async def unplug(self) -> None:
        await self._talk.close()

    def _hear(self, data: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        self._pending += data
        self._arrived.set()


def truths_of(units: int, clock: Callable[[], float]) -> dict[int, Truth]:
    return {unit: Truth(unit, clock) for unit in range(1, units + 1)}


def manners_of(units: int, faults: str, patience: timedelta = PATIENCE) -> dict[int, Manner]:
    seconds = patience.total_seconds()
    usual = Manner(turnaround=seconds / 30, patience=seconds, faults=mix(faults))
    babbler = replace(usual, faults=(*usual.faults, *mix("babble:0.001")))
    return {**dict.fromkeys(range(1, units + 1), usual), BABBLER: babbler}
