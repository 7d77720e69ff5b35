"""Stores and their devices over HTTP, with the readings of a device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from collector.api.office import OfficeHere
from collector.api.problems import Problem, documented, not_found
from collector.api.readings import Asked, Readings, tell_fitting, tell_newest
from collector.api.session import signed_in
from collector.domain.events import name_duty
from collector.domain.line_faults import OFFICE
from collector.store import inventory, lines, streams
from collector.store.inventory import DeviceState, StoreState
from collector.store.lines import SOUND, Line
from collector.telemetry.base import Span
from edge_agent.contract.clock import EPOCH
from edge_agent.contract.text import Text

POINTS_AT_MOST = 20
SAMPLES_AT_MOST = 5_000
SHOWN_BY_DEFAULT = timedelta(hours=24)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)

router = APIRouter(
    prefix="/api/v1/stores",
    tags=["stores"],
    dependencies=[Depends(signed_in)],
    responses=documented(HTTPStatus.UNAUTHORIZED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDevice:
    """`proven` tells whether a real unit has confirmed the profile; `answers` whether the last poll was answered."""

    id: str
    name: Text
    device_class: str
    duty: str
    duty_name: Text
    profile: str
    proven: bool
    last_at: datetime | None
    open_tickets: int
    answers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStore:
    """`last_seen_at` is when its last message arrived.

    `silent_since` is when a store that is said to be offline was last heard, `two_agents_since` when a second agent
    began to speak for it; null where that is not so. `lost` entries of it will never come: its agent had to drop them.
    """

    id: str
    name: Text
    timezone: str
    last_seen_at: datetime | None
    silent_since: datetime | None
    two_agents_since: datetime | None
    lost: int
    devices: tuple[ShownDevice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreList:
    """Every store that has ever reported."""

    stores: tuple[ShownStore, ...]


@router.get("", operation_id="listStores", summary="Stores and their devices")
def list_stores(office: OfficeHere) -> StoreList:
    with office.database.reading() as connection:
        states = inventory.states(connection)
        known = lines.lines(connection)
        lost = streams.count_lost(connection)
    shown = (
        _show_store(state, known.get(state.label.id, SOUND), lost.get(state.label.id, 0))
        for state in states
        if state.label.id != OFFICE
    )
    return StoreList(stores=tuple(shown))


@router.get(
    "/{store}/devices/{device}/readings",
    operation_id="readReadings",
    summary="Readings of some points of a device, oldest first",
    response_model=Readings,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def read_readings(
    store: str,
    device: str,
    office: OfficeHere,
    points: Annotated[str, Query(description="Names of points, separated by commas", min_length=1, max_length=1000)],
    since: Annotated[AwareDatetime | None, Query(description="Default: 24 h before `until`")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Default: now")] = None,
    limit: Annotated[
        int | None,
        Query(
            description="Of each point the newest so many readings. Without it a span of many is told in steps",
            ge=1,
            le=SAMPLES_AT_MOST,
        ),
    ] = None,
) -> Response:
    names = _names(points)
    with office.database.reading() as connection:
        device_class = inventory.device_class(connection, store, device)
    if device_class is None:
        raise not_found(Text(zh=f"门店 {store} 没有设备 {device}", en=f"the store {store} has no device {device}"))
    end = _countable(until or office.clock.now())
    begin = _countable(since or end - SHOWN_BY_DEFAULT)
    asked = Asked(store=store, device=device, device_class=device_class, points=names)
    if limit:
        told = tell_newest(office.telemetry, asked, Span(since=begin, until=end, most=limit))
    else:
        told = tell_fitting(office.telemetry, asked, begin, end, office.clock.now())
    return Response(msgspec.json.encode(told), media_type="application/json")


def _countable(instant: datetime) -> datetime:
    """The nearest instant that can be counted from 1970 in every time zone; no reading lies beyond."""
    return min(max(instant, EPOCH), LATEST).astimezone(UTC)


def _names(points: str) -> list[str]:
    names = list(dict.fromkeys(name for name in points.split(",") if name))
    if not 1 <= len(names) <= POINTS_AT_MOST:
        title = Text(zh="点位数量不对", en="The number of points is not right")
        told = Text(zh=f"请给出 1 到 {POINTS_AT_MOST} 个点位", en=f"name 1 to {POINTS_AT_MOST} points")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, title, told)
    return names


def _show_store(state: StoreState, line: Line, lost: int) -> ShownStore:
    return ShownStore(
        id=state.label.id,
        name=state.label.name,
        timezone=state.label.timezone,
        last_seen_at=state.last_seen_at,
        silent_since=line.silent_since,
        two_agents_since=line.rivals_since,
        lost=lost,
        devices=tuple(map(_show_device, state.devices)),
    )


def _show_device(state: DeviceState) -> ShownDevice:
    device = state.device
    return ShownDevice(
        id=device.id,
        name=device.name,
        device_class=device.device_class,
        duty=device.duty,
        duty_name=name_duty(device.duty),
        profile=device.profile,
        proven=device.proven,
        last_at=state.last_at,
        open_tickets=state.open_tickets,
        answers=state.answers,
    )
