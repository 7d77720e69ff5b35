"""What a read costs on a line, in seconds: the bytes at the line's speed, the silences, the controller's turnaround."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from edge_agent.core.profile import Table

BITS_PER_CHARACTER = 11
SILENT_CHARACTERS = 3.5
FAST_BAUD = 19200
FAST_SILENCE = 0.00175
"""Above 19200 baud the standard says 1.75 ms instead of 3.5 characters."""

_REQUEST_BYTES = 8
_ANSWER_BYTES = 5
"""Around the data: unit, function, length, CRC."""

TYPICAL_TURNAROUND = 0.03
TYPICAL_ROUND_TRIP = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`each` for any read, and `per_byte` of data in its answer."""

    each: float
    per_byte: float

    def of(self, table: Table, count: int) -> float:
        """`count` registers or bits."""
        return self.each + self.per_byte * data_bytes(table, count)


def data_bytes(table: Table, count: int) -> int:
    return (count + 7) // 8 if table.bits else 2 * count


def character(baud: int) -> float:
    return BITS_PER_CHARACTER / baud


def silence(baud: int) -> float:
    """What must pass between two frames."""
    return FAST_SILENCE if baud > FAST_BAUD else SILENT_CHARACTERS * character(baud)


@lru_cache(maxsize=1024)
def rtu_cost(baud: int, turnaround: float = TYPICAL_TURNAROUND, gap: float = 0.0) -> Cost:
    """`turnaround` from the end of the request to the beginning of the answer; `gap` is the controller's own wish."""
    bytes_around = (_REQUEST_BYTES + _ANSWER_BYTES) * character(baud)
    return Cost(each=bytes_around + turnaround + max(gap, silence(baud)), per_byte=character(baud))


@lru_cache(maxsize=1024)
def tcp_cost(round_trip: float = TYPICAL_ROUND_TRIP, gap: float = 0.0) -> Cost:
    """The bytes of one answer fit into one packet: only behind a gateway do they cost, and at an unknown speed."""
    return Cost(each=round_trip + gap, per_byte=1e-6)


AT_9600 = rtu_cost(9600)
