"""What was committed in a store and what head office kept of it; whatever does not add up is named with its time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge_agent.contract.readings import Body, Reading, Telemetry
from edge_agent.outbox.gaps import Reason

OFF_AT_MOST = timedelta(minutes=2) + 1e-4 * timedelta(days=9)
"""How far an instant that head office believes may be from the truth: a clock is believed that differs by two minutes,
and by a ten-thousandth of the time since head office was last heard (decision 0008)."""

DRIFT = 2.5e-4
"""How much further it may be for each second that it waited to be sent: crystals differ, and nobody told the time."""

REMEMBERED = 4_000

ASKED_AT_MOST = 5
"""Telemetries from one calm while to the next that had to ask what time it is, and so went marked (decision 0008)."""

Sample = tuple[str, str, float]
"""Device, boot and monotonic clock: what names a telemetry wherever it is."""


class Broken(BaseException):
    """A promise does not hold; no loop that must not stop may swallow it."""


@dataclass(frozen=True, slots=True)
class Committed:
    """`trusted`: its instant, as it was thought when it was taken, is right and believed."""

    at: datetime
    readings: tuple[Reading, ...]
    trusted: bool


@dataclass(slots=True, kw_only=True)
class Ledger:
    """`true_time` tells when a telemetry was really taken; `on_commit` hears each telemetry that is safe on disk.

    While it is `lenient` a person or a disk has meddled with the outbox or with head office: entries may come twice,
    be merged, and be dropped as far as gaps tell.
    """

    store: str
    true_time: Callable[[Telemetry], datetime]
    on_commit: Callable[[Telemetry], None]
    now: Callable[[], datetime]
    committed: int = 0
    kept: int = 0
    dropped: int = 0
    untrusted: int = 0
    asked: int = 0
    lenient: bool = False
    under_way: dict[Sample, Committed] = field(default_factory=dict)
    _done: dict[Sample, None] = field(default_factory=dict)
    _destroyed: set[Sample] = field(default_factory=set)
    _orphans: set[Sample] = field(default_factory=set)

    def note(self, bodies: Sequence[Body]) -> None:
        """They are safe on disk."""
        for body in bodies:
            if isinstance(body, Telemetry):
                self.committed += 1
                at = self.true_time(body)
                right = body.clock_trusted and abs(body.at - at) <= OFF_AT_MOST
                self.under_way[_sample(body)] = Committed(at, body.readings, right)
                self.on_commit(body)

    def keep(self, telemetry: Telemetry) -> None:
        """Head office has committed this one. Raises Broken."""
        sample = _sample(telemetry)
        known = self.under_way.pop(sample, None)
        if known is None:
            self._look_at_stranger(sample)
            return
        self._done[sample] = None
        self.kept += 1
        self.untrusted += not telemetry.clock_trusted
        self.asked += not telemetry.clock_trusted and sample not in self._orphans
        same = sorted(known.readings, key=_point) == sorted(telemetry.readings, key=_point)
        if not same and not self.lenient:
            raise Broken(f"{self.store} {sample}: other readings than were committed")
        leeway = OFF_AT_MOST + DRIFT * (self.now() - known.at)
        if telemetry.clock_trusted and abs(telemetry.at - known.at) > leeway and sample not in self._orphans:
            raise Broken(f"{self.store} {sample}: taken at {known.at}, believed to be of {telemetry.at}")

    def orphan(self) -> bool:
        """The machine goes off: whether something is under way whose time nobody will know any more (decision 0008)."""
        orphans = {sample for sample, one in self.under_way.items() if not one.trusted}
        self._orphans |= orphans
        return bool(orphans)

    def destroy(self, since: datetime) -> None:
        """A person has put an older file in place: what is younger is lost, if it was not sent."""
        self._destroyed |= {sample for sample, one in self.under_way.items() if one.at >= since}

    def settle(self, before: datetime, gaps: Counter[str]) -> None:
        """Nothing that was committed before that may still be under way, but for what the store has told as lost.

        `gaps` counts entries by reason. Raises Broken.
        """
        late = [sample for sample, one in self.under_way.items() if one.at < before and sample not in self._destroyed]
        told = sum(count for reason, count in gaps.items() if reason != Reason.SUPERSEDED)
        guessed = told - gaps[Reason.THINNED] - gaps[Reason.FULL]  # of ruined bytes nobody knows what they were
        if not told - guessed <= len(late) <= told or (told and not self.lenient):
            raise Broken(f"{self.store}: {len(late)} entries are missing, gaps {dict(gaps)}, first {late[:1]}")
        if self.asked > ASKED_AT_MOST and not self.lenient:
            raise Broken(f"{self.store}: {self.asked} entries are marked as of an unknown time, which could be known")
        self.asked = 0
        self.dropped += len(late)
        for sample in [*late, *self._destroyed]:
            self.under_way.pop(sample, None)
            self._done[sample] = None
        self._destroyed.clear()
        self._orphans.clear()
        self.lenient = False
        for sample in list(self._done)[:-REMEMBERED]:
            del self._done[sample]

    def _look_at_stranger(self, sample: Sample) -> None:
        if sample not in self._done:
            raise Broken(f"{self.store} {sample}: never committed")
        if not self.lenient:
            raise Broken(f"{self.store} {sample}: kept twice")


def _sample(telemetry: Telemetry) -> Sample:
    return telemetry.device, telemetry.boot, telemetry.mono


def _point(reading: Reading) -> str:
    return reading.point
