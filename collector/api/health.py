"""Whether the collector lives, whether it does its work, and its figures for Prometheus."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from collector.api.office import OfficeHere, Readiness
from collector.store import tickets

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", operation_id="isAlive", summary="The process answers")
async def is_alive() -> dict[str, str]:
    """In the event loop: it answers also while every thread is busy."""
    return {"status": "alive"}


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    operation_id="isReady",
    summary="Database, broker and ingest do their work",
    responses={503: {"model": Readiness, "description": "One of them does not"}},
)
def is_ready(office: OfficeHere, response: Response) -> Readiness:
    readiness = office.readiness()
    if not readiness.ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return readiness


@router.get("/metrics", operation_id="readMetrics", summary="Figures for Prometheus", response_class=Response)
def read_metrics(office: OfficeHere) -> Response:
    with office.database.reading() as connection:
        open_tickets = tickets.count_open(connection)
    office.observe()
    return Response(office.meters.expose(open_tickets), media_type=CONTENT_TYPE_LATEST)
