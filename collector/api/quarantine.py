"""Messages that could not be read, over HTTP: which, why, and how they begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from collector.api.office import OfficeHere
from collector.api.problems import Problem, documented
from collector.api.session import Who, signed_in
from collector.store import quarantine
from collector.store.quarantine import Quarantined
from edge_agent.contract.text import Text
from edge_agent.contract.topics import NotOurTopic, parse_topic

FIRST_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """`at` is when it came last, `times` how often. `store` is null where the topic names none.

    `lost_entries` were acknowledged without being taken in, or the store would send them for ever; they can still be
    taken in from here. `beginning` shows the first bytes, with escapes for those that are no text.
    """

    id: int
    topic: str
    store: str | None
    at: datetime
    times: int
    reason: str
    lost_entries: int
    size: int
    beginning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """`total` messages, of which the newest are listed."""

    total: int
    messages: tuple[ShownMessage, ...]


def dispatcher(who: Who) -> None:
    """The request ends with 403 for anybody else: a message may hold what only its store should know."""
    if who.role != "dispatcher":
        title = Text(zh="没有权限", en="Not allowed")
        raise Problem(HTTPStatus.FORBIDDEN, title, Text(zh="只有调度可以查看", en="only a dispatcher may see this"))


router = APIRouter(
    prefix="/api/v1/quarantine",
    tags=["health"],
    dependencies=[Depends(signed_in), Depends(dispatcher)],
    responses=documented(HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN),
)


@router.get("", operation_id="listQuarantine", summary="Messages that could not be read, the newest first")
def list_quarantine(office: OfficeHere, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Quarantine:
    with office.database.reading() as connection:
        total = quarantine.count_quarantined(connection)
        newest = quarantine.quarantined(connection, limit, FIRST_BYTES)
    return Quarantine(total=total, messages=tuple(map(_show, newest)))


def _show(one: Quarantined) -> ShownMessage:
    return ShownMessage(
        id=one.id,
        topic=one.topic,
        store=_store(one.topic),
        at=one.at,
        times=one.times,
        reason=one.reason,
        lost_entries=len(one.refused),
        size=one.size,
        beginning=one.beginning.decode("utf-8", "backslashreplace"),
    )


def _store(topic: str) -> str | None:
    try:
        return parse_topic(topic).store
    except NotOurTopic:
        return None
