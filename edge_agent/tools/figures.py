"""What a watch over a bus measured → the figures that an installer needs, per device and per bus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from edge_agent.core.agenda import Periods
from edge_agent.core.babble import NOBODY, Babble
from edge_agent.core.health import UnitAccount
from edge_agent.core.profile import Poll
from edge_agent.settings import SiteDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One device asked for the points of one poll class; it answered all of it in `seconds`."""

    device: str
    poll: Poll
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFigures:
    """Turnarounds in seconds, None where nothing answered; `patience_s` is the profile's answer_within.

    `crc_errors` are answers that came damaged, `late` those that came after their time-out. A silent device is put off
    rather than asked, so its time-outs are few.
    """

    device: str
    unit: int
    requests: int
    answers: int
    time_outs: int
    crc_errors: int
    late: int
    refused_points: tuple[str, ...]
    turnaround_p50_s: float | None
    turnaround_p99_s: float | None
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BusFigures:
    """`cycle_s` is what one round over the fast points of all devices takes, `cycle_limit_s` the period of that class;
    `line_share` is the part of all time that the periods of the site file need. Time lost to devices that do not answer
    is in neither. `down`: why the bus could not be used, empty when it could; `babble`: who talks on it unasked."""

    bus: str
    down: str
    cycle_s: float
    cycle_limit_s: float
    line_share: float
    devices: tuple[DeviceFigures, ...]
    babble: Babble = NOBODY


def device_figures(device: SiteDevice, account: UnitAccount, refused_points: Iterable[str]) -> DeviceFigures:
    return DeviceFigures(
        device=device.id,
        unit=device.unit,
        requests=account.requests,
        answers=account.answers,
        time_outs=account.no_answers,
        crc_errors=account.damaged,
        late=account.late,
        refused_points=tuple(sorted(refused_points)),
        turnaround_p50_s=account.spread.quantile(0.5),
        turnaround_p99_s=account.spread.quantile(0.99),
        patience_s=device.profile.answer_within.total_seconds(),
    )


def bus_figures(
    bus: str,
    visits: Iterable[Visit],
    periods: Periods,
    devices: Sequence[DeviceFigures],
    down: str = "",
    babble: Babble = NOBODY,
) -> BusFigures:
    """`periods` are those of the site file."""
    needed = seconds_needed(visits)
    return BusFigures(
        bus=bus,
        down=down,
        cycle_s=sum(seconds for (_, poll), seconds in needed.items() if poll is Poll.FAST),
        cycle_limit_s=periods[Poll.FAST].total_seconds(),
        line_share=sum(
            seconds / periods[poll].total_seconds() for (_, poll), seconds in needed.items() if poll in periods
        ),
        devices=tuple(devices),
        babble=babble,
    )


def seconds_needed(visits: Iterable[Visit]) -> Mapping[tuple[str, Poll], float]:
    """The median time of a visit, by device and poll class."""
    by_kind: dict[tuple[str, Poll], list[float]] = {}
    for visit in visits:
        by_kind.setdefault((visit.device, visit.poll), []).append(visit.seconds)
    return {kind: median(seconds) for kind, seconds in by_kind.items()}
