"""What a change of an alarm means for tickets: open one, note it on the one that is open, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from collector.domain.tickets import STOREWARDEN, EventKind, Ticket, TicketEvent
from edge_agent.contract.readings import Device, Value
from edge_agent.contract.text import Text
from rules.model import SEVERITIES, Change, Diagnosis, Evidence


class Fault(Protocol):
    """What a ticket takes from the rule, or from whatever else found the fault."""

    @property
    def title(self) -> Text: ...

    @property
    def key_value(self) -> str | None: ...

    def limit_of(self, duty: str) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Why a ticket is there: what was seen, and what may be behind it, most likely first."""

    evidence: Evidence
    diagnosis: tuple[Diagnosis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What to write: the ticket as it is from now on, the line of its history, and a new case if there is one.

    A ticket that is to be opened has id 0 until the database has given it one.
    """

    ticket: Ticket
    event: TicketEvent
    case: Case | None


def take_in(
    standing: Ticket | None, change: Change, rule: Fault, device: Device, store: str, at: datetime
) -> Intake | None:
    """`standing` is the open ticket of this device and family of faults, if there is one; `at` is head office's time.

    A change that repeats what the ticket already says comes to nothing, so that a replay changes nothing.
    """
    match (standing, change.kind):
        case (None, "raised"):
            return _open(change, rule, device, store, at)
        case (Ticket(alarm_active=False) as ticket, "raised"):
            return _recur(ticket, change, rule, device, at)
        case (Ticket(alarm_active=True) as ticket, "raised") if ticket.fault != change.rule:
            return _join(ticket, change, rule, at)
        case (Ticket(alarm_active=True) as ticket, "cleared"):
            return _clear(ticket, change, at)
    return None


def correct_since(ticket: Ticket, was: datetime, since: datetime, at_least: bool, at: datetime) -> Intake | None:
    """A fault that was thought to have begun at `was` began at `since`; None where the ticket says nothing else."""
    if ticket.since != was or (ticket.since, ticket.since_at_least) == (since, at_least):
        return None
    corrected = replace(ticket, since=since, since_at_least=at_least, updated_at=at)
    return Intake(ticket=corrected, event=replace(_note(ticket, "since_corrected", at), since=since), case=None)


def _open(change: Change, rule: Fault, device: Device, store: str, at: datetime) -> Intake:
    ticket = Ticket(
        id=0,
        store=store,
        device=device.id,
        fault=change.rule,
        severity=change.severity,
        state="new",
        title=rule.title,
        since=change.since,
        since_at_least=change.since_at_least,
        opened_at=at,
        updated_at=at,
        alarm_active=True,
        key_point=rule.key_value,
        key_value=_key_value(change, rule),
        key_limit=rule.limit_of(device.duty),
    )
    event = TicketEvent(at=at, actor=STOREWARDEN, kind="opened", source=None, target="new")
    return Intake(ticket=ticket, event=event, case=_case(change))


def _recur(ticket: Ticket, change: Change, rule: Fault, device: Device, at: datetime) -> Intake:
    again = replace(
        ticket,
        severity=change.severity,
        alarm_active=True,
        normal_since=None,
        updated_at=at,
        key_point=rule.key_value,
        key_value=_key_value(change, rule),
        key_limit=rule.limit_of(device.duty),
    )
    return Intake(ticket=again, event=_note(ticket, "recurred", at), case=_case(change))


def _join(ticket: Ticket, change: Change, rule: Fault, at: datetime) -> Intake:
    """A further alarm of the same family: what is behind them all is told anew."""
    severity = min(ticket.severity, change.severity, key=SEVERITIES.index)
    joined = replace(ticket, severity=severity, updated_at=at)
    event = replace(_note(ticket, "joined", at), note=rule.title.zh + " / " + rule.title.en)
    return Intake(ticket=joined, event=event, case=_case(change))


def _clear(ticket: Ticket, change: Change, at: datetime) -> Intake:
    over = replace(ticket, alarm_active=False, normal_since=change.at, updated_at=at)
    return Intake(ticket=over, event=_note(ticket, "cleared", at), case=None)


def _note(ticket: Ticket, kind: EventKind, at: datetime) -> TicketEvent:
    return TicketEvent(at=at, actor=STOREWARDEN, kind=kind, source=ticket.state, target=ticket.state)


def _case(change: Change) -> Case:
    return Case(evidence=change.evidence, diagnosis=change.diagnosis)


def _key_value(change: Change, rule: Fault) -> Value | None:
    return next((seen.value for seen in change.evidence.values if seen.point == rule.key_value), None)
