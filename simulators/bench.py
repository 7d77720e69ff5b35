"""One simulated device on a port, for trying an agent or another master against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.contract.clock import Clock
from edge_agent.contract.text import same
from edge_agent.core.profile import Profile
from simulators.controllers import Manner
from simulators.line_faults import FaultShare, Framing, LineFault, faults_on
from simulators.line_timing import LineTiming
from simulators.live import LiveStore
from simulators.modbus_server import Gateway
from simulators.serial_gateway import SerialGateway
from simulators.serial_server import SerialLine
from simulators.store import Place, start

_DUTIES = {"refrigeration_case": "freezer"}
_BUS = "bench"
_COOLEST, _SET_POINTS = 18.0, 9

BenchLine = Gateway | SerialLine | SerialGateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Either a Modbus TCP `port` (0: any free one), an `rtu_port` of a serial server, or a `pty` link.

    `duty` None takes the usual one of the device class. `timing` None lets bytes take no time; with `one_speed` a pty
    understands only masters that are set to its speed. `instances` are the units of a gateway's profile that it speaks
    for; none: the first.
    """

    profile: Profile
    unit: int
    duty: str | None
    host: str
    port: int | None = None
    pty: Path | None = None
    rtu_port: int | None = None
    timing: LineTiming | None = None
    faults: tuple[FaultShare, ...] = ()
    turnaround: float = 0.0
    seed: int = 0
    one_speed: bool = False
    instances: tuple[int, ...] = ()

    @property
    def impossible_faults(self) -> frozenset[LineFault]:
        """Those asked for that this kind of line cannot have."""
        framing = Framing.TCP if self.port is not None else Framing.RTU
        asked = frozenset(fault for share in self.faults for fault in share.faults)
        return asked - faults_on(framing, socket=self.pty is None)

    @property
    def has_instances(self) -> bool:
        """Whether the profile knows all those that are asked for."""
        first, last = self.profile.instances or (0, -1)
        return all(first <= number <= last for number in self.instances)

    def store(self, clock: Clock) -> LiveStore:
        """The air conditioners behind one gateway are set to different temperatures, so that a mix-up shows. Raises
        NoSuchMachine."""
        places = self._places()
        store = LiveStore(places, start(places, clock.now(), ZoneInfo("UTC")), clock)
        for number, place in zip(self.instances, places, strict=False):
            store.set(place.device, "sp", _COOLEST + number % _SET_POINTS)
        return store

    def _places(self) -> tuple[Place, ...]:
        if not self.instances:
            return (self._place(_BUS, self.profile),)
        return tuple(self._place(f"{_BUS}-{number}", self.profile.of_instance(number)) for number in self.instances)

    def _place(self, device: str, profile: Profile) -> Place:
        duty = self.duty or _DUTIES.get(profile.device_class, "")
        return Place(device=device, name=same(profile.id), duty=duty, profile=profile, bus=_BUS, unit=self.unit)

    def manners(self) -> dict[int, Manner]:
        patience = self.profile.answer_within.total_seconds()
        return {self.unit: Manner(turnaround=self.turnaround, patience=patience, faults=self.faults)}


async def serve(bench: Bench, clock: Clock) -> tuple[BenchLine, str]:
    """The open line and where it is. Raises OSError, NoSuchMachine."""
    units, manners = bench.store(clock).units(_BUS), bench.manners()
    if bench.pty is not None:
        line = SerialLine(
            units, bench.pty, timing=bench.timing, manners=manners, seed=bench.seed, one_speed=bench.one_speed
        )
        await line.start()
        return line, str(bench.pty)
    if bench.rtu_port is not None:
        server = SerialGateway(units, timing=bench.timing, manners=manners, seed=bench.seed)
        return server, f"{bench.host}:{await server.start(bench.host, bench.rtu_port)}"
    gateway = Gateway(units, timing=bench.timing, manners=manners, seed=bench.seed)
    return gateway, f"{bench.host}:{await gateway.start(bench.host, bench.port or 0)}"
