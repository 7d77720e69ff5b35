"""The lines of a simulated store: one gateway or serial line for each bus of its site."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge_agent.settings import RtuBus, Site, TcpBus
from simulators.live import LiveStore
from simulators.modbus_server import Gateway
from simulators.serial_server import SerialLine


class Lines:
    """Opens and closes them together."""

    def __init__(self) -> None:
        self._open: list[Gateway | SerialLine] = []

    async def open_gateways(self, store: LiveStore, buses: Iterable[str]) -> dict[str, int]:
        """The port of each bus's gateway, free ones. Raises OSError."""
        ports = {}
        for bus in buses:
            gateway = Gateway(store.units(bus))
            ports[bus] = await gateway.start()
            self._open.append(gateway)
        return ports

    async def open_serial(self, store: LiveStore, paths: dict[str, Path]) -> None:
        """`paths` are the ports that the agent opens, by bus. Raises OSError."""
        for bus, path in paths.items():
            line = SerialLine(store.units(bus), path)
            await line.start()
            self._open.append(line)

    async def close(self) -> None:
        while self._open:
            await self._open.pop().close()


def gateway_buses(site: Site) -> tuple[str, ...]:
    return tuple(bus.id for bus in site.buses.values() if isinstance(bus, TcpBus))


def serial_paths(site: Site) -> dict[str, Path]:
    return {bus.id: Path(bus.port) for bus in site.buses.values() if isinstance(bus, RtuBus)}
