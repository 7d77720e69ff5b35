"""What opens a map for writing where no capture has proven it: somebody compared this device's panel with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text

if TYPE_CHECKING:
    from edge_agent.core.profile import Point, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the panel showed of a point, and what the registers said at that time where that was noted."""

    point: str
    value: Value
    read: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioning:
    """`by` whom and `at` which day of the store one device was compared with version `profile_version` of its map."""

    by: str
    at: date
    profile_version: int
    shown: tuple[Shown, ...]


def read_only_because(profile: Profile, commissioned: Commissioning | None) -> Text | None:
    """Why nothing may be written to a device of this map; None where a capture or its commissioning has proven it."""
    if profile.evidence.proven:
        return None
    if commissioned is None:
        return Text(
            zh=f"点表 {profile.id} 尚无真机验证,设备也未现场核对(edge-agent record --commission)",
            en=f"no capture of a real unit confirms the map {profile.id} yet, and the device was not commissioned "
            "(edge-agent record --commission)",
        )
    if commissioned.profile_version != profile.version:
        was, done = commissioned.profile_version, f"{commissioned.by}, {commissioned.at}"
        return Text(
            zh=f"现场核对({done})用的是点表 {profile.id} 第 {was} 版,现在是第 {profile.version} 版:请重新核对",
            en=f"it was commissioned ({done}) with version {was} of the map {profile.id}, which is now version "
            f"{profile.version}: compare its panel again",
        )
    return None


def is_telling(profile: Profile, points: Iterable[str]) -> bool:
    """Whether these points together prove anything: a flag is right by chance, unless a map has nothing else."""
    measured = {name for name, point in profile.points.items() if point.type != "flag"}
    measured |= {name for name, rule in profile.derived.items() if rule.sum_of}
    return not measured or not measured.isdisjoint(points)


def agrees(read: Value | None, panel: Value, point: Point | None, step: float | None = None) -> bool:
    """Whether a panel that shows `panel`, to `step`, may belong to that reading: it may be one last digit behind.

    `step` None: the last digit that `panel` is written with. `point` is None for one that is derived.
    """
    if isinstance(read, bool | str) or isinstance(panel, bool | str) or read is None:
        return type(read) is type(panel) and read == panel
    finest = max(_last_digit(panel) if step is None else step, abs(point.scale) if point else 0.0)
    return abs(read - panel) <= 1.5 * finest + 1e-6


def _last_digit(number: float) -> float:
    exponent = Decimal(repr(number)).as_tuple().exponent
    return 10.0 ** min(0, exponent) if isinstance(exponent, int) else 0.0
