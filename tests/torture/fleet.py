"""Some stores of a chain in one process: publisher, courier, recorder and outbox as they ship, a connection for each.

`python -m tests.torture.fleet CHAIN FIRST COUNT` dials until end of file on stdin. The word `enough` ends the polls; it
tells then, by store, when it was connected (seconds of the monotonic clock) and what its outbox has seen.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from collector.app import clock_from
from edge_agent.broker_link import PahoLink
from edge_agent.contract.clock import Clock
from edge_agent.outbox.queue import Outbox
from edge_agent.outbox.recorder import Recorder
from edge_agent.publisher import Publisher
from edge_agent.settings import Broker
from edge_agent.timekeeper import Timekeeper
from tests.bench.child import Child, say
from tests.torture.chain import POLL_EVERY, Chain, Shop, chain_of

COMMIT_EVERY_S = 10.0
STOPS_WITHIN_S = 5.0
LEAST_URGENT = 19
"""In the field a store takes nothing from head office's processors; here it may have what those leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Of one store: when it was connected, its last number, and how many readings it ever committed."""

    connected: list[float]
    last_seq: int
    readings: int


class Connections(logging.Handler):
    """When each store's publisher said that it is connected."""

    def __init__(self) -> None:
        super().__init__()
        self.at: defaultdict[str, list[float]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == "broker connected store=%s" and isinstance(record.args, tuple):
            self.at[str(record.args[0])].append(time.perf_counter())


class Gateway:
    """What runs in one store, but for its lines."""

    def __init__(self, shop: Shop, clock: Clock) -> None:
        chain, news = shop.chain, asyncio.Event()
        self._shop = shop
        self._clock = clock
        self._dice = random.Random(shop.number)
        self._timekeeper = Timekeeper(clock, shop.boot)
        self.recorder = Recorder(Outbox(shop.outbox), wake=news.set, commit_every_s=COMMIT_EVERY_S)
        broker = Broker(
            host="127.0.0.1",
            port=chain.port,
            tls=False,
            username=chain.username,
            password_file=None,
            redial_within=timedelta(seconds=chain.redial_within_s),
        )
        self.publisher = Publisher(
            shop.id,
            self.recorder,
            lambda heard, lost: PahoLink(broker, f"sw-{shop.id}", chain.password, heard=heard, lost=lost),
            news,
            steady=clock.steady,
            chance=random.random,
            beat=_nobody_waits,
            timekeeper=self._timekeeper,
            redial_within=lambda: broker.redial_within,
        )

    async def poll(self, enough: asyncio.Event) -> None:
        """Once a minute, each store at its own second."""
        every = POLL_EVERY.total_seconds()
        wait = (self._shop.number * 7 - self._clock.now().timestamp()) % every
        while not await _came(enough, wait):
            await self.recorder.record(self._shop.round(self._clock.now(), self._clock.mono(), self._dice))
            wait = every

    async def tell(self, connected: list[float]) -> Told:
        """After the last poll."""
        await self.recorder.flush()
        counters = await self.recorder.counters()
        return Told(connected=connected, last_seq=counters.last_seq, readings=counters.readings_total)


async def serve(chain: Chain, first: int, count: int, clock: Clock) -> None:
    enough, over, connections = asyncio.Event(), asyncio.Event(), _note_connections()
    gateways = {shop.id: Gateway(shop, clock) for shop in (Shop(chain, first + number) for number in range(count))}
    publishing = [asyncio.create_task(one.publisher.run()) for one in gateways.values()]
    polling = [asyncio.create_task(one.poll(enough)) for one in gateways.values()]
    obeying = asyncio.create_task(asyncio.to_thread(_obey, asyncio.get_running_loop(), enough, over))
    await asyncio.gather(*polling)
    say({store: msgspec.to_builtins(await one.tell(connections.at[store])) for store, one in gateways.items()})
    await over.wait()
    for one in gateways.values():
        one.publisher.finish()
    await asyncio.wait(publishing, timeout=STOPS_WITHIN_S)
    for one in gateways.values():
        await one.recorder.close()
    await obeying


def _note_connections() -> Connections:
    connections, log = Connections(), logging.getLogger("edge_agent.publisher")
    log.addHandler(connections)
    log.setLevel(logging.INFO)
    log.propagate = False  # a thousand stores would all say the same
    return connections


def _obey(loop: asyncio.AbstractEventLoop, enough: asyncio.Event, over: asyncio.Event) -> None:
    for _ in sys.stdin:
        loop.call_soon_threadsafe(enough.set)
    loop.call_soon_threadsafe(enough.set)
    loop.call_soon_threadsafe(over.set)


async def _came(event: asyncio.Event, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()


def _nobody_waits() -> None:
    """There is no watchdog here."""


class Fleet(Child):
    """The process, from outside."""

    def __init__(self, chain: Chain, first: int, count: int, clock: str) -> None:
        super().__init__("tests.torture.fleet", chain.argument(), str(first), str(count), clock)

    def enough(self) -> None:
        self.tell("enough")

    def told(self) -> dict[str, Told]:
        return msgspec.convert(self.heard(), dict[str, Told])


def main(arguments: list[str]) -> int:
    argument, first, count, clock = arguments
    logging.basicConfig(level=logging.WARNING)
    os.nice(LEAST_URGENT)
    asyncio.run(serve(chain_of(argument), int(first), int(count), clock_from(clock)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
