"""When each device is worth asking, and how a device that does not answer is kept from stalling its neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from edge_agent.core.profile import Poll

Periods = Mapping[Poll, timedelta]

PATIENCE = 3
"""Turns in a row without any answer after which a device is silent."""

SUSPICION = 2
"""Turns after which its neighbours go first."""

FIRST_PROBE_S = 10.0
LAST_PROBE_S = 60.0
BUS_PROBE_S = 3.0
"""Store seconds after which a line that was down is tried again: looking costs no device anything."""

PROBE_SHARE = 0.08
"""What waiting for devices that do not answer may take of a line's time, in the long run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """One device's. `due_at` is on the monotonic clock (seconds); `unanswered` counts turns in a row without an answer.

    A silent device is only probed, with one read at `probe_at`; when it answers, all of it is due at once.
    """

    due_at: Mapping[Poll, float]
    unanswered: int = 0
    probe_at: float = 0.0
    cut_off: bool = False

    @property
    def silent(self) -> bool:
        return self.cut_off or self.unanswered >= PATIENCE

    @property
    def suspect(self) -> bool:
        """Whether asking it will probably be in vain: that may wait until the line has time to waste."""
        return self.unanswered >= SUSPICION

    @property
    def next_at(self) -> float:
        return self.probe_at if self.silent else min(self.due_at.values())

    def due(self, mono: float) -> frozenset[Poll]:
        """The poll classes to ask now; none while the device is silent."""
        return frozenset() if self.silent else frozenset([poll for poll, at in self.due_at.items() if at <= mono])

    def deadline(self, periods: Periods, mono: float) -> float:
        """When the next poll of the class that is due would fall due itself; a probe has time."""
        if self.silent:
            return self.probe_at + LAST_PROBE_S
        slow = periods[Poll.SLOW]
        return min(
            (at + periods.get(poll, slow).total_seconds() for poll, at in self.due_at.items() if at <= mono),
            default=math.inf,
        )


def begin(polls: Iterable[Poll], mono: float) -> Agenda:
    """All that the device has is due: at the start, and when it is back after a silence."""
    return Agenda(due_at=dict.fromkeys(polls, math.floor(mono)))


def answered(
    agenda: Agenda, polls: Iterable[Poll], periods: Periods, mono: float, incomplete: frozenset[Poll] = frozenset()
) -> Agenda:
    """The device answered `polls`; those of which something was lost on the way are asked again soon."""
    due_at = dict(agenda.due_at)
    for poll in polls:
        due_at[poll] = _following(poll, due_at[poll], periods, mono)
    for poll in incomplete:
        due_at[poll] = min(_on_grid(mono, periods[Poll.FAST].total_seconds()), due_at[poll])
    return Agenda(due_at=due_at, probe_at=agenda.probe_at)


def heard(agenda: Agenda) -> Agenda:
    """The device answered, and was not asked for all that is due: that remains."""
    return replace(agenda, unanswered=0, cut_off=False) if agenda.unanswered or agenda.cut_off else agenda


def missed(agenda: Agenda, polls: Iterable[Poll], periods: Periods, mono: float) -> Agenda:
    """Nothing of the turn (or the probe) was answered: after a few such turns the device is silent."""
    count = agenda.unanswered + 1
    wait = min(FIRST_PROBE_S * 2.0 ** max(0, min(count - PATIENCE, 8)), LAST_PROBE_S)
    if agenda.cut_off and count < PATIENCE:
        wait = BUS_PROBE_S  # it may only be left alone for what it was asked when the line went
    later = dict.fromkeys(polls, _on_grid(mono, periods[Poll.FAST].total_seconds()))
    return replace(agenda, due_at={**agenda.due_at, **later}, unanswered=count, probe_at=_on_grid(mono, wait))


def cut_off(agenda: Agenda, mono: float) -> Agenda:
    """The bus is down, which is no fault of the device: it is silent, and probed again soon and always as soon."""
    return replace(agenda, cut_off=True, probe_at=_on_grid(mono, BUS_PROBE_S))


def excused(agenda: Agenda, mono: float) -> Agenda:
    """Somebody on the line has babbled for a while: who fell silent in that time is tried again soon."""
    if not agenda.unanswered or agenda.unanswered > PATIENCE + 1:
        return agenda
    tried = replace(agenda, unanswered=0)
    return cut_off(tried, mono) if agenda.silent else tried


def hastened(agenda: Agenda, was: Periods, periods: Periods) -> Agenda:
    """The rhythm is another: no class waits longer from its last poll than its new period says."""
    earlier = {
        poll: at - max(0.0, (was[poll] - periods[poll]).total_seconds()) if poll in periods and poll in was else at
        for poll, at in agenda.due_at.items()
    }
    return replace(agenda, due_at=earlier)


def _on_grid(mono: float, wait: float) -> float:
    """`wait` seconds after the whole second in which it is now, as all that falls due: so no turn comes just before."""
    at = math.floor(mono) + wait
    return at if at > mono else mono + wait


def _following(poll: Poll, due_at: float, periods: Periods, mono: float) -> float:
    """The next instant of the class's own rhythm after `mono`; what was missed is not made up for."""
    if poll is Poll.ONCE:
        return math.inf
    period = periods[poll].total_seconds()
    return due_at + period * (math.floor((mono - due_at) / period) + 1)
