"""A line of controllers in virtual time on which one may begin to babble, and an agent's poller that listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from pymodbus.framer import FramerRTU

from edge_agent.bus.poller import Poller
from edge_agent.contract.readings import Quality, Telemetry
from edge_agent.contract.text import same
from edge_agent.core.health import LineAccount
from edge_agent.core.profile import Poll, Profile, SerialFormat
from edge_agent.drivers.base import Line, NoAnswer
from edge_agent.drivers.open_line import open_line
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.settings import RtuTcpBus, SiteDevice
from simulators.controllers import Controllers, Manner, Reply
from simulators.line_faults import FaultShare, Framing, LineFault, Sending
from simulators.line_timing import LineTiming
from simulators.serial_gateway import SerialGateway
from tests.conversations import GAP, PATIENCE, VirtualPort, truths_of
from tests.truth import BLOCKS, PROFILE, wrong
from tests.virtual_time import lead_to

BEGIN_AT = datetime(2026, 7, 1, tzinfo=UTC)
TIMING = LineTiming(baud=9600, grain=8)
UNITS, BABBLER = 12, 5
WELL, BABBLING = Manner(turnaround=0.02), Manner(turnaround=0.02, faults=(FaultShare(faults=(LineFault.BABBLE,)),))
PLACES = 6
PERIOD = timedelta(seconds=10)
SMALL: Profile = replace(
    PROFILE,
    points={name: replace(point, poll=Poll.FAST) for name, point in list(PROFILE.points.items())[:PLACES]},
    answer_within=timedelta(seconds=0.3),
)
"""Read with one request, whose answer is as long as what is babbled."""


class Kind(Enum):
    NOISE = "noise"
    FRAMES = "frames"
    FOREIGN = "answers to foreign requests"
    MASTER = "another master"


class Babblers(Controllers):
    """Controllers of which those with the fault babble in the way of `kind`."""

    kind = Kind.NOISE

    def babble(self, unit: int) -> Iterator[Sending]:
        match self.kind:
            case Kind.NOISE:
                yield from super().babble(unit)
            case Kind.FOREIGN:
                while True:
                    yield Sending(after=1.0, data=b"")
            case Kind.FRAMES:
                while True:
                    yield Sending(after=0.4, data=sealed(bytes((unit, 3, 2 * PLACES, *[0, 7] * PLACES))))
            case Kind.MASTER:
                while True:
                    yield Sending(after=1.0, data=sealed(bytes((unit, 3, 0, 1, 0, 1))))
                    yield Sending(after=0.05, data=sealed(bytes((unit, 3, 2, 0, 7))))

    def reply(self, framing: Framing, unit: int, transaction: int, pdu: bytes, request: bytes) -> Reply:
        own = super().reply(framing, unit, transaction, pdu, request)
        if self.kind is not Kind.FOREIGN or unit in self.babbling():
            return own
        more: list[Sending] = []
        for other in self.babbling():
            more += super().reply(framing, other, transaction, pdu, request).sendings
        return replace(own, sendings=(*more, *own.sendings))


def sealed(head: bytes) -> bytes:
    return head + FramerRTU.compute_CRC(head).to_bytes(2, "big")


@dataclass
class Bench:
    """The poller's turns, one a second; `good_at` is when each device last gave a reading."""

    poller: Poller
    controllers: Controllers
    units: dict[str, int]
    good_at: dict[str, float] = field(default_factory=dict)

    async def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> float:
        """Returns after how many seconds; every value that was told was held by its device."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while clock() - began < seconds and not until():
            for telemetry in await self._turn(clock):
                if any(reading.quality is Quality.GOOD for reading in telemetry.readings):
                    self.good_at[telemetry.device] = clock()
            if self.poller.next_due_in(clock()) > 0:
                await asyncio.sleep(1.0 - clock() % 1.0)
        return clock() - began

    async def _turn(self, clock: Callable[[], float]) -> list[Telemetry]:
        began = clock()
        told = await self.poller.turn(BEGIN_AT + timedelta(seconds=began), began)
        for telemetry in told:
            assert wrong(telemetry.readings, self.units[telemetry.device], began, clock()) == []
        return told

    def all_good_since(self, at: float, but: tuple[str, ...] = ()) -> bool:
        return all(self.good_at.get(name, -1.0) >= at for name in self.units if name not in but)


Way = Callable[["Babblers", LineAccount], AbstractAsyncContextManager[Line]]


@asynccontextmanager
async def rtu(controllers: Babblers, account: LineAccount) -> AsyncIterator[Line]:
    port = VirtualPort(controllers, TIMING)

    async def ready() -> VirtualPort:
        return port

    line = RtuLine(ready, TIMING.baud, account)
    yield line
    await line.close()
    await port.unplug()


@asynccontextmanager
async def dtu(controllers: Babblers, account: LineAccount) -> AsyncIterator[Line]:
    server = SerialGateway({}, timing=TIMING)
    server.controllers = controllers
    lead_to(server.serve, "dtu", 4001)
    line = open_line(
        RtuTcpBus(id="dtu", host="dtu", port=4001, serial=SerialFormat(baud=TIMING.baud, parity="N", stop_bits=1)),
        account,
    )
    yield line
    await line.close()
    await server.close()
    await asyncio.sleep(0.1)


WAYS: tuple[Way, ...] = (rtu, dtu)


@asynccontextmanager
async def bench(way: Way, kind: Kind, units: int = UNITS) -> AsyncIterator[Bench]:
    """Nobody babbles yet."""
    manners = dict.fromkeys(range(1, units + 1), WELL) | {BABBLER: BABBLING}
    controllers = Babblers(truths_of(units, asyncio.get_running_loop().time), manners)
    controllers.kind = kind
    account = LineAccount()
    async with way(controllers, account) as line:
        devices = [
            SiteDevice(id=f"device-{unit}", name=same("Device"), duty="freezer", bus="line", unit=unit, profile=SMALL)
            for unit in range(1, units + 1)
        ]
        poller = Poller(
            bus="line",
            line=line,
            devices=devices,
            periods=dict.fromkeys((Poll.FAST, Poll.NORMAL, Poll.SLOW), PERIOD),
            at_least_every=timedelta(seconds=1),
            boot="boot",
            account=account,
        )
        with suppress(NoAnswer):
            await line.read(1, BLOCKS[0], PATIENCE, GAP)  # the bench's talkers begin with the first byte
        controllers.behave(BABBLER, WELL)
        await asyncio.sleep(12.0)
        yield Bench(poller, controllers, {device.id: device.unit for device in devices})
