"""An alarm as those see it who answer for it: told, acknowledged, returned, latched (ISA-18.2 / IEC 62682)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from collector.domain.acting import ActionRefused
from collector.domain.tickets import STOREWARDEN
from edge_agent.contract.text import Text
from rules.model import Change, Priority


class Standing(StrEnum):
    """Whether the condition stands, and whether somebody has taken note. The standard's letters are A to F."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    LATCHED_UNACKNOWLEDGED = "latched_unacknowledged"
    LATCHED = "latched"


class Event(StrEnum):
    """What happens to an alarm, by itself or by somebody's hand.

    `cleared_untold` is the end of what nobody had been told of; `cleared_latching`, of what a rule holds until somebody
    resets it; `told_again`, that a suppression is over while the condition stands.
    """

    RAISED = "raised"
    CLEARED = "cleared"
    CLEARED_UNTOLD = "cleared_untold"
    CLEARED_LATCHING = "cleared_latching"
    TOLD_AGAIN = "told_again"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"


BY_HAND: Mapping[Event, Text] = {
    Event.ACKNOWLEDGED: Text(zh="确认", en="acknowledged"),
    Event.RESET: Text(zh="复位", en="reset"),
}
"""What is refused where the table has no move for it; what happens by itself changes nothing there."""

STANDING_NAMES: Mapping[Standing, Text] = {
    Standing.NORMAL: Text(zh="正常", en="normal"),
    Standing.UNACKNOWLEDGED: Text(zh="未确认", en="unacknowledged"),
    Standing.ACKNOWLEDGED: Text(zh="已确认", en="acknowledged"),
    Standing.RETURNED: Text(zh="已恢复，未确认", en="returned and not acknowledged"),
    Standing.LATCHED_UNACKNOWLEDGED: Text(zh="已锁存，未确认", en="latched and not acknowledged"),
    Standing.LATCHED: Text(zh="已锁存，待复位", en="latched"),
}

_S, _E = Standing, Event

TRANSITIONS: Mapping[Standing, Mapping[Event, Standing]] = {
    _S.NORMAL: {_E.RAISED: _S.UNACKNOWLEDGED},
    _S.UNACKNOWLEDGED: {
        _E.CLEARED: _S.RETURNED,
        _E.CLEARED_UNTOLD: _S.NORMAL,
        _E.CLEARED_LATCHING: _S.LATCHED_UNACKNOWLEDGED,
        _E.ACKNOWLEDGED: _S.ACKNOWLEDGED,
    },
    _S.ACKNOWLEDGED: {
        _E.CLEARED: _S.NORMAL,
        _E.CLEARED_UNTOLD: _S.NORMAL,
        _E.CLEARED_LATCHING: _S.LATCHED,
        _E.TOLD_AGAIN: _S.UNACKNOWLEDGED,
    },
    _S.RETURNED: {_E.RAISED: _S.UNACKNOWLEDGED, _E.ACKNOWLEDGED: _S.NORMAL},
    _S.LATCHED_UNACKNOWLEDGED: {
        _E.RAISED: _S.UNACKNOWLEDGED,
        _E.ACKNOWLEDGED: _S.LATCHED,
        _E.RESET: _S.RETURNED,
    },
    _S.LATCHED: {_E.RAISED: _S.UNACKNOWLEDGED, _E.RESET: _S.NORMAL},
}

