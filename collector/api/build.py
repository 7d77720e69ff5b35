"""The web application, put together from its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from collector.api import (
    alarms,
    docs,
    feed,
    health,
    page,
    past,
    precision,
    problems,
    quarantine,
    session,
    stores,
    suppressions,
    tickets,
)
from collector.api.guard import Guard
from collector.api.office import Office

_DESCRIPTION = (
    "What storewarden's head office knows of the stores: repair tickets with their evidence, the devices and their "
    "readings, and a feed of all that changes. Instants are RFC 3339 in UTC. Errors are RFC 9457 problem documents."
)
_TAGS = [
    {"name": "session", "description": "登录 / logging in and out"},
    {"name": "tickets", "description": "工单 / repair tickets"},
    {"name": "alarms", "description": "报警 / alarms as operators see and answer them"},
    {"name": "stores", "description": "门店与设备 / stores, devices, readings"},
    {"name": "feed", "description": "实时事件 / the live feed"},
    {"name": "health", "description": "运行状况 / health and figures"},
]


def build_app(office: Office) -> FastAPI:
    app = FastAPI(
        title="storewarden",
        version=_version(),
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.office = office
    app.add_middleware(Guard)
    problems.install(app)
    for part in (
        session.router,
        session.links,
        tickets.router,
        alarms.router,
        suppressions.router,
        precision.router,
        stores.router,
        past.router,
        feed.router,
        health.router,
        quarantine.router,
    ):
        app.include_router(part)
    app.include_router(docs.router)
    app.include_router(page.router)  # last: it takes every path that is left
    problems.name_in(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    office: Office = app.state.office
    following = asyncio.create_task(office.feed.run())
    try:
        yield
    finally:
        office.feed.close()
        await following


def _version() -> str:
    try:
        return version("storewarden")
    except PackageNotFoundError:
        return "0"
