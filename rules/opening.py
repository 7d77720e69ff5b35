"""What a rule saw at the beginning of a segment: as much as it takes to join the segment to the one before, later.

A segment begins with the alarms that were raised, and does not know how those and all others stood at its true
beginning. Each rule therefore leads two lives there: one from a raised alarm, one from none. They differ until both
are raised or both are clear; from then on the time before decides nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.alarm import Alarm, State, Step, Verdict, advance
from rules.window import STALE_AFTER

FINENESS = 20
"""Into how many parts a return to normal is divided at most: half a minute of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """`carried`: the alarm was raised when the segment began, so that the life it leads is that of a raised one.

    `other` is the alarm of the other life while the two are `apart`. `one` is the alarm that was raised from none, at
    the moment when both lives were raised. `was` is the `since` of the alarm that the segment knew first, and `over_at`
    when that one was cleared. `unseen`: nothing came yet that ends a hold; `untouched`: nor that moves a raised alarm.
    `held` is the hold that began with the first word, as it was when its condition was last found true.
    `calms` are when it was found normal before anything else was found, while `calm`: the first, the last, and between
    them no two within a `FINENESS`th of the rule's `normal_for`, so that a memory stays small.
    """

    carried: bool
    other: Alarm | None
    apart: bool = True
    one: Alarm | None = None
    was: datetime | None = None
    over_at: datetime | None = None
    unseen: bool = True
    untouched: bool = True
    held: Alarm | None = None
    calm: bool = True
    calms: tuple[datetime, ...] = ()

    @property
    def first(self) -> bool:
        """Whether an alarm that begins now in the life that the segment leads may be older."""
        return self.apart and self.unseen and not self.carried

    @property
    def waits(self) -> bool:
        """Whether the other life is in a hold or on its return to normal, which time alone completes."""
        return self.apart and self.other is not None and self.other.state is not State.ACTIVE


def begin(alarm: Alarm | None, at: datetime) -> Opening:
    """`alarm` is the one that the segment begins with, `at` its first word."""
    if alarm is not None:
        return Opening(carried=True, other=None, was=alarm.since)
    return Opening(carried=False, other=Alarm(state=State.ACTIVE, since=at, seen=at))


def is_moved(opening: Opening, verdict: Verdict) -> bool:
    """Whether `verdict` may change one of the lives, where the segment leads one without an alarm."""
    return verdict.masked or verdict.faulty is not None or verdict.normal is not None or opening.waits


def is_settled(opening: Opening | None) -> bool:
    """Whether the time before decides nothing any more: without an alarm nothing is left to follow."""
    return opening is not None and not opening.apart


def follow(
    opening: Opening, step: Step, verdict: Verdict, at: datetime, hold: timedelta, normal_for: timedelta
) -> Opening:
    """The opening after `verdict`, by which the life that the segment leads has made `step`."""
    if not opening.apart:
        ends = step.change == "cleared" and opening.over_at is None and step.since == opening.was
        return replace(opening, over_at=at) if ends else opening
    first = opening.unseen and opening.carried
    other = advance(opening.other, verdict, at, hold, normal_for, first=first).alarm
    noted = _note(opening, other, verdict, at, normal_for / FINENESS)
    raised, clear = (step.alarm, other) if opening.carried else (other, step.alarm)
    if clear is not None and clear.at_least and clear.seen == at and not verdict.inhibited:
        noted = replace(noted, held=clear)
    if raised is None:
        return replace(noted, apart=False, over_at=at)
    if clear is not None and clear.raised:
        return replace(noted, apart=False, one=clear, was=opening.was or clear.since)
    return noted


def _note(opening: Opening, other: Alarm | None, verdict: Verdict, at: datetime, apart: timedelta) -> Opening:
    """The same object where nothing new is known: most rules of a device say the same for hours."""
    ends_hold = verdict.masked or (not verdict.faulty and (verdict.normal or verdict.faulty is False))
    silent = verdict.hidden or (verdict.faulty is None and verdict.normal is None)
    unseen, untouched = opening.unseen and not ends_hold, opening.untouched and silent
    calm, calms = opening.calm, opening.calms
    if calm and not silent:
        calm = _stays_calm(calms, verdict, at)
        calms = _thinned(calms, at, apart) if calm and verdict.normal else calms
    if other is opening.other and calms is opening.calms:
        before = (opening.unseen, opening.untouched, opening.calm)
        if before == (unseen, untouched, calm):
            return opening
    return replace(opening, other=other, unseen=unseen, untouched=untouched, calm=calm, calms=calms)


def _stays_calm(calms: tuple[datetime, ...], verdict: Verdict, at: datetime) -> bool:
    late = bool(calms) and at - calms[-1] > STALE_AFTER
    return not (late or verdict.faulty or verdict.normal is False)


def _thinned(calms: tuple[datetime, ...], at: datetime, apart: timedelta) -> tuple[datetime, ...]:
    close = len(calms) > 1 and calms[-1] - calms[-2] < apart
    return (*(calms[:-1] if close else calms), at)
