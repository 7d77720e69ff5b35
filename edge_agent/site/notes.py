"""What a site file may say and had better not: no fault, but worth a sentence when the file is checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_agent.contract.text import Text
from edge_agent.settings import RtuBus, Site

_CHANGING_NAME = re.compile(r"/dev/tty(USB|ACM)\d+")


def notes_of(site: Site) -> Iterator[Text]:
    yield from _changing_names(site)
    yield from _read_only(site)


def _changing_names(site: Site) -> Iterator[Text]:
    """A port named by the order in which adapters were found is another one after a restart or a replug."""
    for bus in site.buses.values():
        if isinstance(bus, RtuBus) and _CHANGING_NAME.fullmatch(bus.port):
            yield Text(
                zh=f"总线 {bus.id}:{bus.port} 重启或重新插拔后可能变成另一个;请用 /dev/serial/by-id/… "
                "(无序列号的适配器用 /dev/serial/by-path/…)",
                en=f"bus {bus.id}: {bus.port} may be another adapter after a restart or replug; name it by "
                "/dev/serial/by-id/… (or /dev/serial/by-path/… where the adapter has no serial number)",
            )


def _read_only(site: Site) -> Iterator[Text]:
    """One sentence for each reason; a store has many devices of a kind."""
    alike: dict[Text, list[str]] = {}
    for device in site.devices:
        if reason := device.read_only_because:
            alike.setdefault(reason, []).append(device.id)
    for reason, ids in alike.items():
        yield Text(zh=f"只读设备 {'、'.join(ids)}:{reason.zh}", en=f"read-only: {', '.join(ids)}: {reason.en}")
