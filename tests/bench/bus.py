"""How near the poller of a bus comes to what its wire allows, and what dead devices cost their neighbours."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import uvloop
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu import bit_message as bits
from pymodbus.pdu import register_message as registers

from edge_agent.bus.poller import Poller
from edge_agent.contract.text import same
from edge_agent.core.cost import rtu_cost, silence
from edge_agent.core.health import LineAccount
from edge_agent.core.plan import NOTHING_LEARNED
from edge_agent.core.profile import Poll, Profile, SerialFormat
from edge_agent.drivers.rtu_line import RtuLine
from edge_agent.drivers.serial_line import open_serial
from edge_agent.profiles.load import profile
from edge_agent.settings import SiteDevice
from simulators.controllers import Controllers, Manner
from simulators.line_timing import LineTiming, precise_loop
from simulators.serial_server import SerialLine
from tests.bench.row import Row
from tests.best_plan import best_seconds
from tests.conversations import VirtualPort
from tests.virtual_time import run_virtually

BAUD = 9600
TURNAROUND = 0.02
ROUNDS = 5
NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
MIXED = ("danfoss_ekc204a1", "danfoss_ekc202b", "xy_md02", "eastron_sdm120", "eliwell_idplus_9xx", "evco_ev3")
PLACES = 8
"""Of each map, so that every way to read them can be tried."""

STORE_SECONDS = 400.0
DIES_AT = 60.0


@dataclass(slots=True)
class Counting:
    """A controller that has every register, with zeros; it notes when its first question of a round was heard."""

    clock: Callable[[], float]
    dies_at: float = float("inf")
    asked_at: list[float] = field(default_factory=list)
    first: tuple[int, int] | None = None

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        if self.clock() >= self.dies_at:
            return None
        self.first = self.first or (request.function_code, request.address)
        if (request.function_code, request.address) == self.first:
            self.asked_at.append(self.clock())
        match request.function_code:
            case 1:
                return bits.ReadCoilsResponse(bits=[False] * request.count)
            case 2:
                return bits.ReadDiscreteInputsResponse(bits=[False] * request.count)
            case 3:
                return registers.ReadHoldingRegistersResponse(registers=[0] * request.count)
        return registers.ReadInputRegistersResponse(registers=[0] * request.count)


def cycle_on_the_wire() -> Row:
    """A real pty whose bytes take the time that they take at 9600 baud; the reference knows nothing of our planner."""
    devices = mixed_devices(12)
    best = sum(_best_seconds(device.profile) for device in devices)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line-a"
        with _line_of_controllers(path, devices), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            rounds = runner.run(_rounds(path, devices))
    return _row("bus: cycle of 12 devices at 9600 baud", 1.05, "best plan on the wire", [one / best for one in rounds])


def one_dead_of_32() -> Row:
    return _isolation(1, 1.10)


def eight_dead_of_32() -> Row:
    return _isolation(8, 1.25)


def mixed_devices(count: int, poll: Poll = Poll.FAST) -> tuple[SiteDevice, ...]:
    return tuple(
        SiteDevice(
            id=f"device-{unit}",
            name=same(f"Device {unit}"),
            duty="freezer",
            bus="line-a",
            unit=unit,
            profile=_small(MIXED[unit % len(MIXED)], poll),
        )
        for unit in range(1, count + 1)
    )


def cycles(devices: Sequence[SiteDevice], dead: int, period: timedelta) -> list[float]:
    """Seconds between two polls of each healthy device in virtual time, from when `dead` others fall silent on."""
    periods = dict.fromkeys((Poll.FAST, Poll.NORMAL, Poll.SLOW), period)
    return run_virtually(partial(_watch_over, devices, dead, periods))


BENCHES: tuple[Callable[[], Row], ...] = (cycle_on_the_wire, one_dead_of_32, eight_dead_of_32)


def _small(profile_id: str, poll: Poll) -> Profile:
    whole = profile(profile_id)
    kept = sorted(whole.points.values(), key=lambda point: point.address.number)[:PLACES]
    points = {point.name: replace(point, poll=poll, when=None, scale_from=(), bad_when=(), doubts=()) for point in kept}
    return replace(whole, points=points, derived={})


def _best_seconds(one: Profile) -> float:
    points = tuple(one.points.values())
    cost = rtu_cost(BAUD, TURNAROUND + silence(BAUD), one.gap.total_seconds())
    return best_seconds(points, one.limits, NOTHING_LEARNED, cost, points)


@contextmanager
def _line_of_controllers(path: Path, devices: Sequence[SiteDevice]) -> Iterator[None]:
    """In a thread of its own, with a loop that is exact enough for single characters."""
    loop = precise_loop()
    units = {device.unit: Counting(loop.time) for device in devices}
    manners = dict.fromkeys(units, Manner(turnaround=TURNAROUND))
    line = SerialLine(units, path, timing=LineTiming(baud=BAUD), manners=manners)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(line.start(), loop).result(5)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(line.close(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _rounds(path: Path, devices: Sequence[SiteDevice]) -> list[float]:
    """Wall seconds of each round after the first."""
    account = LineAccount()
    line = RtuLine(partial(open_serial, str(path), SerialFormat(baud=BAUD, parity="E", stop_bits=1)), BAUD, account)
    poller = _poller(line, devices, account, dict.fromkeys((Poll.FAST, Poll.NORMAL, Poll.SLOW), timedelta(seconds=10)))
    clock, rounds = asyncio.get_running_loop().time, list[float]()
    for number in range(ROUNDS + 1):
        began = clock()
        mono = 1000.0 * number
        await poller.turn(NOON, mono)
        while poller.next_due_in(mono) == 0.0:
            await poller.turn(NOON, mono)
        rounds.append(clock() - began)
    if poller.health().no_answers:
        raise RuntimeError("the bench line lost answers, so that the figure says nothing")
    await poller.close()
    return rounds[1:]


def _isolation(dead: int, bar: float) -> Row:
    """The worst of four ratios: mean and worst cycle, with the site's period and flat out."""
    ratios = []
    devices = mixed_devices(32)
    for period in (timedelta(seconds=10), timedelta(seconds=1)):
        alone = cycles(devices[dead:], 0, period)
        beside = cycles(devices, dead, period)
        ratios += [statistics.mean(beside) / statistics.mean(alone), max(beside) / max(alone)]
    value = max(ratios)
    name = f"bus: cycle of {32 - dead} devices beside {dead} dead"
    spread = (value - min(ratios)) / 2
    return Row(name=name, value=value, spread=spread, unit="×", bar=bar, peer="the same line without", ok=value <= bar)


