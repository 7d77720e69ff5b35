"""The whole line in virtual time: plant → registers → poll → decode → report → codec → judge, without any process.

Everything between the register and the change of an alarm is what ships; only the wire and the clock are the test's.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pymodbus.pdu import ModbusPDU

from edge_agent.bus.poller import Poller
from edge_agent.contract.clock import Clock
from edge_agent.contract.codec import decode_batch, encode_batch, encode_body
from edge_agent.contract.readings import Telemetry
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers.base import NoAnswer, Refused
from edge_agent.settings import Site, inventory, load_site
from rules.engine import DeviceMemory, judge
from rules.load import load_rules
from rules.model import Change
from simulators import store
from simulators.answers import read_request
from simulators.demo_folder import SITE
from simulators.live import LiveStore
from simulators.modbus_server import Unit
from simulators.narrator import Happening, happenings
from simulators.places import places_of
from simulators.store import StoreState
from simulators.story import Story

TURN_EVERY = timedelta(seconds=10)
_FUNCTION = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}


@dataclass(slots=True)
class WirelessLine:
    """A line without a wire: requests and answers are Modbus, time does not pass."""

    units: dict[int, Unit]

    async def read(self, unit: int, request: ReadRequest, *_timing: timedelta) -> tuple[int, ...]:
        asked = read_request(struct.pack(">BHH", _FUNCTION[request.table], request.start, request.count))
        answer = self.units[unit].answer(asked)
        if answer is None:
            raise NoAnswer
        if answer.isError():
            raise Refused(answer.exception_code)
        return _words(answer, request)

    async def close(self) -> None:
        pass


@dataclass(slots=True)
class VirtualStore:
    """One story, played turn by turn. `told` is what happened in the store, `changes` what the rules made of it."""

    story: Story
    told: list[Happening] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    readings: int = 0
    _seconds: float = 0.0

    async def play(self) -> None:
        site = load_site(SITE)
        live = self._live_store(site)
        pollers = [_poller(site, live, bus) for bus in site.buses]
        office = _Office(site)
        began_at = live.state.at
        live.begin_story(self.story.faults)
        while live.state.at - began_at < self.story.length:
            self._seconds += TURN_EVERY.total_seconds()
            await asyncio.sleep(TURN_EVERY.total_seconds())  # on the virtual loop, which takes no time
            live.catch_up()
            for poller in pollers:
                for telemetry in await poller.turn(live.state.at, self._seconds):
                    self.readings += len(telemetry.readings)
                    self.changes += office.hear(telemetry)

    def _live_store(self, site: Site) -> LiveStore:
        timezone = ZoneInfo(site.timezone)
        epoch = datetime.combine(datetime(2026, 7, 15), self.story.starts, timezone).astimezone(UTC)  # noqa: DTZ001
        clock = Clock(wall=lambda: self._seconds, steady=lambda: self._seconds, epoch=epoch)
        places = places_of(site)

        def watch(before: StoreState, after: StoreState) -> None:
            faults = (live.faults(before.at), live.faults(after.at))
            self.told.extend(happenings(live.places, before, after, faults))

        live = LiveStore(places, store.start(places, epoch, timezone, self.story.defrosts), clock, watch)
        return live


class _Office:
    """Head office without a database: what arrives is judged, and remembered from one telemetry to the next."""

    def __init__(self, site: Site) -> None:
        self._store = site.id
        self._book = load_rules()
        self._devices = {device.id: device for device in inventory(site)}
        self._memories: dict[str, DeviceMemory] = {}
        self._seq = 0

    def hear(self, telemetry: Telemetry) -> Iterator[Change]:
        self._seq += 1
        payload = encode_batch("stream", [(self._seq, encode_body(telemetry))])
        for entry in decode_batch(self._store, payload).entries:
            assert isinstance(entry.body, Telemetry)
            device = self._devices[entry.body.device]
            judged = judge(self._book, device, self._memories.get(device.id, DeviceMemory()), entry.body)
            self._memories[device.id] = judged.memory
            yield from judged.changes


def _poller(site: Site, live: LiveStore, bus: str) -> Poller:
    units: dict[int, Unit] = {**live.units(bus)}
    return Poller(
        bus=bus,
        line=WirelessLine(units),
        devices=site.devices_on(bus),
        periods=site.poll,
        at_least_every=site.report.at_least_every,
        boot="virtual",
    )


def _words(answer: ModbusPDU, request: ReadRequest) -> tuple[int, ...]:
    if request.table.bits:
        return tuple(int(bit) for bit in answer.bits[: request.count])
    return tuple(answer.registers)
