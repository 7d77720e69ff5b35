"""What the poller of a bus remembers of one device between two visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge_agent.bus.asking import Asking, Stamp
from edge_agent.contract.readings import DeviceHealth, Quality, Reading, Value
from edge_agent.core.agenda import Agenda, Periods, begin
from edge_agent.core.decode import Raw, decode
from edge_agent.core.health import UnitAccount
from edge_agent.core.plan import NOTHING_LEARNED, Learned
from edge_agent.core.profile import Point, Poll
from edge_agent.core.report import Memory
from edge_agent.core.sheet import Sheet, sheet_of
from edge_agent.settings import SiteDevice

FIRST_DOUBT_S, LAST_DOUBT_S = 60.0, 86400.0
"""Store seconds after which a device is asked again for what it refused, four times as long each time: a controller may
refuse while it starts, and after a power cut that is just when it is asked first."""


@dataclass(slots=True)
class Errand:
    """A visit that may take several turns: the poll classes that were due, and what is still to be asked of them.

    `held` is what was read already and can only be judged with what is still to be asked; `doubts` says that points are
    asked again which were refused once.
    """

    polls: frozenset[Poll] = frozenset()
    asking: Asking = field(default_factory=Asking)
    held: dict[str, Raw] = field(default_factory=dict)
    held_at: dict[str, Stamp] = field(default_factory=dict)
    doubts: bool = False


@dataclass(slots=True, kw_only=True)
class Watch:
    """`known` are the last good values that something else rests on; `kept` is what the notebook was last given.

    `errand` is under way, where its last visit did not come to all that was due.
    `polled_at` and `cycle_s` speak of its most frequent poll class.
    """

    device: SiteDevice
    agenda: Agenda
    learned: Learned = NOTHING_LEARNED
    known: dict[str, Value] = field(default_factory=dict)
    sent: Memory = field(default_factory=dict)
    kept: tuple[SiteDevice, Learned, str] | None = None
    visited_at: float = 0.0
    polled_at: float | None = None
    cycle_s: float | None = None
    doubt_at: float | None = None
    doubt_wait: float = FIRST_DOUBT_S
    errand: Errand | None = None

    @property
    def next_at(self) -> float:
        """When there is something to ask it; at once where it was left on the way."""
        return self.agenda.next_at if self.errand is None else float("-inf")

    def points(self, polls: frozenset[Poll]) -> tuple[Point, ...]:
        return self._sheet.points(polls)

    def triggered(self, readings: Sequence[Reading], asked: Iterable[str]) -> list[Point]:
        """Points to be asked at once because their flag is set, or was until now."""
        triggered = self._sheet.triggered
        if not triggered:
            return []
        done = set(asked)
        hot = [flag for flag in readings if flag.point in triggered and self._is_or_was_set(flag)]
        return [point for flag in hot for point in triggered[flag.point] if point.name not in done]

    def _is_or_was_set(self, flag: Reading) -> bool:
        return flag.value is True or (flag.value is False and self.known.get(flag.point) is True)

    def probe_point(self) -> Point:
        """The first point that this device is known to have, the fast ones before the others."""
        points = (*self.points(frozenset({Poll.FAST})), *self.device.profile.points.values())
        return next((point for point in points if point.name not in self.learned.refused), points[0])

    def remember(self, readings: Iterable[Reading]) -> None:
        sources = self._sheet.sources
        if not sources:
            return
        for reading in readings:
            if reading.point in sources and reading.value is not None:
                self.known[reading.point] = reading.value

    def firmware(self) -> str:
        """What the device has told of itself; empty until all of it was read, for half of it is another text."""
        known, told = self.known, self._sheet.identity
        there = [name for name in told if name not in self.learned.refused] if known else []
        return "/".join(str(known[name]) for name in there) if all(name in known for name in there) else ""

    def has_kept(self, firmware: str) -> bool:
        """Whether the notebook has heard of all this already."""
        if self.kept is None:
            return False
        device, learned, told = self.kept
        return device is self.device and learned is self.learned and told == firmware

    def begin_anew(self, mono: float) -> None:
        """All of it is due: at the start, and when it is back after a silence."""
        self.agenda, self.errand = begin(self._sheet.polls, mono), None

    def note_polled(self, polls: Iterable[Poll], mono: float) -> None:
        if self._sheet.fastest not in polls:
            return
        if self.polled_at is not None:
            self.cycle_s = round(mono - self.polled_at, 3)
        self.polled_at = mono

    def to_doubt(self, mono: float) -> list[Point]:
        """All that it refused, soon after that and then ever more seldom; else nothing."""
        refused = self.learned.refused
        if not refused:
            return []
        if self.doubt_at is None:
            self.doubt_at, self.doubt_wait = mono + FIRST_DOUBT_S, FIRST_DOUBT_S
        if mono < self.doubt_at:
            return []
        self.doubt_wait = min(4 * self.doubt_wait, LAST_DOUBT_S)
        self.doubt_at = mono + self.doubt_wait
        return [point for point in self.device.profile.points.values() if point.name in refused]

    def health(self, account: UnitAccount, periods: Periods, *, babbles: bool = False) -> DeviceHealth:
        period = periods.get(self._sheet.fastest)
        return DeviceHealth(
            device=self.device.id,
            answers=not self.agenda.silent,
            requests=account.requests,
            no_answers=account.no_answers,
            damaged=account.damaged,
            late=account.late,
            refusals=account.refusals,
            turnaround_p50_s=account.spread.quantile(0.5),
            turnaround_p99_s=account.spread.quantile(0.99),
            cycle_s=self.cycle_s,
            cycle_limit_s=period.total_seconds() if period else None,
            refused=tuple(sorted(self.learned.refused)),
            babbles=babbles,
        )

    @property
    def _sheet(self) -> Sheet:
        return sheet_of(self.device.profile)


def nothing_of(watch: Watch, quality: Quality) -> tuple[Reading, ...]:
    """Every point and derived flag of the device without a value; what it does not have stays refused."""
    profile = watch.device.profile
    return decode(
        profile, dict.fromkeys((name for name in profile.points if name not in watch.learned.refused), quality)
    )
