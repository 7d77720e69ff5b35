"""A site file → the machines that a simulated store needs."""

from __future__ import annotations

from edge_agent.settings import Site
from simulators.store import Place


def places_of(site: Site) -> tuple[Place, ...]:
    return tuple(
        Place(
            device=device.id,
            name=device.name,
            duty=device.duty,
            profile=device.profile,
            bus=device.bus,
            unit=device.unit,
            fed_by=device.fed_by,
        )
        for device in site.devices
    )