ACTIVE = frozenset({Standing.UNACKNOWLEDGED, Standing.ACKNOWLEDGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm of one device, from when it is raised until it is normal again and nothing is left to be done.

    `since` and `raised_at` are event time, all else is head office's. `told_at` is None while nobody has been told,
    `change` is what is to be told. `food`: it is food-critical. `revision` counts every change, so that whoever acts on
    an old picture is told so. `id` is 0 until the database has given it one.
    """

    id: int
    store: str
    device: str
    rule: str
    title: Text
    severity: str
    priority: Priority | None
    food: bool
    latching: bool
    standing: Standing
    since: datetime
    raised_at: datetime
    noted_at: datetime
    change: Change
    told_at: datetime | None = None
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    revision: int = 1

    @property
    def active(self) -> bool:
        return self.standing in ACTIVE

    @property
    def over(self) -> bool:
        """Nothing is left to be seen or done."""
        return self.standing is Standing.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the audit: what became of an alarm, a device or a rule, by whom and why.

    `store`, `device` and `rule` are empty where it is about none of them in particular; `kind` says what was done,
    `until` when it is to end by itself.
    """

    at: datetime
    actor: str
    kind: str
    store: str = ""
    device: str = ""
    rule: str = ""
    severity: str = ""
    priority: str | None = None
    source: str | None = None
    target: str | None = None
    reason: str | None = None
    until: datetime | None = None


def next_standing(standing: Standing, event: Event) -> Standing:
    """Raises ActionRefused for what somebody does where it makes no sense."""
    after = TRANSITIONS[standing].get(event)
    if after is None and event in BY_HAND:
        now, act = STANDING_NAMES[standing], BY_HAND[event]
        raise ActionRefused(Text(zh=f"报警{now.zh}，不能{act.zh}", en=f"an alarm that is {now.en} cannot be {act.en}"))
    return standing if after is None else after


def raise_anew(known: Alarm | None, fresh: Alarm) -> Alarm:
    """`fresh` is raised; `known` is what stood there before.

    While that is active already it stays the same one; where `fresh` began later, it was over meanwhile and nobody
    heard of it, so that it is of the episode that stands from then on.
    """
    if known is None:
        return replace(fresh, standing=next_standing(Standing.NORMAL, Event.RAISED))
    if known.active:
        return known if fresh.since <= known.since else _go_on(known, fresh)
    after = next_standing(known.standing, Event.RAISED)
    return replace(fresh, id=known.id, standing=after, revision=known.revision + 1)


def _go_on(known: Alarm, fresh: Alarm) -> Alarm:
    return replace(
        known,
        severity=fresh.severity,
        priority=fresh.priority,
        food=fresh.food,
        since=fresh.since,
        raised_at=fresh.raised_at,
        change=fresh.change,
        revision=known.revision + 1,
    )


def clear(alarm: Alarm, at: datetime) -> Alarm:
    """Its condition is over, `at` in event time; the same one where it was over before."""
    if not alarm.active:
        return alarm
    event = Event.CLEARED if alarm.told_at else Event.CLEARED_UNTOLD
    after = next_standing(alarm.standing, Event.CLEARED_LATCHING if alarm.latching and alarm.told_at else event)
    return replace(alarm, standing=after, cleared_at=at, revision=alarm.revision + 1)


def tell_again(alarm: Alarm, at: datetime) -> Alarm:
    """A suppression is over while the condition stands: it is told, whoever has acknowledged it before."""
    after = next_standing(alarm.standing, Event.TOLD_AGAIN)
    return replace(alarm, standing=after, told_at=at, revision=alarm.revision + 1)


def acknowledge(alarm: Alarm, actor: str, at: datetime) -> Alarm:
    """Raises ActionRefused."""
    after = next_standing(alarm.standing, Event.ACKNOWLEDGED)
    return replace(alarm, standing=after, acknowledged_at=at, acknowledged_by=actor, revision=alarm.revision + 1)


def reset(alarm: Alarm) -> Alarm:
    """A latched alarm whose condition is over. Raises ActionRefused."""
    return replace(alarm, standing=next_standing(alarm.standing, Event.RESET), revision=alarm.revision + 1)


def entry_of(
    before: Alarm | None, after: Alarm, kind: str, at: datetime, actor: str = STOREWARDEN, reason: str | None = None
) -> Entry:
    return Entry(
        at=at,
        actor=actor,
        kind=kind,
        store=after.store,
        device=after.device,
        rule=after.rule,
        severity=after.severity,
        priority=after.priority,
        source=before.standing if before else Standing.NORMAL,
        target=after.standing,
        reason=reason,
    )


def diagram() -> str:
    """The table as a Mermaid state diagram; `docs/head-office.md` shows it and a test compares."""
    arrows: dict[tuple[Standing, Standing], list[str]] = {}
    for standing, moves in TRANSITIONS.items():
        for event, after in moves.items():
            arrows.setdefault((standing, after), []).append(event.value)
    lines = ["stateDiagram-v2", "    [*] --> normal"]
    lines += [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items()]
    return "\n".join(lines)
