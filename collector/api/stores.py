"""Stores and their devices over HTTP, with the readings of a device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel

from collector.api.office import OfficeHere
from collector.api.problems import Problem, documented, not_found
from collector.api.session import signed_in
from collector.domain.events import explain_point, name_duty
from collector.store import inventory
from collector.store.inventory import DeviceState, StoreState
from collector.telemetry.base import Sample
from edge_agent.contract.clock import EPOCH
from edge_agent.contract.readings import Quality
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
    """`last_seen_at` is when its last message arrived."""

    id: str
    name: Text
    timezone: str
    last_seen_at: datetime | None
    devices: tuple[ShownDevice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreList:
    """Every store that has ever reported."""

    stores: tuple[ShownStore, ...]


class Readings(BaseModel):
    """By point, oldest first: milliseconds since 1970, the value (null where the quality is not good), the quality."""

    points: dict[str, list[tuple[int, float | bool | str | None, Quality]]]


@router.get("", operation_id="listStores", summary="Stores and their devices")
def list_stores(office: OfficeHere) -> StoreList:
    with office.database.reading() as connection:
        states = inventory.states(connection)
    return StoreList(stores=tuple(map(_show_store, states)))


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
    limit: Annotated[int, Query(description="Of each point the newest so many", ge=1, le=SAMPLES_AT_MOST)] = 2_000,
) -> Response:
    names = _names(points)
    with office.database.reading() as connection:
        device_class = inventory.device_class(connection, store, device)
    if device_class is None:
        raise not_found(Text(zh=f"门店 {store} 没有设备 {device}", en=f"the store {store} has no device {device}"))
    end = _countable(until or office.clock.now())
    begin = _countable(since or end - SHOWN_BY_DEFAULT)
    samples = office.telemetry.read(store, device, names, begin, end, limit)
    told = {name: [_row(device_class, name, one) for one in samples[name]] for name in names}
    return Response(msgspec.json.encode({"points": told}), media_type="application/json")


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


def _row(device_class: str, point: str, sample: Sample) -> tuple[int, float | bool | str | None, str]:
    value = sample.value
    if value is not None and explain_point(device_class, point).type == "flag":
        value = bool(value)
    return sample.at_ms, value, sample.quality.value


def _show_store(state: StoreState) -> ShownStore:
    return ShownStore(
        id=state.label.id,
        name=state.label.name,
        timezone=state.label.timezone,
        last_seen_at=state.last_seen_at,
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
