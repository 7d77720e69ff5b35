"""Alarms over HTTP, as operators see and answer them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy import Connection

from collector import operating
from collector.api.acting import Asked, Instant, Reason, refusing
from collector.api.office import OfficeHere
from collector.api.problems import Problem, documented, not_found
from collector.api.session import Who, signed_in
from collector.domain.acting import WHO_MAY
from collector.domain.alarms import Alarm, Entry, Standing
from collector.domain.events import DeviceLabel, StoreLabel, label_device
from collector.domain.figures import TOLD, Figures, Ledger
from collector.domain.floods import Flood
from collector.domain.suppression import Kind, Suppression, shelved_at_most
from collector.domain.tickets import Role
from collector.store import alarms, suppressions
from collector.store.alarms import Placed
from edge_agent.contract.text import Text
from rules.model import Priority

LISTED_AT_MOST = 500
FLOODS_LOOK_BACK = timedelta(hours=6)
FIGURES_AT_MOST = timedelta(days=92)

State = Literal[
    "unacknowledged",
    "acknowledged",
    "returned",
    "latched_unacknowledged",
    "latched",
    "shelved",
    "by_design",
    "out_of_service",
    "shadow",
]
Act = Literal["acknowledge", "reset", "shelve", "unshelve"]

router = APIRouter(
    prefix="/api/v1/alarms",
    tags=["alarms"],
    dependencies=[Depends(signed_in)],
    responses=documented(HTTPStatus.UNAUTHORIZED),
)

_AlarmId = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
_Store = Annotated[str, Query(max_length=64, description="Of this store only")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBy:
    """What holds an alarm back; `until` is null where nobody knows."""

    id: int
    kind: Kind
    reason: str
    actor: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlarm:
    """`state` is what an operator sees: how the alarm stands, or what holds it back. `acts` is what may be done by whom
    asks. Acting on it needs the `revision` that was seen. `shelve_at_most_h` is for how many hours it may be shelved.
    """

    id: int
    revision: int
    state: State
    standing: Standing
    severity: str
    priority: Priority | None
    food_critical: bool
    latching: bool
    fault: str
    title: Text
    store: StoreLabel
    device: DeviceLabel
    since: datetime
    noted_at: datetime
    told_at: datetime | None
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    held_by: HeldBy | None
    shelve_at_most_h: float
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmList:
    """What nobody has acknowledged first. `flooding_since` is of all that was asked for, null where there is no flood.

    More than ten alarms in ten minutes are a flood, of a store or of all stores together.
    """

    now: datetime
    flooding_since: datetime | None
    flooding_stores: tuple[str, ...]
    alarms: tuple[ShownAlarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The newest first."""

    entries: tuple[Entry, ...]


class ActRequest(Asked):
    """`revision` is that of the alarm as it was seen; `until` and `reason` are needed for shelving."""

    act: Act
    revision: Annotated[int, Field(ge=1)]
    reason: Reason | None = None
    until: Instant | None = None


@router.get("", operation_id="listAlarms", summary="Alarms that are not normal, what nobody has acknowledged first")
def list_alarms(
    office: OfficeHere, who: Who, store: _Store = "", limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 200
) -> AlarmList:
    now = office.clock.now()
    with office.database.reading() as connection:
        listed = alarms.most_urgent(connection, store, limit)
        holding = _holding(connection, store)
        told = list(alarms.counted(connection, now - FLOODS_LOOK_BACK, now, store))
    floods = _floods((entry for entry in told if entry.kind in TOLD), now)
    return AlarmList(
        now=now,
        flooding_since=floods.pop("", None),
        flooding_stores=tuple(sorted(floods)),
        alarms=tuple(_show(one, holding, who.role, now) for one in listed),
    )


@router.get("/figures", operation_id="alarmFigures", summary="How well alarms serve, in the figures of the standard")
def show_figures(
    office: OfficeHere, store: _Store = "", since: Instant | None = None, until: Instant | None = None
) -> Figures:
    """The last seven days, where nothing else is asked for; 92 days at most."""
    now = office.clock.now()
    last = now if until is None else min(until, now)
    first = last - timedelta(days=7) if since is None else since
    if not timedelta() < last - first <= FIGURES_AT_MOST:
        title = Text(zh="时间范围不对", en="The span is not right")
        told = Text(zh="开始须早于结束，最长 92 天", en="since is before until, and 92 days at most")
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, title, told)
    ledger = Ledger(since=first)
    with office.database.reading() as connection:
        for entry in alarms.counted(connection, first, last, store):
            ledger.note(entry)
        return ledger.figures(last, alarms.active(connection, store))


@router.get("/audit", operation_id="alarmAudit", summary="What happened to alarms, and who did what, the newest first")
def show_audit(
    office: OfficeHere,
    store: _Store = "",
    device: Annotated[str, Query(max_length=64)] = "",
    rule: Annotated[str, Query(max_length=128)] = "",
    limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 100,
) -> Audit:
    with office.database.reading() as connection:
        return Audit(entries=alarms.audit(connection, store_id=store, device_id=device, rule=rule, limit=limit))


