"""The open tickets of a store within one transaction: what a change of an alarm means for all of them, written down."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from collector import lifecycle
from collector.domain.episodes import amend
from collector.domain.events import summarise
from collector.domain.intake import (
    Fault,
    Intake,
    TicketAlarm,
    alarm_of,
    correct_since,
    merge,
    open_ticket,
    part_with,
    put_first,
    said,
    settle,
    take_on,
    take_under,
)
from collector.domain.tickets import Ticket
from collector.faults import NO_RULES, fault_of
from collector.store import cases, episodes, feed, inventory, tickets
from collector.store.cases import AlarmId, OnTicket, OpenTickets
from edge_agent.contract.readings import Device
from rules.book import RuleBook
from rules.folding import Folded, OpenCase, Write, fold, review, review_by
from rules.kinship import Key, Kinship, Standing, Topology, kinship_of
from rules.model import Change, Diagnosis, Rule
from rules.segments import Correction
from rules.shared import OTHERS

log = logging.getLogger(__name__)


class Desk:
    """`events` counts what it added to the feed; `now` is head office's time. All devices that the store ever listed
    are `devices`."""

    def __init__(
        self,
        connection: Connection,
        store: str,
        book: RuleBook,
        kinship: Kinship,
        now: datetime,
        devices: Mapping[str, Device] | None = None,
        known: OpenTickets | None = None,
    ) -> None:
        self._connection, self._store, self._book, self._kinship, self._now = connection, store, book, kinship, now
        self._devices = inventory.known_devices(connection, [store])[store] if devices is None else dict(devices)
        known = cases.open_tickets(connection, [store])[store] if known is None else known
        self._open = {_key(ticket): ticket for ticket in known.tickets}
        self._alarms: dict[AlarmId, OnTicket] = dict(known.alarms)
        self._cases = {key: _case(ticket, self._alarms) for key, ticket in self._open.items()}
        self.events = 0

    def tell(self, change: Change, at: datetime | None) -> int | None:
        """As `take`, unless somebody or something holds it back."""
        fault = fault_of(self._book, change.rule)
        food = self._book.food
        told = lifecycle.note(self._connection, self._store, change, fault, fault.title, self._now, food)
        return self.take(change, fault, at) if told.now else None

    def take(self, change: Change, fault: Fault, at: datetime | None = None) -> int | None:
        """The id of the ticket that the alarm is on now, if it is on one. `at` is the newest event time of the store;
        what the tickets say already comes to nothing, so that a replay changes nothing."""
        fresh = alarm_of(change, fault, self._kinship)
        folded = fold(self._cases.values(), change, self._kinship, self._topology, at or change.at)
        self._carry_out(folded, fresh, fault)
        known = self._alarms.get((change.device, change.rule))
        return None if known is None else known.ticket

    def review(self, at: datetime) -> None:
        """What time alone, or a corrected beginning, has changed."""
        self._carry_out(review(self._cases.values(), self._kinship, self._topology, at))

    def review_by(self, at: datetime) -> datetime | None:
        return review_by(self._cases.values(), self._kinship, at)

    def correct(self, correction: Correction, rule: Rule, device: Device) -> None:
        """Writes down what the history says of an alarm that was judged without it."""
        was, since = correction.was, correction.since
        known = None if was is None else episodes.find(self._connection, self._store, device.id, rule.id, was)
        true = None if since is None else episodes.find(self._connection, self._store, device.id, rule.id, since)
        amendment = amend(correction, rule, known, true)
        if amendment is None:
            return
        told = amendment.put
        episodes.replace_one(self._connection, self._store, device.id, told, amendment.removed)
        if was is None or told.since > was:
            return
        lifecycle.correct(self._connection, self._store, device.id, was, told)
        if told.ticket is None:
            return
        self._correct_alarm((device.id, rule.id), was, told.since, at_least=told.since_at_least)
        ticket = tickets.with_id(self._connection, told.ticket)
        if (ticket.device, ticket.fault) == (device.id, rule.id):
            intake = correct_since(ticket, was, told.since, told.since_at_least, self._now)
            if intake is not None:
                self._say(intake, ticket)

    def put_first(self, id_: AlarmId, cause: Diagnosis) -> None:
        """What was behind an alarm has turned out: it is over, and to be told so next."""
        known = self._alarms.get(id_)
        if known is None:
            return
        case = put_first(known.alarm.case, cause)
        after = self._alarms | {id_: replace(known, alarm=replace(known.alarm, case=case))}
        cases.write(self._connection, self._alarms, after)
        self._alarms = after
        ticket = tickets.with_id(self._connection, known.ticket)
        if (ticket.device, ticket.fault) == id_:
            tickets.change(self._connection, ticket.state, ticket, case)

    def _correct_alarm(self, id_: AlarmId, was: datetime, since: datetime, *, at_least: bool) -> None:
        known = self._alarms.get(id_)
        if known is None or known.alarm.standing.since != was:
            return
        alarm = known.alarm
        corrected = replace(alarm, standing=replace(alarm.standing, since=since), since_at_least=at_least)
        after = self._alarms | {id_: replace(known, alarm=corrected)}
        cases.write(self._connection, self._alarms, after)
        self._alarms = after
        key = next(key for key, ticket in self._open.items() if ticket.id == known.ticket)
        self._cases[key] = _case(self._open[key], self._alarms)

    @property
    def _topology(self) -> Topology:
        return Topology(devices=self._devices)

    def _carry_out(self, folded: Folded, fresh: TicketAlarm | None = None, fault: Fault | None = None) -> None:
        """`fresh` is the alarm that is raised just now, `fault` what it is of."""
        self._cases = folded.cases
        for write in folded.writes:
            self._perform(write, fresh, fault)
        if folded.writes:
            self._keep_alarms(fresh)
            ended = {write.case.key for write in folded.writes if write.kind == "clear"}
            for key, ticket in list(self._open.items()):
                self._settle(key, ticket, an_alarm_ended=key in ended)

    def _perform(self, write: Write, fresh: TicketAlarm | None, fault: Fault | None) -> None:
        alarm, other = write.alarm, write.other
        if write.kind == "merge" and other is not None:
            self._merge(self._open.pop(other), write)
            return
        if alarm is None or write.kind == "clear":
            return
        carried = fresh if other is None and fresh is not None else self._alarms[alarm.device, alarm.rule].alarm
        about = fault if other is None and fault is not None else fault_of(self._book, alarm.rule)
        if other is not None:
            self._say(part_with(self._open[other], self._name(alarm, carried), self._now), self._open[other])
        ticket = self._open.get(write.case.key)
        if ticket is None:
            self._open_one(write.case, carried, about)
        elif write.kind == "fold":
            self._say(take_under(ticket, write.case, self._name(alarm, carried), self._now), ticket)
        else:
            self._say(take_on(ticket, carried, write.case, about, self._now), ticket)
        if other is not None:
            cases.move_episode(self._connection, self._store, alarm, self._open[write.case.key].id)

    def _open_one(self, case: OpenCase, alarm: TicketAlarm, fault: Fault) -> None:
        intake = open_ticket(alarm, case, fault, self._store, self._now)
        self._open[case.key] = ticket = tickets.open_new(self._connection, intake.ticket, alarm.case)
        self._tell_of(ticket, intake)

    def _merge(self, ticket: Ticket, write: Write) -> None:
        into = self._open[write.case.key]
        self._say(merge(ticket, into, self._now), ticket)
        what = f"{ticket.number} {said(self._device(ticket.device).name, ticket.title)}"
        self._say(take_under(into, write.case, what, self._now), into)

    def _settle(self, key: Key, ticket: Ticket, *, an_alarm_ended: bool) -> None:
        left = settle(ticket, self._cases[key], self._now)
        if isinstance(left, Intake):
            self._say(left, ticket)
        elif left is not None or an_alarm_ended:
            self._show(left or replace(ticket, updated_at=self._now), ticket)

    def _keep_alarms(self, fresh: TicketAlarm | None) -> None:
        """Where each alarm is now, and how it stands."""
        after: dict[AlarmId, OnTicket] = {}
        for key, case in self._cases.items():
            for standing in case.alarms:
                id_ = (standing.device, standing.rule)
                known = self._alarms.get(id_)
                alarm = fresh if fresh is not None and fresh.standing == standing else known.alarm if known else None
                if alarm is not None:
                    after[id_] = OnTicket(ticket=self._open[key].id, alarm=replace(alarm, standing=standing))
        cases.write(self._connection, self._alarms, after)
        self._alarms = after

    def _say(self, intake: Intake, before: Ticket) -> None:
        """Where the ticket is as it was known to be."""
        if not tickets.change(self._connection, before.state, intake.ticket, intake.case):
            return
        key = _key(intake.ticket)
        if key in self._open and self._open[key].id == intake.ticket.id:
            self._open[key] = intake.ticket
        self._tell_of(intake.ticket, intake)

    def _show(self, ticket: Ticket, before: Ticket) -> None:
        """What its history has no line of: pages that are open show it all the same."""
        if ticket != before and tickets.change(self._connection, before.state, ticket):
            self._open[_key(ticket)] = ticket
            self._feed(ticket)

    def _tell_of(self, ticket: Ticket, intake: Intake) -> None:
        tickets.append_event(self._connection, ticket.id, intake.event)
        self._feed(ticket)
        told = (ticket.number, intake.event.kind, self._store, ticket.device, ticket.fault)
        log.info("ticket %s %s store=%s device=%s fault=%s", *told)

    def _feed(self, ticket: Ticket) -> None:
        label = inventory.label(self._connection, self._store)
        feed.append(self._connection, summarise(ticket, label, self._device(ticket.device)))
        self.events += 1

    def _name(self, standing: Standing, alarm: TicketAlarm) -> str:
        return said(self._device(standing.device).name, alarm.title)

    def _device(self, id_: str) -> Device:
        """Head office may have listed one of its own meanwhile."""
        if id_ not in self._devices:
            self._devices = inventory.known_devices(self._connection, [self._store])[self._store]
        return self._devices[id_]


def note_change(
    connection: Connection, change: Change, fault: Fault, device: Device, store: str, now: datetime
) -> int | None:
    """Of what follows from nothing, as head office's own alarms do: the id of the ticket that tells of it."""
    return Desk(connection, store, NO_RULES, OTHERS, now, {device.id: device}).take(change, fault)


def kin(book: RuleBook) -> Kinship:
    """What folds under what, by the rules in force and by what is nobody's rule."""
    return kinship_of(book.rules, OTHERS)


def _key(ticket: Ticket) -> Key:
    return Key(ticket.device, ticket.family)


def _case(ticket: Ticket, alarms: Mapping[AlarmId, OnTicket]) -> OpenCase:
    own = tuple(one.alarm.standing for one in alarms.values() if one.ticket == ticket.id)
    return OpenCase(
        device=ticket.device, family=ticket.family, rule=ticket.fault, opened_at=ticket.opened_at, alarms=own
    )
