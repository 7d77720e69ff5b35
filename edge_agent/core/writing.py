"""What may be written to a controller, as data: limits, the proof that it was taken, and what must never be touched.

Nothing here writes. Who writes asks `writable` first: a map that neither a capture nor a commissioning has confirmed
is read-only, and `refusal` says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text
from edge_agent.core.commissioning import Commissioning, read_only_because
from edge_agent.core.fingerprint import recognised

if TYPE_CHECKING:
    from edge_agent.core.profile import Address, Profile, Table


class WriteKind(StrEnum):
    """`level` stays as written; `pulse` is taken once and clears itself; `coded` takes one of `codes`; `masked` is a
    field of a register whose other bits are `fixed` or read and kept."""

    LEVEL = "level"
    PULSE = "pulse"
    CODED = "coded"
    MASKED = "masked"


class Safety(StrEnum):
    """How much a wrong write harms: nothing but a display, the running of the device, or people and goods."""

    INFO = "info"
    OPERATIONAL = "operational"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLimits:
    """`low`..`high` in the point's unit; `low_from` and `high_from` are points of the device that bound it further."""

    low: float | None = None
    high: float | None = None
    step: float | None = None
    low_from: str = ""
    high_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """The bits of the register that this write owns, and those that must stand beside them.

    The bits under `fixed_mask` are written as `fixed` says. With `keep` the others are read before and written
    back; without it they are written as 0.
    """

    bits: int
    fixed: int = 0
    fixed_mask: int = 0
    keep: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """The write was taken when `point` shows it within `tolerance`, `within` that time."""

    point: str
    tolerance: float
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteSpec:
    """How one point is commanded. `address` is where, when it is not where the point is read; `stride` moves it as
    a point's does.

    `codes` are the raw words by value (a pulse has its one code under "on"). Not more often than `at_most_every`: maps
    that live in flash wear out. After a write nothing is read of this device for `hold_off`. `unless` are conditions
    that forbid it. With `lease` the value falls back to `fail_safe` when it is not renewed.
    """

    point: str
    kind: WriteKind
    function: int
    safety: Safety
    address: Address | None = None
    limits: WriteLimits = WriteLimits()
    stride: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    mask: Mask | None = None
    read_back: ReadBack | None = None
    at_most_every: timedelta = timedelta()
    hold_off: timedelta = timedelta()
    unless: tuple[str, ...] = ()
    lease: timedelta | None = None
    fail_safe: Value | None = None

    def moved(self, by: int) -> WriteSpec:
        """The same command of another instance."""
        return replace(self, address=self.address.moved(by)) if self.address else self


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupWrite:
    """A register that must hold `value` before the map is true, such as °C and not °F; checked, and written only by a
    person who commissions the device."""

    address: Address
    value: int
    safety: Safety
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Addresses `first`..`last` of a table that no program may ever write, such as baud, unit id and factory reset."""

    table: Table
    first: int
    last: int

    def touches(self, table: Table, number: int, count: int = 1) -> bool:
        return self.table is table and self.first < number + count and number <= self.last


def refusal(
    profile: Profile, commissioned: Commissioning | None = None, answers: Sequence[Value | None] | None = None
) -> Text | None:
    """Why no write is open on this device, for the person who asked for one; None where the map's writes are open.

    `answers` are what the device said just now to the profile's fingerprints: another model is never written to.
    """
    return read_only_because(profile, commissioned) or (stranger(profile, answers) if answers is not None else None)


def stranger(profile: Profile, answers: Sequence[Value | None]) -> Text | None:
    """What to say of a device that answers otherwise to the profile's fingerprints; None where it is recognised."""
    if recognised(profile.fingerprints, answers):
        return None
    return Text(
        zh=f"设备的应答与型号 {profile.id} 不符,可能是别的型号或已被更换:请用 scan 确认",
        en=f"it does not answer as a {profile.id} does: it is another model, or was exchanged; find out with scan",
    )


def writable(
    profile: Profile, commissioned: Commissioning | None = None, answers: Sequence[Value | None] | None = None
) -> dict[str, WriteSpec]:
    """The writes that are open on this device: none where there is a `refusal`."""
    return {} if refusal(profile, commissioned, answers) else dict(profile.writes)


def is_forbidden(profile: Profile, table: Table, number: int, count: int = 1) -> bool:
    """Whether a write of `count` registers or coils from `number` on would touch what no program may write."""
    return any(one.touches(table, number, count) for one in profile.never_write)
