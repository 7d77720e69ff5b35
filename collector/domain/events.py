"""What the feed says of a ticket: the snapshot that is written with every change, and read by pages for ever after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collector.domain.tickets import State, Ticket, targets
from edge_agent.contract.catalogue import DUTIES, PointMeaning, UnknownPoint, meaning
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text, same

GATEWAY_DUTY = Text(zh="网关", en="Gateway")
RULE_DUTY = Text(zh="规则", en="Rule")
"""Of the devices that head office lists for itself; no site file has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLabel:
    """A store as a ticket names it; `timezone` is its IANA name."""

    id: str
    name: Text
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLabel:
    """A device as a ticket names it."""

    id: str
    name: Text
    device_class: str
    duty: str
    duty_name: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValue:
    """The value that a person looks at first, as it was when the alarm was raised; `limit` is in the same unit."""

    point: str
    label: Text
    value: float | bool | str | None
    unit: str
    digits: int
    limit: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSummary:
    """A ticket as a list and the feed show it. `moves` are the states that it can go to from here.

    `since_at_least`: the fault was there at `since`, and what the store recorded before has not arrived yet.
    """

    id: int
    number: str
    state: State
    severity: str
    fault: str
    title: Text
    store: StoreLabel
    device: DeviceLabel
    since: datetime
    since_at_least: bool
    opened_at: datetime
    updated_at: datetime
    alarm_active: bool
    normal_since: datetime | None
    key_value: KeyValue | None
    assignee: str | None
    moves: tuple[State, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """One message of the feed: `data` is the TicketSummary as JSON, as it was when it was written."""

    id: int
    data: str


def summarise(ticket: Ticket, store: StoreLabel, device: Device) -> TicketSummary:
    return TicketSummary(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        severity=ticket.severity,
        fault=ticket.fault,
        title=ticket.title,
        store=store,
        device=label_device(device),
        since=ticket.since,
        since_at_least=ticket.since_at_least,
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
        alarm_active=ticket.alarm_active,
        normal_since=ticket.normal_since,
        key_value=_key_value(ticket, device.device_class),
        assignee=ticket.assignee,
        moves=targets(ticket.state),
    )


def label_device(device: Device) -> DeviceLabel:
    return DeviceLabel(
        id=device.id,
        name=device.name,
        device_class=device.device_class,
        duty=device.duty,
        duty_name=name_duty(device.duty),
    )


def name_duty(duty: str) -> Text:
    """The duty's name; one that this version does not know yet is shown as it is written."""
    return {**DUTIES, "gateway": GATEWAY_DUTY, "rule": RULE_DUTY}.get(duty, same(duty))


def explain_point(device_class: str, point: str) -> PointMeaning:
    """As the catalogue has it; a point that this version does not know yet is shown by its name, without a unit."""
    try:
        return meaning(device_class, point)
    except UnknownPoint:
        return PointMeaning(name=point, type="number", unit="", digits=1, label=same(point))


def _key_value(ticket: Ticket, device_class: str) -> KeyValue | None:
    if ticket.key_point is None:
        return None
    point = explain_point(device_class, ticket.key_point)
    return KeyValue(
        point=point.name,
        label=point.label,
        value=ticket.key_value,
        unit=point.unit,
        digits=point.digits,
        limit=ticket.key_limit,
    )
