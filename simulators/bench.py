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

BenchLine = Gateway | SerialLine | SerialGateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Either a Modbus TCP `port` (0: any free one), an `rtu_port` of a serial server, or a `pty` link.

    `duty` None takes the usual one of the device class. `timing` None lets bytes take no time; with `one_speed` a pty
    understands only masters that are set to its speed.
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

    @property
    def impossible_faults(self) -> frozenset[LineFault]:
        """Those asked for that this kind of line cannot have."""
        framing = Framing.TCP if self.port is not None else Framing.RTU
        asked = frozenset(fault for share in self.faults for fault in share.faults)
        return asked - faults_on(framing, socket=self.pty is None)

    def store(self, clock: Clock) -> LiveStore:
        """Raises NoSuchMachine."""
        duty = self.duty or _DUTIES.get(self.profile.device_class, "")
        name = same(self.profile.id)
        place = Place(device=_BUS, name=name, duty=duty, profile=self.profile, bus=_BUS, unit=self.unit)
        return LiveStore((place,), start((place,), clock.now(), ZoneInfo("UTC")), clock)

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
