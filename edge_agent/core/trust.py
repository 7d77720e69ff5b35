"""Which clock to believe: the gateway's, or head office's word carried on by the gateway's monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edge_agent.contract.clock import from_ms, to_ms

RELEASED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Nobody ran this program before: a clock that says so has lost its time."""

OUTLIVED_AT = RELEASED_AT + timedelta(days=36_525)
"""Nobody will run it then: a clock that says so is broken, and near the end of the calendar sums would be too."""

APART_AT_MOST = timedelta(minutes=2)
"""A clock that differs less is right: more than any acknowledgement is late, and less than any rule notices."""

DRIFT = 1e-4
"""Seconds that a monotonic clock may gain or lose in a second."""

REFERENCE_FRESH_S = 3600.0
"""Seconds for which the least delayed of head office's words is kept in preference to a newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When something was taken: `at` by the wall clock, `mono` (seconds) by the monotonic clock of the run `boot`."""

    boot: str
    mono: float
    at: datetime
    trusted: bool
    repaired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Head office said `at` when this machine's monotonic clock stood at `mono` (seconds)."""

    at: datetime
    mono: float

    def at_mono(self, mono: float) -> datetime:
        """Head office's time when the monotonic clock stood at `mono`. Raises OverflowError beyond all calendars."""
        return self.at + timedelta(seconds=mono - self.mono)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One run of the gateway's hardware: `boot` names it and the agent's run, as in Telemetry."""

    boot: str
    reference: Reference | None = None

    def booted_alike(self, boot: str) -> bool:
        """Whether the monotonic clock of that run is this machine's: it goes on when only the agent begins anew."""
        return boot.partition(".")[0] == self.boot.partition(".")[0]


def is_plausible(at: datetime) -> bool:
    return RELEASED_AT <= at < OUTLIVED_AT


def refine(reference: Reference | None, at: datetime, mono: float) -> Reference | None:
    """With head office's word `at`, heard at `mono`. It is late by its way and never early: the later one is nearer.

    Where two differ by more than any delay, head office's clock was set, and the newer word counts.
    """
    if not is_plausible(at):
        return reference
    heard = Reference(at=at, mono=mono)
    if reference is None or mono - reference.mono > REFERENCE_FRESH_S:
        return heard
    lead = at - reference.at_mono(mono)
    return heard if lead > timedelta() or lead < -APART_AT_MOST else reference


def is_trusted(at: datetime, mono: float, reference: Reference | None) -> bool:
    """Whether a clock that says `at` now can be right, as far as is known now."""
    return is_plausible(at) and (reference is None or not _apart(at, mono, reference))


def doubt(stamp: Stamp, machine: Machine) -> Stamp:
    """For what leaves before head office has told its time: it may decide nothing."""
    return stamp if machine.reference else _marked(stamp, at=stamp.at, trusted=False, repaired=stamp.repaired)


def mend(stamp: Stamp, machine: Machine) -> Stamp:
    """The stamp as head office should see it, by what is known when it is sent.

    Of the same run of the machine, a wrong instant is set right and a right one confirmed. Of an earlier one, which
    cannot be asked any more, an instant that lies in this run is wrong, and all else stays as it was thought then.
    """
    reference = machine.reference
    if reference is None:
        return stamp
    if not machine.booted_alike(stamp.boot):
        ahead = stamp.at > reference.at_mono(0.0) + APART_AT_MOST
        return _marked(stamp, at=stamp.at, trusted=stamp.trusted and not ahead, repaired=stamp.repaired)
    if not _apart(stamp.at, stamp.mono, reference):
        return _marked(stamp, at=stamp.at, trusted=True, repaired=stamp.repaired)
    true_at = from_ms(to_ms(reference.at_mono(stamp.mono)))
    return _marked(stamp, at=true_at, trusted=True, repaired=True)


def age(stamp: Stamp, machine: Machine, now: datetime, mono: float) -> timedelta | None:
    """How long ago it was, when the gateway's clock says `now` and its monotonic clock `mono`; None if nobody knows."""
    if machine.booted_alike(stamp.boot):
        return timedelta(seconds=mono - stamp.mono)
    if not mend(stamp, machine).trusted:
        return None
    return (machine.reference.at_mono(mono) if machine.reference else now) - stamp.at


def ahead_s(at: datetime, mono: float, reference: Reference) -> float:
    """Seconds by which a clock that says `at` now is ahead of head office's."""
    return (at - reference.at_mono(mono)).total_seconds()


def _apart(at: datetime, mono: float, reference: Reference) -> bool:
    leeway = APART_AT_MOST + timedelta(seconds=abs(mono - reference.mono) * DRIFT)
    return abs(at - reference.at_mono(mono)) > leeway


def _marked(stamp: Stamp, *, at: datetime, trusted: bool, repaired: bool) -> Stamp:
    if (at, trusted, repaired) == (stamp.at, stamp.trusted, stamp.repaired):
        return stamp
    return Stamp(boot=stamp.boot, mono=stamp.mono, at=at, trusted=trusted, repaired=repaired)
