"""What devices have taught about themselves, kept across restarts in one small file of the state folder."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edge_agent.core.plan import NOTHING_LEARNED, Learned
from edge_agent.core.profile import Profile, Table
from edge_agent.settings import SiteDevice

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the file says of the device at one place (bus, unit and instance), as long as it is asked by this map.

    `map` is the digest of what is asked; a file of an earlier release has none, and is learned anew.
    """

    profile: str
    version: int
    map: str = ""
    firmware: str = ""
    refused: tuple[str, ...] = ()
    cuts: tuple[tuple[Table, int], ...] = ()
    proven: tuple[str, ...] = ()

    def learned(self) -> Learned:
        return Learned(refused=frozenset(self.refused), cuts=frozenset(self.cuts), proven=frozenset(self.proven))


_PAGES = msgspec.json.Decoder(dict[str, Page])


class Notebook:
    """`path` None keeps it in memory only. A file that cannot be read is begun anew: all of it can be learned again."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._pages: dict[str, Page] = _read(path) if path else {}
        self._writing = asyncio.Lock()
        self._failing = False

    def recall(self, device: SiteDevice, firmware: str = "") -> Learned:
        """Nothing where the device, its map or its firmware (as far as both are known) has changed since."""
        page = self._pages.get(_place(device))
        if page is None or (page.profile, page.version, page.map) != _map_of(device.profile):
            return NOTHING_LEARNED
        if firmware and page.firmware and firmware != page.firmware:
            return NOTHING_LEARNED
        return page.learned()

    async def keep(self, device: SiteDevice, learned: Learned, firmware: str = "") -> None:
        """A disk that refuses is said once: the agent works on with what it knows."""
        before = self._pages.get(_place(device))
        if not firmware and before and before.profile == device.profile.id:
            firmware = before.firmware
        page = _page(device, learned, firmware)
        if page == before or (before is None and learned == NOTHING_LEARNED and not firmware):
            return
        self._pages[_place(device)] = page
        if self._path is None:
            return
        async with self._writing:
            try:
                await asyncio.to_thread(_write, self._path, dict(self._pages))
            except OSError as error:
                if not self._failing:
                    log.warning("what devices taught cannot be kept path=%s error=%s", self._path, error)
                self._failing = True
            else:
                self._failing = False


def map_digest(profile: Profile) -> str:
    """Of all that decides which requests this map makes, and of nothing else; the same in every process."""
    asked = {"points": {name: (point.address, point.type) for name, point in profile.points.items()}}
    text = msgspec.json.encode({**asked, "limits": profile.limits}, order="sorted")
    return hashlib.sha256(text).hexdigest()[:16]


def _map_of(profile: Profile) -> tuple[str, int, str]:
    return profile.id, profile.version, map_digest(profile)


def _place(device: SiteDevice) -> str:
    """Several units behind one address are several devices, each with a page of its own."""
    instance = device.profile.instance
    return f"{device.bus}/{device.unit}" + ("" if instance is None else f"/{instance}")


def _page(device: SiteDevice, learned: Learned, firmware: str) -> Page:
    profile, version, digest = _map_of(device.profile)
    return Page(
        profile=profile,
        version=version,
        map=digest,
        firmware=firmware,
        refused=tuple(sorted(learned.refused)),
        cuts=tuple(sorted(learned.cuts)),
        proven=tuple(sorted(learned.proven)),
    )


def _read(path: Path) -> dict[str, Page]:
    try:
        return _PAGES.decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, ValueError) as error:
        log.warning("what devices taught is unreadable and learned anew path=%s error=%s", path, error)
        return {}


def _write(path: Path, pages: Mapping[str, Page]) -> None:
    """Either the old file or the whole new one is there, also when the power goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(pages, order="sorted")))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
