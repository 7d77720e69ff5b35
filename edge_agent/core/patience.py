"""How long to wait for a device, learned from how long its answers take (after RFC 6298)."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

_NEWS = 1 / 8
_NEWS_OF_DEVIATION = 1 / 4
_DEVIATIONS = 4.0
_MARGIN = 1.1
_FORGETTING = 0.999
"""Of the longest, with every answer: one slow answer is forgotten after some thousands."""

_LEAST, _MOST = 0.5, 3.0
"""Bounds of the time-out, times what the profile allows the device."""

_FIRST_BUCKET = 0.0005
_STEP = 1.25
_BUCKETS = 48
"""0.5 ms to 18 s in steps of a quarter."""

_BOUNDS = [_FIRST_BUCKET * _STEP**bucket for bucket in range(_BUCKETS - 1)]
"""The upper end of each bucket but the last, which takes all that is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnaround:
    """Seconds from the end of a request to the beginning of its answer: mean, mean deviation, the longest lately."""

    mean: float = 0.0
    deviation: float = 0.0
    longest: float = 0.0
    seen: int = 0

    def with_answer(self, seconds: float) -> Turnaround:
        if not self.seen:
            return Turnaround(mean=seconds, deviation=seconds / 2, longest=seconds, seen=1)
        off = abs(seconds - self.mean)
        return Turnaround(
            mean=self.mean + _NEWS * (seconds - self.mean),
            deviation=self.deviation + _NEWS_OF_DEVIATION * (off - self.deviation),
            longest=max(self.longest * _FORGETTING, seconds),
            seen=self.seen + 1,
        )

    def time_out(self, answer_within: float) -> float:
        """Never below what was seen, also of answers that came too late, within the bounds of the profile's."""
        if not self.seen:
            return answer_within
        wanted = max(self.mean + _DEVIATIONS * self.deviation, self.longest * _MARGIN)
        return min(max(wanted, _LEAST * answer_within), _MOST * answer_within)


@dataclass(slots=True)
class Histogram:
    """How often durations of about a length occurred; of fixed size, whatever happens."""

    counts: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(_BOUNDS, seconds)] += 1

    def quantile(self, share: float) -> float | None:
        """The upper end of the bucket in which it lies (at most a quarter too long); None when nothing was added."""
        total = sum(self.counts)
        if not total:
            return None
        reached = 0
        for bucket, count in enumerate(self.counts):
            reached += count
            if reached >= share * total:
                return round(float(_FIRST_BUCKET * _STEP**bucket), 6)
        return None

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram([mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)])
