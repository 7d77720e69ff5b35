"""What two rule sets made of the same telemetry, held against each other: alarms or tickets gained, lost and moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rules.scoring.match import ScoredTicket

AT_ONCE = timedelta(minutes=1)
"""What was told so much sooner or later was told at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`gained` by the candidate, `lost` by it, and `kept`: the present one with that of the candidate beside it."""

    present: tuple[ScoredTicket, ...]
    candidate: tuple[ScoredTicket, ...]
    gained: tuple[ScoredTicket, ...]
    lost: tuple[ScoredTicket, ...]
    kept: tuple[tuple[ScoredTicket, ScoredTicket], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Counts of one rule: those that opened the ticket, or raised the alarm; `sooner` and `later` are of the kept."""

    rule: str
    present: int
    candidate: int
    gained: int
    lost: int
    sooner: int
    later: int

    @property
    def moved(self) -> bool:
        return bool(self.gained or self.lost or self.sooner or self.later or self.present != self.candidate)


def difference(present: Iterable[ScoredTicket], candidate: Iterable[ScoredTicket]) -> Difference:
    """Two are the same where device and family are, and where their times overlap."""
    before, after = _in_order(present), _in_order(candidate)
    befores, afters = _by_place(before), _by_place(after)
    partners = {one: next((other for other in afters[_place(one)] if _overlap(one, other)), None) for one in before}
    return Difference(
        present=before,
        candidate=after,
        gained=tuple(one for one in after if not any(_overlap(one, other) for other in befores[_place(one)])),
        lost=tuple(one for one, other in partners.items() if other is None),
        kept=tuple((one, other) for one, other in partners.items() if other is not None),
    )


def by_rule(found: Difference) -> tuple[Row, ...]:
    """Every rule of either side that told anything."""
    rules = sorted({one.rule for one in (*found.present, *found.candidate)})
    return tuple(_row(rule, found) for rule in rules)


def _row(rule: str, found: Difference) -> Row:
    shifts = [other.opened_at - one.opened_at for one, other in found.kept if one.rule == rule]
    return Row(
        rule=rule,
        present=_count(rule, found.present),
        candidate=_count(rule, found.candidate),
        gained=_count(rule, found.gained),
        lost=_count(rule, found.lost),
        sooner=sum(shift < -AT_ONCE for shift in shifts),
        later=sum(shift > AT_ONCE for shift in shifts),
    )


def _count(rule: str, told: Iterable[ScoredTicket]) -> int:
    return sum(one.rule == rule for one in told)


def _in_order(told: Iterable[ScoredTicket]) -> tuple[ScoredTicket, ...]:
    return tuple(sorted(told, key=lambda one: (one.opened_at, one.store, one.device, one.rule)))


_Place = tuple[str, str, str]


def _place(one: ScoredTicket) -> _Place:
    return one.store, one.device, one.family


def _by_place(told: Sequence[ScoredTicket]) -> defaultdict[_Place, list[ScoredTicket]]:
    places: defaultdict[_Place, list[ScoredTicket]] = defaultdict(list)
    for one in told:
        places[_place(one)].append(one)
    return places


def _overlap(one: ScoredTicket, other: ScoredTicket) -> bool:
    return _ends_after(one, other) and _ends_after(other, one)


def _ends_after(one: ScoredTicket, other: ScoredTicket) -> bool:
    return one.ended_at is None or one.ended_at >= other.opened_at
