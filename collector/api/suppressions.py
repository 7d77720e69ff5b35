"""What holds alarms back, over HTTP: masks for cleaning or a delivery, maintenance, shelves, and their early end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy import Connection

from collector import operating
from collector.api.acting import Asked, Instant, Reason, refusing
from collector.api.office import OfficeHere
from collector.api.problems import documented, not_found
from collector.api.session import Who, signed_in
from collector.domain.suppression import Kind, Purpose, Suppression, to_remind
from collector.operating import WindowKind
from collector.store import inventory, suppressions
from edge_agent.contract.text import Text

router = APIRouter(
    prefix="/api/v1/suppressions",
    tags=["alarms"],
    dependencies=[Depends(signed_in)],
    responses=documented(HTTPStatus.UNAUTHORIZED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSuppression:
    """`stands`: it holds alarms back just now, and else it is still to begin. `rule` is empty for a whole device.

    `too_long`: the device has been out of service for so long that somebody was reminded of it.
    """

    id: int
    kind: Kind
    purpose: Purpose
    store: str
    store_name: Text
    device: str
    device_name: Text
    rule: str
    reason: str
    actor: str
    begins_at: datetime
    until: datetime | None
    stands: bool
    too_long: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionList:
    suppressions: tuple[ShownSuppression, ...]


class WindowRequest(Asked):
    """`by_design` is a mask, of 12 hours at most; food-critical alarms are told all the same. `out_of_service` is
    maintenance, of 30 days at most. Without `begins_at` it begins now.
    """

    kind: WindowKind
    store: Annotated[str, Field(min_length=1, max_length=64)]
    device: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Reason
    until: Instant
    begins_at: Instant | None = None
    purpose: Purpose = "other"


class EndRequest(Asked):
    reason: Reason | None = None


@router.get("", operation_id="listSuppressions", summary="What holds alarms back now, or is going to")
def list_suppressions(office: OfficeHere, store: Annotated[str, Query(max_length=64)] = "") -> SuppressionList:
    now = office.clock.now()
    with office.database.reading() as connection:
        known = suppressions.unsettled(connection, store)
        lasting = [each for each in known if each.ended_at is None and (each.until is None or each.until > now)]
        return SuppressionList(suppressions=_show(connection, lasting, now))


@router.post(
    "",
    operation_id="setSuppression",
    summary="Mask a device for a while, or take it out of service",
    status_code=HTTPStatus.CREATED,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN),
)
def set_suppression(asked: WindowRequest, who: Who, office: OfficeHere) -> ShownSuppression:
    now = office.clock.now()
    fresh = Suppression(
        kind=Kind(asked.kind),
        store=asked.store,
        device=asked.device,
        reason=asked.reason,
        actor=who.name,
        begins_at=asked.begins_at or now,
        until=asked.until,
        purpose=asked.purpose,
    )
    with refusing(), office.database.writing() as connection:
        if inventory.device_class(connection, asked.store, asked.device) is None:
            zh, en = f"门店 {asked.store} 没有设备 {asked.device}", f"the store {asked.store} has no such device"
            raise not_found(Text(zh=zh, en=en))
        (shown,) = _show(connection, [operating.set_window(connection, fresh, who, now)], now)
        return shown


@router.post(
    "/{id}/end",
    operation_id="endSuppression",
    summary="End it before its time: what still stands is told soon after",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN),
)
def end_suppression(
    suppression_id: Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)],
    asked: EndRequest,
    who: Who,
    office: OfficeHere,
) -> ShownSuppression:
    now = office.clock.now()
    with refusing(), office.database.writing() as connection:
        over = operating.end_suppression(connection, suppression_id, who, now, asked.reason)
        (shown,) = _show(connection, [over], now)
        return shown


def _show(connection: Connection, known: Sequence[Suppression], now: datetime) -> tuple[ShownSuppression, ...]:
    devices = inventory.known_devices(connection, {each.store for each in known})
    stores = {store: inventory.label(connection, store).name for store in devices}
    return tuple(_shown(each, stores[each.store], devices[each.store][each.device].name, now) for each in known)


def _shown(one: Suppression, store_name: Text, device_name: Text, now: datetime) -> ShownSuppression:
    return ShownSuppression(
        id=one.id,
        kind=one.kind,
        purpose=one.purpose,
        store=one.store,
        store_name=store_name,
        device=one.device,
        device_name=device_name,
        rule=one.rule,
        reason=one.reason,
        actor=one.actor,
        begins_at=one.begins_at,
        until=one.until,
        stands=one.stands(now),
        too_long=one.stands(now) and (one.reminded_at is not None or to_remind(one, now)),
    )
