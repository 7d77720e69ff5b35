"""A poller whose line and store time belong to the test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from edge_agent.bus.notebook import Notebook
from edge_agent.bus.poller import Poller
from edge_agent.contract.readings import Quality, Telemetry
from edge_agent.core.health import LineAccount
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Profile
from edge_agent.drivers.base import BusDown, NoAnswer, Refused
from edge_agent.settings import SiteDevice
from tests.unit.edge_agent.points import CASE, PERIODS, device_of
from tests.virtual_time import run_virtually

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
EVERY_POINT = {"temp.control", "state.mode", "alarm.probe_control", "limit.high", "info.order_no", "defrost.active"}


class FakeLine:
    """Answers from `words`, each after `takes` seconds; `silent` units say nothing; `down` takes the line away."""

    def __init__(self) -> None:
        self.words = {10: 65336, 11: 0, 20: 0, 30: 65416, 40: 8523}
        self.silent: set[int] = set()
        self.down = False
        self.fails: Callable[[int, ReadRequest], Exception | None] = lambda *_: None
        self.asked: list[tuple[int, int]] = []
        self.closed = False
        self.takes: dict[int, float] = {}
        self.account = LineAccount()

    async def read(self, unit: int, request: ReadRequest, *_: timedelta) -> tuple[int, ...]:
        if self.down:
            raise BusDown("unplugged")
        self.asked.append((unit, request.start))
        if takes := self.takes.get(unit):
            await asyncio.sleep(takes)
            self.account.unit(unit).note_answer(takes)
        if unit in self.silent:
            raise NoAnswer("silence")
        if error := self.fails(unit, request):
            raise error
        addresses = range(request.start, request.start + request.count)
        if any(address not in self.words for address in addresses):
            raise Refused(2)
        return tuple(self.words[address] for address in addresses)

    async def close(self) -> None:
        self.closed = True


class Bench:
    """A poller, its line, and store time that the test moves."""

    def __init__(self, *devices: SiteDevice, notebook: Notebook | None = None) -> None:
        self.line = FakeLine()
        self.mono = 1000.0
        self.poller = Poller(
            bus="line-a",
            line=self.line,
            devices=devices or (device_of(CASE),),
            periods=PERIODS,
            at_least_every=timedelta(minutes=5),
            boot="boot-1",
            notebook=notebook,
            account=self.line.account,
        )

    def turn(self, after: float = 0.0) -> list[Telemetry]:
        async def play() -> list[Telemetry]:
            await asyncio.sleep(self.mono + after)  # each turn has a loop of its own, whose clock begins at nought
            return await self.take_turn(after)

        return run_virtually(play)

    async def take_turn(self, after: float = 0.0) -> list[Telemetry]:
        self.mono += after
        self.line.asked.clear()
        return await self.poller.turn(NOON, self.mono)

    def turns(self, seconds: float, step: float = 1.0) -> list[Telemetry]:
        return [telemetry for _ in range(int(seconds / step)) for telemetry in self.turn(step)]


def qualities(telemetries: Sequence[Telemetry]) -> dict[str, Quality]:
    return {reading.point: reading.quality for telemetry in telemetries for reading in telemetry.readings}


def later(seconds: int) -> tuple[datetime, float]:
    return NOON + timedelta(seconds=seconds), 1000.0 + seconds


def bench_of(profile: Profile) -> Bench:
    return Bench(device_of(profile))