@router.post(
    "/{id}/acts",
    operation_id="actOnAlarm",
    summary="Acknowledge, reset, shelve or bring back an alarm",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN),
)
def act_on_alarm(alarm_id: _AlarmId, asked: ActRequest, who: Who, office: OfficeHere) -> AlarmList:
    """Answers with the alarm as it is now; with none where nothing is left to be done about it."""
    now = office.clock.now()
    with refusing(), office.database.writing() as connection:
        match asked.act:
            case "acknowledge":
                operating.acknowledge_alarm(connection, alarm_id, asked.revision, who, now, asked.reason)
            case "reset":
                operating.reset_alarm(connection, alarm_id, asked.revision, who, now, asked.reason)
            case "shelve":
                until, reason = asked.until or now, asked.reason or ""
                operating.shelve_alarm(connection, alarm_id, asked.revision, who, now, until, reason)
            case "unshelve":
                _unshelve(connection, alarm_id, who, now, asked.reason)
        after = alarms.placed(connection, alarm_id)
        holding = _holding(connection, "" if after is None else after.store.id)
    shown = () if after is None else (_show(after, holding, who.role, now),)
    return AlarmList(now=now, flooding_since=None, flooding_stores=(), alarms=shown)


def _unshelve(connection: Connection, alarm_id: int, who: Who, now: datetime, reason: str | None) -> None:
    known = alarms.with_id(connection, alarm_id)
    if known is None:
        raise not_found(Text(zh=f"没有报警 {alarm_id}", en=f"there is no alarm {alarm_id}"))
    held = _holds(suppressions.unsettled(connection, known.store), known.store, known.device, known.rule, now)
    for each in held:
        if each.kind is Kind.SHELVED:
            operating.end_suppression(connection, each.id, who, now, reason)
            return
    raise operating.NotThere("the alarm is not shelved")


def _holding(connection: Connection, store: str) -> tuple[Suppression, ...]:
    return (*suppressions.unsettled(connection, store), *suppressions.in_shadow(connection))


def _holds(holding: Iterable[Suppression], store: str, device: str, rule: str, now: datetime) -> list[Suppression]:
    return [each for each in holding if each.store in {"", store} and each.covers(device, rule) and each.stands(now)]


def _show(one: Placed, holding: Iterable[Suppression], role: Role, now: datetime) -> ShownAlarm:
    alarm = one.alarm
    held = _holds(holding, alarm.store, alarm.device, alarm.rule, now)
    held = [each for each in held if not (alarm.food and each.kind is Kind.BY_DESIGN)]
    first = min(held, key=lambda each: list(Kind).index(each.kind), default=None)
    most = shelved_at_most(alarm.severity, food=alarm.food)
    return ShownAlarm(
        id=alarm.id,
        revision=alarm.revision,
        state=_state(one.alarm, first),
        standing=alarm.standing,
        severity=alarm.severity,
        priority=alarm.priority,
        food_critical=alarm.food,
        latching=alarm.latching,
        fault=alarm.rule,
        title=alarm.title,
        store=one.store,
        device=label_device(one.device),
        since=alarm.since,
        noted_at=alarm.noted_at,
        told_at=alarm.told_at,
        cleared_at=alarm.cleared_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_by=alarm.acknowledged_by,
        held_by=None if first is None else _held_by(first),
        shelve_at_most_h=most / timedelta(hours=1),
        acts=tuple(_acts(one, first, role)),
    )


def _state(alarm: Alarm, held: Suppression | None) -> State:
    """Of what nobody was told of, and nothing here holds back, the rule's file says that it is in shadow."""
    if held is not None:
        return held.kind.value
    return "shadow" if alarm.active and alarm.told_at is None else cast(State, alarm.standing.value)


def _held_by(one: Suppression) -> HeldBy:
    return HeldBy(id=one.id, kind=one.kind, reason=one.reason, actor=one.actor, until=one.until)


def _acts(one: Placed, held: Suppression | None, role: Role) -> Iterable[Act]:
    alarm = one.alarm
    if alarm.standing in {Standing.UNACKNOWLEDGED, Standing.RETURNED, Standing.LATCHED_UNACKNOWLEDGED}:
        yield "acknowledge"
    if alarm.standing in {Standing.LATCHED, Standing.LATCHED_UNACKNOWLEDGED}:
        yield "reset"
    if held is not None and held.kind is Kind.SHELVED:
        yield "unshelve"
    elif alarm.active and role in WHO_MAY["shelve_food" if alarm.food else "shelve"]:
        yield "shelve"


def _floods(told: Iterable[Entry], now: datetime) -> dict[str, datetime]:
    """Since when, by store; under the empty name, all of them together."""
    floods: dict[str, Flood] = {}
    for entry in told:
        for scope in ("", entry.store):
            floods[scope] = floods.get(scope, Flood()).raised(entry.at)
    return {scope: since for scope, flood in floods.items() if (since := flood.by(now).since) is not None}