async def _watch_over(devices: Sequence[SiteDevice], dead: int, periods: Mapping[Poll, timedelta]) -> list[float]:
    loop = asyncio.get_running_loop()
    dying = {device.unit for device in devices[:dead]}
    units = {device.unit: Counting(loop.time, DIES_AT if device.unit in dying else float("inf")) for device in devices}
    port = VirtualPort(
        Controllers(units, dict.fromkeys(units, Manner(turnaround=TURNAROUND))), LineTiming(baud=BAUD, grain=8)
    )
    account = LineAccount()
    poller = _poller(RtuLine(partial(_ready, port), BAUD, account), devices, account, periods)
    while loop.time() < STORE_SECONDS:
        await poller.turn(NOON + timedelta(seconds=loop.time()), loop.time())
        if poller.next_due_in(loop.time()) > 0:
            await asyncio.sleep(1.0 - loop.time() % 1.0)
    await poller.close()
    await port.unplug()
    return [seconds for unit in units.keys() - dying for seconds in _intervals(units[unit].asked_at)]


def _intervals(instants: Sequence[float]) -> list[float]:
    late = [at for at in instants if at >= DIES_AT]
    return [after - before for before, after in pairwise(late)]


async def _ready(port: VirtualPort) -> VirtualPort:
    return port


def _poller(
    line: RtuLine, devices: Sequence[SiteDevice], account: LineAccount, periods: Mapping[Poll, timedelta]
) -> Poller:
    gaps = defaultdict(float, {device.id: device.profile.gap.total_seconds() for device in devices})
    return Poller(
        bus="line-a",
        line=line,
        devices=devices,
        periods=periods,
        at_least_every=timedelta(minutes=5),
        boot="bench",
        account=account,
        cost=lambda device: rtu_cost(BAUD, TURNAROUND + silence(BAUD), gaps[device.id]),
    )


def _row(name: str, bar: float, peer: str, ratios: Sequence[float]) -> Row:
    value = statistics.median(ratios)
    spread = (max(ratios) - min(ratios)) / 2
    return Row(name=name, value=value, spread=spread, unit="×", bar=bar, peer=peer, ok=value <= bar)
