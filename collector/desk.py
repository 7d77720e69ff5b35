"""A change of an alarm into its ticket: opened, or noted on the open one, with its history and its feed event."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from collector.domain.episodes import amend
from collector.domain.events import summarise
from collector.domain.intake import Fault, Intake, correct_since, take_in
from collector.domain.tickets import Ticket
from collector.store import episodes, feed, inventory, tickets
from edge_agent.contract.readings import Device
from rules.model import Change, Rule
from rules.segments import Correction

log = logging.getLogger(__name__)


def note_change(
    connection: Connection,
    change: Change,
    fault: Fault,
    device: Device,
    store: str,
    now: datetime,
    family: Collection[str] = (),
) -> Ticket | None:
    """The ticket that was opened or changed; None where there was nothing new to say. `now` is head office's time.

    `family` are the faults that share one ticket of a device with this one: it is over when all of them are.
    """
    standing = tickets.open_ticket(connection, store, device.id, {change.rule, *family})
    if change.kind == "cleared" and standing and episodes.others_stand(connection, standing.id, change.rule):
        return None
    intake = take_in(standing, change, fault, device, store, now)
    return None if intake is None else _write(connection, intake, device, store)


def correct(
    connection: Connection, correction: Correction, rule: Rule, device: Device, store: str, now: datetime
) -> bool:
    """Writes down what the history says of an alarm that was judged without it. True where a ticket tells of it."""
    was, since = correction.was, correction.since
    known = None if was is None else episodes.find(connection, store, device.id, rule.id, was)
    true = None if since is None else episodes.find(connection, store, device.id, rule.id, since)
    amendment = amend(correction, rule, known, true)
    if amendment is None:
        return False
    told = amendment.put
    episodes.replace_one(connection, store, device.id, told, amendment.removed)
    if told.ticket is None or was is None or told.since > was:
        return False
    ticket = tickets.with_id(connection, told.ticket)
    intake = correct_since(ticket, was, told.since, told.since_at_least, now)
    return intake is not None and _write(connection, intake, device, store) is not None


def _write(connection: Connection, intake: Intake, device: Device, store: str) -> Ticket | None:
    if intake.ticket.id == 0 and intake.case:
        ticket = tickets.open_new(connection, intake.ticket, intake.case)
    else:
        changed = tickets.change(connection, intake.ticket.state, intake.ticket, intake.case)
        ticket = intake.ticket if changed else None
    if ticket is None:
        return None
    tickets.append_event(connection, ticket.id, intake.event)
    feed.append(connection, summarise(ticket, inventory.label(connection, store), device))
    log.info(
        "ticket %s %s store=%s device=%s fault=%s", ticket.number, intake.event.kind, store, device.id, ticket.fault
    )
    return ticket
