"""What has been received of a stream: all up to a number, and the islands beyond it.

A store resends whatever was not acknowledged, in any order and any number of times; these intervals decide what is new.
The ranges are closed, sorted, disjoint, never touching each other, and all lie beyond `upto + 1`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from edge_agent.contract.readings import Ack

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """Sequence numbers count from 1; nothing received is `Receipts()`."""

    upto: int = 0
    ranges: tuple[Range, ...] = ()

    def __contains__(self, seq: object) -> bool:
        return isinstance(seq, int) and (seq <= self.upto or self.island(seq) is not None)

    @property
    def last(self) -> int:
        return self.ranges[-1][1] if self.ranges else self.upto

    def reach(self, seq: int) -> int:
        """The last of those that were received from `seq + 1` on without a hole; `seq` where the next is missing."""
        if seq < self.upto:
            return self.upto
        island = self.island(seq + 1)
        return seq if island is None else island[1]

    def beyond(self, seq: int) -> int:
        """The first received number above `seq`. Raises ValueError where there is none."""
        if seq < self.upto or self.island(seq + 1):
            return seq + 1
        return min(first for first, _ in self.ranges if first > seq)

    def count(self, first: int, last: int) -> int:
        """How many of the closed range were received."""
        spans = ((1, self.upto), *self.ranges)
        return sum(max(0, min(last, end) - max(first, begin) + 1) for begin, end in spans)

    def island(self, seq: int) -> Range | None:
        """The range beyond `upto` that holds `seq`."""
        index = bisect_right(self.ranges, seq, key=lambda closed: closed[0]) - 1
        if index >= 0 and seq <= self.ranges[index][1]:
            return self.ranges[index]
        return None


NOTHING_RECEIVED = Receipts()


def receive(receipts: Receipts, arrived: Iterable[Range]) -> Receipts:
    """`receipts` with the closed ranges of `arrived`, which may overlap one another and what is there."""
    upto, islands = receipts.upto, list[Range]()
    for first, last in sorted((*receipts.ranges, *arrived)):
        if first <= upto + 1:
            upto = max(upto, last)
        elif islands and first <= islands[-1][1] + 1:
            islands[-1] = (islands[-1][0], max(islands[-1][1], last))
        else:
            islands.append((first, last))
    return Receipts(upto=upto, ranges=tuple(islands))


def acknowledge(stream: str, receipts: Receipts, arrived: Iterable[int], at: datetime) -> Ack:
    """At head office's time `at`. Says `upto`, and of the islands those that hold what has just arrived.

    An Ack so bounded still moves every sender on: what a lost Ack had confirmed is sent again, and confirmed again.
    """
    islands = {island for seq in arrived if (island := receipts.island(seq)) is not None}
    return Ack(stream=stream, upto=receipts.upto, ranges=tuple(sorted(islands)), at=at)
