"""What holds an alarm back: shelved, suppressed by design, out of service, in shadow; and what is told when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from collector.domain.acting import ActionRefused
from edge_agent.contract.text import Text
from rules.model import Change


class Kind(StrEnum):
    """`shelved` is one alarm of one device, `by_design` and `out_of_service` a device, `shadow` a rule everywhere."""

    SHELVED = "shelved"
    BY_DESIGN = "by_design"
    OUT_OF_SERVICE = "out_of_service"
    SHADOW = "shadow"


Purpose = Literal["defrost", "cleaning", "delivery", "other"]

SHELVED_AT_MOST: Mapping[str, timedelta] = {
    "critical": timedelta(hours=4),
    "high": timedelta(hours=24),
    "low": timedelta(days=7),
}
FOOD_SHELVED_AT_MOST = timedelta(hours=1)
AT_MOST: Mapping[Kind, timedelta] = {Kind.BY_DESIGN: timedelta(hours=12), Kind.OUT_OF_SERVICE: timedelta(days=30)}
AHEAD_AT_MOST = timedelta(days=14)
"""How far ahead a window may be set."""
REMIND_AFTER = timedelta(hours=24)
"""A device that is out of service for longer is brought to mind, and again after as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """From `begins_at` until `until`, or until somebody ends it. `rule` is empty where a whole device is meant.

    `until` is None for a rule in shadow, which has neither store nor device. `id` is 0 until the database gives one.
    """

    kind: Kind
    reason: str
    actor: str
    begins_at: datetime
    until: datetime | None
    store: str = ""
    device: str = ""
    rule: str = ""
    purpose: Purpose = "other"
    ended_at: datetime | None = None
    ended_by: str | None = None
    reminded_at: datetime | None = None
    id: int = 0

    def stands(self, at: datetime) -> bool:
        if self.begins_at > at or (self.until is not None and at >= self.until):
            return False
        return self.ended_at is None or at < self.ended_at

    def covers(self, device: str, rule: str) -> bool:
        """Of the same store."""
        return self.device in {"", device} and self.rule in {"", rule}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Whether somebody is told. Where not, `kind` says why, and `until` for how long at least; None: nobody knows."""

    now: bool = True
    kind: Kind | None = None
    until: datetime | None = None


NOW = Telling()


def tell(change: Change, standing: Iterable[Suppression], at: datetime, *, keeps_food: bool = False) -> Telling:
    """Now, or withheld while anything of `standing` covers the alarm; `at` is head office's time.

    `standing` are the suppressions of the change's store, and the rules in shadow. The end of an alarm is always told:
    it may stand on a ticket from before. Food-critical alarms are not suppressed by design; see `is_food_critical`.
    """
    if change.kind == "cleared":
        return NOW
    critical = is_food_critical(change, keeps_food=keeps_food)
    holding = [
        each
        for each in standing
        if each.stands(at)
        and each.covers(change.device, change.rule)
        and not (critical and each.kind is Kind.BY_DESIGN)
    ]
    if not holding:
        return NOW
    first = min(holding, key=lambda each: list(Kind).index(each.kind))
    ends = [each.until for each in holding]
    known = [end for end in ends if end is not None]
    return Telling(now=False, kind=first.kind, until=max(known) if len(known) == len(ends) else None)


def is_food_critical(change: Change, *, keeps_food: bool = False) -> bool:
    """A critical alarm of a device that keeps food, or any once that is going to be too warm as things are.

    `keeps_food` is what is known of the device: in the first hour of watching nobody knows how its food is.
    """
    if change.food is not None and change.food.minutes_to_limit is not None:
        return True
    return change.severity == "critical" and (keeps_food or change.food is not None)


def shelved_at_most(severity: str, *, food: bool) -> timedelta:
    """`food`: the alarm is food-critical."""
    return FOOD_SHELVED_AT_MOST if food else SHELVED_AT_MOST[severity]


def shelve(fresh: Suppression, severity: str, *, food: bool) -> Suppression:
    """Raises ActionRefused where it would be shelved for too long, or nobody says why."""
    return _bounded(fresh, shelved_at_most(severity, food=food))


def set_window(fresh: Suppression, now: datetime) -> Suppression:
    """For a device: a mask that may begin later, or maintenance. Raises ActionRefused."""
    if fresh.begins_at > now + AHEAD_AT_MOST:
        raise ActionRefused(Text(zh="开始时间太远，最多提前 14 天", en="it begins too far ahead: 14 days at most"))
    if fresh.until is not None and fresh.until <= now:
        raise ActionRefused(Text(zh="结束时间已过", en="its end has passed already"))
    return _bounded(fresh, AT_MOST[fresh.kind])


def end(standing: Suppression, actor: str, at: datetime) -> Suppression:
    """Before its time. Raises ActionRefused where it is over already."""
    if standing.ended_at is not None or (standing.until is not None and at >= standing.until):
        raise ActionRefused(Text(zh="已经结束", en="it is over already"))
    return replace(standing, ended_at=at, ended_by=actor)


def to_remind(standing: Suppression, at: datetime) -> bool:
    """Whether somebody should be asked if that device is still being worked on."""
    if standing.kind is not Kind.OUT_OF_SERVICE or not standing.stands(at):
        return False
    return at - (standing.reminded_at or standing.begins_at) >= REMIND_AFTER


def _bounded(fresh: Suppression, most: timedelta) -> Suppression:
    if not fresh.reason.strip():
        raise ActionRefused(Text(zh="需要说明原因", en="a reason is needed"))
    if fresh.until is None or fresh.until <= fresh.begins_at:
        raise ActionRefused(Text(zh="结束时间必须在开始之后", en="its end must be after its beginning"))
    if fresh.until - fresh.begins_at > most:
        hours = round(most / timedelta(hours=1))
        raise ActionRefused(Text(zh=f"最多 {hours} 小时", en=f"for {hours} h at most"))
    return fresh
