"""Telemetry made sparser: of each device one entry for a block of time, and every change of state as it was told.

A number in such an entry is the last that was told within the block, at the instant of the last entry: that is what
head office would show for that instant anyway. Flags, words and qualities are events: an entry that changes one stays
as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from edge_agent.contract.clock import to_ms
from edge_agent.contract.readings import Reading, Telemetry

Sample = tuple[int, Telemetry]
State = tuple[object, object]


@dataclass(slots=True, kw_only=True)
class _Group:
    """Entries of one device that may become one. `seq` is the last one's."""

    seq: int
    block: int
    last: Telemetry
    readings: dict[str, Reading] = field(default_factory=dict)
    stays: bool = False

    def add(self, seq: int, telemetry: Telemetry) -> None:
        self.seq, self.last = seq, telemetry
        self.readings |= {reading.point: reading for reading in telemetry.readings}

    def body(self) -> Telemetry:
        return self.last if self.stays else replace(self.last, readings=tuple(self.readings.values()))


def thin(samples: Sequence[Sample], block: timedelta) -> dict[int, Telemetry]:
    """What is left of `samples`, which are in the order of their numbers: number to telemetry.

    A merged entry takes the highest number that keeps the order of its device, so that the numbers that become free
    lie together.
    """
    groups = _grouped(samples, block.total_seconds() * 1000)
    return _placed(groups, [seq for seq, _ in samples])


def _grouped(samples: Iterable[Sample], block_ms: float) -> list[_Group]:
    groups: list[_Group] = []
    open_ones: dict[str, _Group] = {}
    known: dict[tuple[str, str], State] = {}
    for seq, telemetry in samples:
        stays = _changes_state(telemetry, known)
        number = int(to_ms(telemetry.at) // block_ms)
        group = open_ones.get(telemetry.device)
        if stays or group is None or group.block != number or not _alike(group.last, telemetry):
            group = _Group(seq=seq, block=number, last=telemetry, stays=stays)
            groups.append(group)
            open_ones[telemetry.device] = group
        group.add(seq, telemetry)
        if stays:
            del open_ones[telemetry.device]
    return groups


def _changes_state(telemetry: Telemetry, known: dict[tuple[str, str], State]) -> bool:
    """Whether something but a number is otherwise than it was last told."""
    changed = False
    for reading in telemetry.readings:
        key = (telemetry.device, reading.point)
        state = (reading.quality, None if isinstance(reading.value, float) else reading.value)
        changed = changed or known.get(key, state) != state
        known[key] = state
    return changed


def _alike(one: Telemetry, other: Telemetry) -> bool:
    """Whether their times can be told from one clock, in order."""
    return one.at <= other.at and replace(one, readings=()) == replace(other, at=one.at, mono=one.mono, readings=())


def _placed(groups: Sequence[_Group], seqs: Sequence[int]) -> dict[int, Telemetry]:
    """From the last to the first: each as high as the entries behind it, and those of its device that stay, let it."""
    kept = {group.seq: group.body() for group in groups if group.stays}
    free = [seq for seq in seqs if seq not in kept]
    ceiling: dict[str, int] = {}
    for group in sorted(groups, key=lambda group: group.seq, reverse=True):
        if group.stays:
            ceiling[group.last.device] = group.seq
            continue
        while free[-1] > ceiling.get(group.last.device, free[-1]):
            free.pop()
        kept[free.pop()] = group.body()
    return kept
