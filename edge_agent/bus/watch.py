"""What the poller of a bus remembers of one device between two visits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge_agent.bus.asking import Answers
from edge_agent.contract.readings import DeviceHealth, Quality, Reading, Value
from edge_agent.core.agenda import Agenda, Periods, begin
from edge_agent.core.decode import decode
from edge_agent.core.health import UnitAccount
from edge_agent.core.plan import NOTHING_LEARNED, Learned
from edge_agent.core.profile import Point, Poll
from edge_agent.core.report import Memory
from edge_agent.settings import SiteDevice

DOUBT_EVERY_S = 86400.0
"""Store seconds after which a device is asked again for what it refused: a controller may refuse while it starts."""

_IDENTITY = ("info.order_no", "info.sw_version", "info.device_id")


@dataclass(slots=True, kw_only=True)
class Watch:
    """`known` are the last values that were good; `polled_at` and `cycle_s` speak of its most frequent poll class."""

    device: SiteDevice
    agenda: Agenda
    learned: Learned = NOTHING_LEARNED
    known: dict[str, Value] = field(default_factory=dict)
    sent: Memory = field(default_factory=dict)
    visited_at: float = 0.0
    polled_at: float | None = None
    cycle_s: float | None = None
    doubted_at: float | None = None

    def points(self, polls: Iterable[Poll]) -> list[Point]:
        return [point for point in self.device.profile.points.values() if point.poll in polls]

    def triggered(self, readings: Sequence[Reading], asked: Iterable[str]) -> list[Point]:
        """Points to be asked at once because their flag is set, or was until now."""
        flags = {
            reading.point
            for reading in readings
            if reading.value is True or (reading.value is False and self.known.get(reading.point) is True)
        }
        done = set(asked)
        points = self.device.profile.points.values()
        return [point for point in points if point.when in flags and point.name not in done]

    def probe_point(self) -> Point:
        """The first point that this device is known to have, the fast ones before the others."""
        points = self.points([Poll.FAST]) + list(self.device.profile.points.values())
        return next((point for point in points if point.name not in self.learned.refused), points[0])

    def remember(self, readings: Iterable[Reading]) -> None:
        self.known |= {reading.point: reading.value for reading in readings if reading.value is not None}

    def firmware(self) -> str:
        """What the device has told of itself, as far as its map has such points and they were read."""
        return "/".join(str(self.known[name]) for name in _IDENTITY if name in self.known)

    def begin_anew(self, mono: float) -> None:
        """All of it is due: at the start, and when it is back after a silence."""
        self.agenda = begin(polls_of(self.device), mono)

    def note_polled(self, polls: Iterable[Poll], mono: float) -> None:
        if self._fastest() not in polls:
            return
        if self.polled_at is not None:
            self.cycle_s = round(mono - self.polled_at, 3)
        self.polled_at = mono

    def to_doubt(self, mono: float) -> list[Point]:
        """Once a day all that it refused; else nothing."""
        if self.doubted_at is None or mono - self.doubted_at >= DOUBT_EVERY_S:
            first, self.doubted_at = self.doubted_at is None, mono
            if not first:
                return [point for point in self.device.profile.points.values() if point.name in self.learned.refused]
        return []

    def health(self, account: UnitAccount, periods: Periods) -> DeviceHealth:
        period = periods.get(self._fastest())
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
        )

    def _fastest(self) -> Poll:
        polls = polls_of(self.device)
        return next((poll for poll in (Poll.FAST, Poll.NORMAL, Poll.SLOW) if poll in polls), Poll.ONCE)


def polls_of(device: SiteDevice) -> frozenset[Poll]:
    """The poll classes that the device has points of."""
    return frozenset(point.poll for point in device.profile.points.values())


def nothing_of(watch: Watch, quality: Quality) -> tuple[Reading, ...]:
    """Every point and derived flag of the device without a value; what it does not have stays refused."""
    profile = watch.device.profile
    return decode(
        profile, dict.fromkeys((name for name in profile.points if name not in watch.learned.refused), quality)
    )


def add(answers: Answers, more: Answers) -> None:
    """The answers of a second question to the same device, asked in the same visit."""
    answers.learned = more.learned
    answers.raw |= more.raw
    answers.read_at |= more.read_at
    answers.requests += more.requests
    answers.no_answers += more.no_answers
    answers.refusals += more.refusals
