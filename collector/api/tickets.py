"""Tickets over HTTP: the list, one with all that is known of it, and the moves of its life."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from collector import lifecycle, operating
from collector.api.food import ShownFood, food_on
from collector.api.office import OfficeHere
from collector.api.problems import Problem, documented, not_found
from collector.api.session import Who, signed_in
from collector.domain.events import DeviceLabel, TicketSummary, explain_point, label_device, summarise
from collector.domain.intake import Case
from collector.domain.tickets import EventKind, MoveRefused, RoleRefused, State, TicketEvent, move
from collector.judging import tell_due
from collector.referee import Referee
from collector.store import cases, feed, tickets
from collector.store.cases import Listed
from collector.store.tickets import Placed
from edge_agent.contract.readings import Quality
from edge_agent.contract.text import Text
from edge_agent.contract.words import called
from rules.food import FoodTable
from rules.model import Diagnosis, EvidenceValue

LISTED_AT_MOST = 500

EXPLAINING_FLAGS = frozenset({"defrost.active", "in.door"})
"""Flags that explain a bend of a temperature curve, and are drawn into it."""

router = APIRouter(
    prefix="/api/v1/tickets",
    tags=["tickets"],
    dependencies=[Depends(signed_in)],
    responses=documented(HTTPStatus.UNAUTHORIZED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketList:
    """The open or all tickets, the most urgent first; following the feed after `feed_position` misses nothing."""

    now: datetime
    feed_position: int
    tickets: tuple[TicketSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenValue:
    """A point as it was when the alarm was raised; `value` is null where `quality` is not good.

    `said` is what people call a value that is a word.
    """

    point: str
    label: Text
    value: float | bool | str | None
    said: Text | None
    quality: Quality
    unit: str
    digits: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvidence:
    """Why the alarm was raised; `params` are the limits that the rule used."""

    condition: Text
    held_for_s: float
    values: tuple[SeenValue, ...]
    params: dict[str, float]
    excluded: tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPoint:
    """A point whose readings are worth drawing beside the ticket."""

    point: str
    label: Text
    unit: str
    digits: int


class HistoryLine(BaseModel):
    """`event` says what happened; `from` equals `to` where the state stayed, and is null where the ticket began.

    `since` is the beginning of the fault as it was corrected to be.
    """

    at: datetime
    actor: str
    event: EventKind
    from_: State | None = Field(serialization_alias="from")
    to: State
    note: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlarm:
    """An alarm that is written on the ticket: of its own device, or of one that follows from what is wrong with it."""

    rule: str
    title: Text
    device: DeviceLabel
    severity: str
    since: datetime
    since_at_least: bool
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDetail(TicketSummary):
    """`limit` is the line across the chart of the key value. `alarms` are the oldest first; `merged_into` is the id of
    the ticket that has them once this one is part of it. `food` is what may spoil, as it is known now."""

    evidence: ShownEvidence
    diagnosis: tuple[Diagnosis, ...]
    history: tuple[HistoryLine, ...]
    chart: tuple[ChartPoint, ...]
    limit: float | None
    alarms: tuple[ShownAlarm, ...]
    merged_into: int | None
    food: tuple[ShownFood, ...]


class MoveRequest(BaseModel):
    """`from` is the state that the mover saw; the move is refused where the ticket has left it."""

    model_config = ConfigDict(extra="forbid")

    from_: Annotated[State, Field(alias="from")]
    to: State
    note: Annotated[str | None, Field(max_length=2000)] = None


_TicketId = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]


@router.get("", operation_id="listTickets", summary="Tickets, the most urgent first")
def list_tickets(
    office: OfficeHere,
    state: Literal["open", "all"] = "open",
    limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 200,
) -> TicketList:
    with office.database.reading() as connection:
        listed = tickets.most_urgent(connection, only_open=state == "open", limit=limit)
        position = feed.position(connection)
    summaries = tuple(summarise(one.ticket, one.store, one.device) for one in listed)
    return TicketList(now=office.clock.now(), feed_position=position, tickets=summaries)


@router.get(
    "/{id}",
    operation_id="showTicket",
    summary="A ticket with all that is known of it",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def show_ticket(ticket_id: _TicketId, office: OfficeHere) -> TicketDetail:
    with office.database.reading() as connection:
        return _detail(connection, _find(connection, ticket_id), office.book().food)


@router.post(
    "/{id}/moves",
    operation_id="moveTicket",
    summary="Move a ticket to its next state",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN),
)
def move_ticket(ticket_id: _TicketId, step: MoveRequest, who: Who, office: OfficeHere) -> TicketDetail:
    with office.database.writing() as connection:
        placed = _find(connection, ticket_id)
        try:
            moved, event = move(
                placed.ticket,
                source=step.from_,
                target=step.to,
                actor=who.name,
                role=who.role,
                at=office.clock.now(),
                note=step.note,
            )
        except MoveRefused as refused:
            raise _refused(refused) from refused
        tickets.change(connection, step.from_, moved)
        tickets.append_event(connection, ticket_id, event)
        if moved.state == "accepted":
            on_it = (one.alarm.standing for one in cases.of_ticket(connection, moved.id))
            its_alarms = {(moved.device, moved.fault), *((alarm.device, alarm.rule) for alarm in on_it)}
            lifecycle.acknowledge_with(connection, moved.store, its_alarms, who.name, event.at)
        feed.append(connection, summarise(moved, placed.store, placed.device))
        if moved.state == "closed":
            due = operating.part_with_followers(connection, moved, office.book(), who, event.at)
            tell_due(connection, Referee(office.book()), due, event.at)
        detail = _detail(connection, _find(connection, ticket_id), office.book().food)
    office.feed.wake()
    return detail


def _find(connection: Connection, ticket_id: int) -> Placed:
    placed = tickets.find(connection, ticket_id)
    if placed is None:
        raise not_found(Text(zh=f"没有工单 {ticket_id}", en=f"there is no ticket {ticket_id}"))
    return placed


def _refused(refused: MoveRefused) -> Problem:
    status = HTTPStatus.FORBIDDEN if isinstance(refused, RoleRefused) else HTTPStatus.CONFLICT
    return Problem(status, Text(zh="工单未改动", en="The ticket was not moved"), refused.reason)


def _detail(connection: Connection, placed: Placed, food: FoodTable) -> TicketDetail:
    ticket, device_class = placed.ticket, placed.device.device_class
    case = tickets.case_of(connection, ticket.id)
    summary = summarise(ticket, placed.store, placed.device)
    alarms = cases.of_ticket(connection, ticket.id)
    return TicketDetail(
        **{field.name: getattr(summary, field.name) for field in fields(summary)},
        evidence=_show(case, device_class),
        diagnosis=case.diagnosis,
        history=tuple(map(_line, tickets.history(connection, ticket.id))),
        chart=_chart(case, device_class),
        limit=ticket.key_limit,
        alarms=tuple(map(_alarm, alarms)),
        merged_into=ticket.merged_into,
        food=food_on(connection, food, ticket, (one.device.id for one in alarms)),
    )


def _alarm(listed: Listed) -> ShownAlarm:
    alarm = listed.alarm
    return ShownAlarm(
        rule=alarm.standing.rule,
        title=alarm.title,
        device=label_device(listed.device),
        severity=alarm.standing.severity,
        since=alarm.standing.since,
        since_at_least=alarm.since_at_least,
        cleared_at=alarm.standing.cleared_at,
    )


def _show(case: Case, device_class: str) -> ShownEvidence:
    return ShownEvidence(
        condition=case.evidence.condition,
        held_for_s=case.evidence.held_for.total_seconds(),
        values=tuple(_seen(value, device_class) for value in case.evidence.values),
        params=case.evidence.params,
        excluded=case.evidence.excluded,
    )


def _seen(seen: EvidenceValue, device_class: str) -> SeenValue:
    point = explain_point(device_class, seen.point)
    return SeenValue(
        point=seen.point,
        label=point.label,
        value=seen.value,
        said=called(seen.value) if isinstance(seen.value, str) else None,
        quality=seen.quality,
        unit=point.unit,
        digits=point.digits,
        at=seen.at,
    )


def _chart(case: Case, device_class: str) -> tuple[ChartPoint, ...]:
    points = (explain_point(device_class, seen.point) for seen in case.evidence.values)
    return tuple(
        ChartPoint(point=point.name, label=point.label, unit=point.unit, digits=point.digits)
        for point in points
        if point.type == "number" or point.name in EXPLAINING_FLAGS
    )


def _line(event: TicketEvent) -> HistoryLine:
    return HistoryLine(
        at=event.at,
        actor=event.actor,
        event=event.kind,
        from_=event.source,
        to=event.target,
        note=event.note,
        since=event.since,
    )
