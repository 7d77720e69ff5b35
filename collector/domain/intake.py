"""What an alarm means for a ticket: how it begins, what it says after each change, and what its history tells of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from collector.domain.tickets import STOREWARDEN, EventKind, Ticket, TicketEvent
from edge_agent.contract.readings import Value
from edge_agent.contract.text import Text
from rules.folding import OpenCase
from rules.kinship import Key, Kinship, Standing, over_at
from rules.model import Change, Diagnosis, Evidence


class Fault(Protocol):
    """What a ticket takes from the rule, or from whatever else found the fault."""

    @property
    def title(self) -> Text: ...

    @property
    def key_value(self) -> str | None: ...

    @property
    def limit(self) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Why a ticket is there: what was seen, and what may be behind it, most likely first."""

    evidence: Evidence
    diagnosis: tuple[Diagnosis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAlarm:
    """An alarm as it is written on a ticket, with what was seen when it was raised: should it leave for its own."""

    standing: Standing
    title: Text
    since_at_least: bool
    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What to write: the ticket as it is from now on, the line of its history, and a new case if there is one.

    A ticket that is to be opened has id 0 until the database has given it one.
    """

    ticket: Ticket
    event: TicketEvent
    case: Case | None = None


def alarm_of(change: Change, fault: Fault, kinship: Kinship) -> TicketAlarm:
    """As it is raised."""
    return TicketAlarm(
        standing=Standing.of(change, kinship),
        title=fault.title,
        since_at_least=change.since_at_least,
        case=Case(evidence=change.evidence, diagnosis=change.diagnosis),
    )


def open_ticket(alarm: TicketAlarm, case: OpenCase, fault: Fault, store: str, at: datetime) -> Intake:
    """`at` is head office's time."""
    standing = alarm.standing
    ticket = Ticket(
        id=0,
        store=store,
        device=case.device,
        fault=standing.rule,
        family=case.family,
        severity=case.severity,
        state="new",
        title=alarm.title,
        since=standing.since,
        since_at_least=alarm.since_at_least,
        opened_at=at,
        updated_at=at,
        alarm_active=case.active,
        key_point=fault.key_value,
        key_value=_key_value(alarm, fault),
        key_limit=_key_limit(alarm, fault),
    )
    event = TicketEvent(at=at, actor=STOREWARDEN, kind="opened", source=None, target="new")
    return Intake(ticket=ticket, event=event, case=alarm.case)


def take_on(ticket: Ticket, alarm: TicketAlarm, case: OpenCase, fault: Fault, at: datetime) -> Intake:
    """An alarm of the ticket's own device and family is raised: again, or beside others. What is behind them is told
    anew."""
    going_on = replace(
        ticket,
        severity=case.severity,
        alarm_active=True,
        normal_since=None,
        updated_at=at,
        key_point=fault.key_value,
        key_value=_key_value(alarm, fault),
        key_limit=_key_limit(alarm, fault),
    )
    if ticket.alarm_active:
        event = replace(note(ticket, "joined", at), note=said(alarm.title))
        return Intake(ticket=going_on, event=event, case=alarm.case)
    return Intake(ticket=going_on, event=note(ticket, "recurred", at), case=alarm.case)


def take_under(ticket: Ticket, case: OpenCase, what: str, at: datetime) -> Intake:
    """`what` follows from what the ticket is about: an alarm, or a ticket of its own until now."""
    under = replace(
        ticket,
        severity=case.severity,
        alarm_active=case.active,
        normal_since=None if case.active else ticket.normal_since,
        updated_at=at,
    )
    return Intake(ticket=under, event=replace(note(ticket, "folded", at), note=what))


def merge(ticket: Ticket, into: Ticket, at: datetime) -> Intake:
    merged = replace(ticket, state="merged", merged_into=into.id, alarm_active=False, updated_at=at)
    event = TicketEvent(at=at, actor=STOREWARDEN, kind="merged", source=ticket.state, target="merged", note=into.number)
    return Intake(ticket=merged, event=event)


def part_with(ticket: Ticket, what: str, at: datetime) -> Intake:
    """An alarm that followed from the ticket's has outlived it."""
    return Intake(ticket=replace(ticket, updated_at=at), event=replace(note(ticket, "split", at), note=what))


def settle(ticket: Ticket, case: OpenCase, at: datetime) -> Intake | Ticket | None:
    """The ticket as its alarms leave it; with a line in its history where all of them are over. None: as it is."""
    severity = case.severity if case.alarms else ticket.severity
    if ticket.alarm_active and not case.active:
        ends = (alarm.cleared_at for alarm in case.alarms if alarm.cleared_at is not None)
        over = replace(ticket, severity=severity, alarm_active=False, normal_since=max(ends, default=at), updated_at=at)
        return Intake(ticket=over, event=note(ticket, "cleared", at))
    return None if severity == ticket.severity else replace(ticket, severity=severity, updated_at=at)


def correct_since(ticket: Ticket, was: datetime, since: datetime, at_least: bool, at: datetime) -> Intake | None:
    """A fault that was thought to have begun at `was` began at `since`; None where the ticket says nothing else."""
    if ticket.since != was or (ticket.since, ticket.since_at_least) == (since, at_least):
        return None
    corrected = replace(ticket, since=since, since_at_least=at_least, updated_at=at)
    return Intake(ticket=corrected, event=replace(note(ticket, "since_corrected", at), since=since))


def put_first(case: Case, cause: Diagnosis) -> Case:
    """What has turned out to be behind it comes before all that might have been, which share what is left."""
    others = [each for each in case.diagnosis if each.id != cause.id]
    left = (1 - cause.likelihood) / (sum(each.likelihood for each in others) or 1)
    shares = (replace(each, likelihood=round(each.likelihood * left, 3)) for each in others)
    return replace(case, diagnosis=(cause, *shares))


def followers(ticket: Ticket, alarms: Iterable[Standing], kinship: Kinship) -> list[tuple[Standing, datetime | None]]:
    """Those of a ticket's `alarms` that are raised and follow from its fault, each with when it has outlived that, as
    far as is known; None: the fault goes on."""
    known, key = list(alarms), Key(ticket.device, ticket.family)
    own = [each for each in known if each.key == key]
    found: list[tuple[Standing, datetime | None]] = []
    for child in known:
        if child.raised and child.key != key:
            ends = [end for end in (over_at(parent, child, kinship) for parent in own) if end is not None]
            found.append((child, max(ends) if ends and len(ends) == len(own) else None))
    return found


def note(ticket: Ticket, kind: EventKind, at: datetime) -> TicketEvent:
    return TicketEvent(at=at, actor=STOREWARDEN, kind=kind, source=ticket.state, target=ticket.state)


def said(*texts: Text) -> str:
    """In the words of both languages: a line of the history is one for all readers."""
    zh, en = "：".join(text.zh for text in texts), ": ".join(text.en for text in texts)
    return zh if zh == en else f"{zh} / {en}"


def _key_limit(alarm: TicketAlarm, fault: Fault) -> float | None:
    """As the rule judged by it: it may differ for the duty, the store, or the device."""
    return None if fault.limit is None else alarm.case.evidence.params.get(fault.limit)


def _key_value(alarm: TicketAlarm, fault: Fault) -> Value | None:
    return next((seen.value for seen in alarm.case.evidence.values if seen.point == fault.key_value), None)
