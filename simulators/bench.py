"""One simulated device on a port, for trying an agent or another master against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.contract.clock import Clock
from edge_agent.contract.text import same
from edge_agent.core.profile import Profile
from simulators.live import LiveStore
from simulators.modbus_server import Gateway
from simulators.serial_server import SerialLine
from simulators.store import Place, start

_DUTIES = {"refrigeration_case": "freezer"}
_BUS = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Either a TCP `port` (0: any free one) or a `pty` link; `duty` None takes the usual one of the device class."""

    profile: Profile
    unit: int
    duty: str | None
    host: str
    port: int | None
    pty: Path | None

    def store(self, clock: Clock) -> LiveStore:
        """Raises NoSuchMachine."""
        duty = self.duty or _DUTIES.get(self.profile.device_class, "")
        name = same(self.profile.id)
        place = Place(device=_BUS, name=name, duty=duty, profile=self.profile, bus=_BUS, unit=self.unit)
        return LiveStore((place,), start((place,), clock.now(), ZoneInfo("UTC")), clock)


async def serve(bench: Bench, clock: Clock) -> tuple[Gateway | SerialLine, str]:
    """The open line and where it is. Raises OSError, NoSuchMachine."""
    units = bench.store(clock).units(_BUS)
    if bench.pty is not None:
        line = SerialLine(units, bench.pty)
        await line.start()
        return line, str(bench.pty)
    gateway = Gateway(units)
    return gateway, f"{bench.host}:{await gateway.start(bench.host, bench.port or 0)}"
