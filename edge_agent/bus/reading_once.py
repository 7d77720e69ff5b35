"""One device read once, for a person who stands before it."""

from __future__ import annotations

from edge_agent.bus.asking import ask
from edge_agent.contract.readings import Quality, Reading
from edge_agent.contract.text import Text
from edge_agent.core.decode import decode
from edge_agent.core.plan import Learned
from edge_agent.drivers.base import BusDown
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Bus, SiteDevice


async def read_once(bus: Bus, device: SiteDevice) -> tuple[tuple[Reading, ...], Text | None]:
    """Readings of all points, and what is to be said when the device gave none."""
    line = open_line(bus)
    try:
        answers = await ask(line, device, device.profile.points.values(), Learned())
    except BusDown as reason:
        nothing = dict.fromkeys(device.profile.points, Quality.BUS_DOWN)
        said = Text(zh=f"总线 {bus.id} 不通:{reason}", en=f"bus {bus.id} is down: {reason}")
        return decode(device.profile, nothing), said
    finally:
        await line.close()
    silent = Text(zh=f"{device.id} 没有应答", en=f"{device.id} does not answer")
    return decode(device.profile, answers.raw), None if answers.heard else silent
