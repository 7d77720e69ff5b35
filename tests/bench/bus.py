"""How near the poller of a bus comes to what its wire allows, and what dead devices cost their neighbours."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import threading
from collections import Counter, defaultdict
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
from edge_agent.core.profile import Poll, Profile, ReadLimits, SerialFormat
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
PERIODS = (timedelta(seconds=10), timedelta(seconds=1))
"""As a site has it, and flat out."""

PLACES = 8
"""Of each map, so that every way to read them can be tried."""

STORE_SECONDS = 400.0
DIES_AT = 60.0
SLOW_REQUESTS, SLOW_TURNAROUND = 60, 0.5


@dataclass(slots=True)
class Counting:
    """A controller that has every register, with zeros; it notes when its first question of a round was heard."""

    clock: Callable[[], float]
    dies_at: float = float("inf")
    asked_at: list[float] = field(default_factory=list)
    first: tuple[int, int] | None = None
    places: Counter[int] = field(default_factory=Counter)

    def answer(self, request: ModbusPDU) -> ModbusPDU | None:
        if self.clock() >= self.dies_at:
            return None
        self.places[request.address] += 1
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
    return _isolation("beside 1 dead", 1, 1.10)


def eight_dead_of_32() -> Row:
    return _isolation("beside 8 dead", 8, 1.25)


def one_never_there_of_32() -> Row:
    return _isolation("beside 1 that was never there", 1, 1.10, dies_at=0.0)


def eight_never_there_of_32() -> Row:
    return _isolation("beside 8 that were never there", 8, 1.25, dies_at=0.0)


def one_slow_of_32() -> Row:
    """It answers each of its requests, and takes longer for all of them than the cycle of the others."""
    alone, beside = [], []
    for period in PERIODS:
        alone.append(cycles(mixed_devices(32)[1:], 0, period))
        beside.append(cycles(beside_a_slow_one(32), 0, period, slow=1))
    return _ratios_row(f"bus: cycle of 31 devices beside one of {SLOW_REQUESTS} slow answers", 1.10, alone, beside)


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


def beside_a_slow_one(count: int) -> tuple[SiteDevice, ...]:
    """The first has so many places that cannot be read together, and is slow."""
    first, *others = mixed_devices(count)
    pattern = next(iter(first.profile.points.values()))
    points = {
        f"slow.{at}": replace(pattern, name=f"slow.{at}", address=replace(pattern.address, number=10 * at))
        for at in range(SLOW_REQUESTS)
    }
    slow = replace(first.profile, points=points, limits=ReadLimits(), answer_within=timedelta(seconds=1))
    return (replace(first, profile=slow), *others)


@dataclass(frozen=True, slots=True)
class Watched:
    """`cycles` of the healthy devices in seconds; `asked` is how often each place of the first device was asked."""

    cycles: list[float]
    asked: Mapping[int, int]


def cycles(
    devices: Sequence[SiteDevice], dead: int, period: timedelta, dies_at: float = DIES_AT, slow: int = 0
) -> list[float]:
    """Seconds between two polls of each healthy device in virtual time, from when `dead` others fall silent on."""
    return watch_over(devices, dead, period, dies_at, slow).cycles


def watch_over(
    devices: Sequence[SiteDevice], dead: int, period: timedelta, dies_at: float = DIES_AT, slow: int = 0
) -> Watched:
    """The first `dead` or `slow` of the devices are not healthy."""
    periods = dict.fromkeys((Poll.FAST, Poll.NORMAL, Poll.SLOW), period)
    return run_virtually(partial(_watch_over, devices, dead, periods, dies_at, slow))


BENCHES: tuple[Callable[[], Row], ...] = (
    cycle_on_the_wire,
    one_dead_of_32,
    eight_dead_of_32,
    one_never_there_of_32,
    eight_never_there_of_32,
    one_slow_of_32,
)


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


def _isolation(name: str, dead: int, bar: float, dies_at: float = DIES_AT) -> Row:
    devices = mixed_devices(32)
    alone = [cycles(devices[dead:], 0, period) for period in PERIODS]
    beside = [cycles(devices, dead, period, dies_at) for period in PERIODS]
    return _ratios_row(f"bus: cycle of {32 - dead} devices {name}", bar, alone, beside)


def _ratios_row(name: str, bar: float, alone: Sequence[Sequence[float]], beside: Sequence[Sequence[float]]) -> Row:
    """The worst of four ratios: mean and worst cycle, with the site's period and flat out."""
    pairs = list(zip(beside, alone, strict=True))
    ratios = [kind(one) / kind(other) for one, other in pairs for kind in (statistics.mean, max)]
    value = max(ratios)
    spread = (value - min(ratios)) / 2
    return Row(name=name, value=value, spread=spread, unit="×", bar=bar, peer="the same line without", ok=value <= bar)


async def _watch_over(
    devices: Sequence[SiteDevice], dead: int, periods: Mapping[Poll, timedelta], dies_at: float, slow: int
) -> Watched:
    loop = asyncio.get_running_loop()
    dying, sick = {device.unit for device in devices[:dead]}, {device.unit for device in devices[: dead + slow]}
    units = {device.unit: Counting(loop.time, dies_at if device.unit in dying else float("inf")) for device in devices}
    manners = dict.fromkeys(units, Manner(turnaround=TURNAROUND))
    manners |= {device.unit: Manner(turnaround=SLOW_TURNAROUND) for device in devices[:slow]}
    port = VirtualPort(Controllers(units, manners), LineTiming(baud=BAUD, grain=8))
    account = LineAccount()
    # Those that are not healthy come last, so that finding that out falls between two polls of the others.
    poller = _poller(RtuLine(partial(_ready, port), BAUD, account), devices[::-1], account, periods)
    while loop.time() < STORE_SECONDS:
        await poller.turn(NOON + timedelta(seconds=loop.time()), loop.time())
        if poller.next_due_in(loop.time()) > 0:
            await asyncio.sleep(1.0 - loop.time() % 1.0)
    await poller.close()
    await port.unplug()
    cycles = [seconds for unit in units.keys() - sick for seconds in _intervals(units[unit].asked_at, dies_at)]
    return Watched(cycles, units[devices[0].unit].places)


def _intervals(instants: Sequence[float], since: float) -> list[float]:
    late = [at for at in instants if at >= since]
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
