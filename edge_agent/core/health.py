"""The account of a line: what was asked of each unit, what came back, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.core.babble import Listening
from edge_agent.core.patience import Histogram, Turnaround


@dataclass(slots=True, kw_only=True)
class UnitAccount:
    """`damaged` counts frames whose CRC was wrong, `late` answers that came after their time-out."""

    requests: int = 0
    answers: int = 0
    no_answers: int = 0
    damaged: int = 0
    late: int = 0
    refusals: int = 0
    turnaround: Turnaround = field(default_factory=Turnaround)
    spread: Histogram = field(default_factory=Histogram)

    def note_answer(self, seconds: float, *, refused: bool = False) -> None:
        """`seconds` from the end of the request to the beginning of the answer."""
        self.answers += 1
        self.refusals += refused
        self.turnaround = self.turnaround.with_answer(max(0.0, seconds))
        self.spread.add(max(0.0, seconds))

    def note_late(self, seconds: float) -> None:
        self.late += 1
        self.turnaround = self.turnaround.with_answer(max(0.0, seconds))
        self.spread.add(max(0.0, seconds))


@dataclass(slots=True)
class LineAccount:
    """One line's. `busy_s` is the time that conversations and their silences have taken of it, `listening` what was
    heard on it that nobody had asked for."""

    units: dict[int, UnitAccount] = field(default_factory=dict)
    busy_s: float = 0.0
    listening: Listening = field(default_factory=Listening)

    def unit(self, unit: int) -> UnitAccount:
        known = self.units.get(unit)
        if known is None:
            known = self.units[unit] = UnitAccount()
        return known

    def spread(self) -> Histogram:
        return sum((account.spread for account in self.units.values()), Histogram())


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the poller of one bus has done; `up` is None before its first turn, `cycle_s` the last turn's wall time."""

    up: bool | None = None
    turns: int = 0
    requests: int = 0
    no_answers: int = 0
    refusals: int = 0
    cycle_s: float = 0.0
    line_share: float | None = None

    def note_turn(self, seconds: float, share: float) -> None:
        self.turns += 1
        self.cycle_s, self.line_share = seconds, round(share, 3)

    def note_asked(self, requests: int, no_answers: int, refusals: int) -> None:
        self.requests += requests
        self.no_answers += no_answers
        self.refusals += refusals


@dataclass(slots=True)
class LineShare:
    """The share of wall time in which the line was busy, over about the last minute."""

    since: float | None = None
    busy_s: float = 0.0
    share: float = 0.0
    _whole: bool = False

    def look(self, now: float, busy_s: float) -> float:
        if self.since is None:
            self.since, self.busy_s = now, busy_s
            return self.share
        elapsed = now - self.since
        if elapsed > 0 and (elapsed >= 60.0 or not self._whole):
            self.share = min(1.0, (busy_s - self.busy_s) / elapsed)
        if elapsed >= 60.0:
            self.since, self.busy_s, self._whole = now, busy_s, True
        return self.share
