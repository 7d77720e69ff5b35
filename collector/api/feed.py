"""The live alert feed over HTTP: server-sent events that a page can leave and join again without missing one."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse
from prometheus_client import Gauge
from starlette.types import Receive, Scope, Send

from collector.api.office import Office, OfficeHere
from collector.api.problems import documented
from collector.api.session import SessionCookie, account_of, signed_in
from collector.store.database import TryLater

_DESCRIPTION = """Events `ticket` carry a TicketSummary and an id; events `clock` carry `{"now": …}` every 5 s. Whoever
comes back with `Last-Event-ID` (or `after`) is told all that was missed, in order."""

_POSITION = 2**63 - 1

router = APIRouter(prefix="/api/v1/feed", tags=["feed"], dependencies=[Depends(signed_in)])


class FeedResponse(StreamingResponse):
    """A stream that is counted while it is open."""

    media_type = "text/event-stream"
    clients: Gauge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.clients.track_inprogress():
            await super().__call__(scope, receive, send)


@router.get(
    "",
    operation_id="followFeed",
    summary="Follow tickets as they change",
    description=_DESCRIPTION,
    response_class=FeedResponse,
    responses=documented(HTTPStatus.UNAUTHORIZED),
)
async def follow_feed(
    office: OfficeHere,
    after: Annotated[int | None, Query(ge=0, le=_POSITION)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
    token: SessionCookie = None,
) -> FeedResponse:
    position = after if last_event_id is None else position_of(last_event_id)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    response = FeedResponse(office.feed.follow(position, partial(_admitted, office, token)), headers=headers)
    response.clients = office.meters.feed_clients
    return response


def _admitted(office: Office, token: str | None) -> bool:
    """Whether the session still is one: a stream may be open for weeks, and people log out, leave, change passwords."""
    try:
        return account_of(office, token) is not None
    except TryLater:
        return True


def position_of(last_event_id: str) -> int:
    """An id that we never gave out gets everything: an error would end the page's EventSource for good."""
    told = last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < len(str(_POSITION))
    return int(last_event_id) if told else 0
