"""What an agent takes in a store of ordinary size, and how many tags one core can bring from the wire to the outbox."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import uvloop

from edge_agent.bus.asking import ask
from edge_agent.contract.codec import encode_body
from edge_agent.contract.readings import Telemetry
from edge_agent.contract.text import same
from edge_agent.core.decode import decode
from edge_agent.core.profile import Address, Point, Profile, ReadLimits, Table, WordType
from edge_agent.core.report import Memory, report
from edge_agent.drivers.open_line import open_line
from edge_agent.profiles.load import profile
from edge_agent.settings import SiteDevice, TcpBus
from tests.bench import stores
from tests.bench.farm import Farm
from tests.bench.load import Usage, measure
from tests.bench.row import Row, quotient

TAGS, LINES, ROUNDS_S, ROUNDS = 100, 16, 2.0, 5
TAGS_PER_S = 100_000
RESIDENT = 60 * 2**20
SHARE = 0.03
AT = datetime(2026, 7, 1, tzinfo=UTC)


def tags_per_second() -> Row:
    """Read by the line, decoded, reported and encoded in one loop on one core; the farm has the other."""
    with Farm(LINES) as farm:
        rates = uvloop.run(_rates(farm))
    rate = statistics.median(rates)
    spread = (TAGS_PER_S / min(rates) - TAGS_PER_S / max(rates)) / 2
    told = f"{rate:,.0f} tags/s of a core's CPU time, in blocks of {TAGS} registers on {LINES} connections"
    name = "bus: tags read, decoded, handed on by one core"
    return quotient(name, TAGS_PER_S / rate, spread, 1.0, f"{TAGS_PER_S:,} tags/s", told)


async def _rates(farm: Farm) -> list[float]:
    """Tags per second of this process's CPU time: what else runs on the machine must not count."""
    rates, device = [], _device()
    await _drive(device, farm.ports[0], asyncio.get_running_loop().time())  # plans once what all others share
    for _ in range(ROUNDS):
        before, until = time.process_time(), asyncio.get_running_loop().time() + ROUNDS_S
        tags = sum(await asyncio.gather(*(_drive(device, port, until) for port in farm.ports)))
        rates.append(tags / (time.process_time() - before))
    return rates


async def _drive(device: SiteDevice, port: int, until: float) -> int:
    loop, tags = asyncio.get_running_loop(), 0
    line = open_line(TcpBus(id="bench", host="127.0.0.1", port=port))
    sent: Memory = {}
    while True:
        mono = loop.time()
        answers = await ask(line, device, device.profile.points.values())
        readings = decode(device.profile, answers.raw)
        news = report(device.profile, sent, readings, mono, timedelta(minutes=5))
        sent |= news.told
        encode_body(Telemetry(device=device.id, at=AT, boot="b", mono=mono, clock_trusted=True, readings=news.readings))
        tags += len(readings)
        if mono >= until:
            await line.close()
            return tags


def _device() -> SiteDevice:
    return SiteDevice(id="d", name=same("d"), duty="freezer", bus="bench", unit=1, profile=_profile())


def _profile() -> Profile:
    points = {
        f"p{place}": Point(
            name=f"p{place}", address=Address(table=Table.HOLDING, number=place), type=WordType.I16, scale=0.1
        )
        for place in range(TAGS)
    }
    return replace(profile("xy_md02"), points=points, derived={}, limits=ReadLimits(max_words=125), gap=timedelta())


@cache
def _small_store() -> Usage:
    """40 devices of the shipped profiles behind four gateways, each point at the period of its class."""
    return measure(stores.small_store, stores.GATEWAYS, period=10.0)


def small_store_memory() -> Row:
    usage = _small_store()
    return quotient("agent: resident memory, 40 devices", usage.rss / RESIDENT, 0.0, 1.0, "60 MiB", usage.told())


def small_store_cpu() -> Row:
    usage = _small_store()
    spread = (max(usage.cpu) - min(usage.cpu)) / 2 / SHARE
    return quotient("agent: CPU, 40 devices", usage.share / SHARE, spread, 1.0, "3 % of a core", usage.told())


BENCHES: tuple[Callable[[], Row], ...] = (tags_per_second, small_store_memory, small_store_cpu)
