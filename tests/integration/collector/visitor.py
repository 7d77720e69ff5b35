"""Head office's API on a bench, and a technician who visits it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from collector.api.build import build_app
from collector.api.feed_tail import FeedTail
from collector.api.office import Office, Readiness
from collector.domain.accounts import Account, Cost, hash_password
from collector.domain.tickets import Role
from collector.store import accounts
from tests.integration.collector.bench import Bench, status, warm_freezer

ADDRESS = "http://head.office"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUICK = Cost(log_n=4, r=8, p=1)
PASSWORD = "a password of nobody"


class Visitor:
    """Asks the API as a browser does, without a socket, and waits for the answer."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal = portal
        self._client = client
        self.cookies = client.cookies

    def request(self, method: str, path: str, **asked: Any) -> httpx.Response:
        return self._portal.call(partial(self._client.request, method, path, **asked))

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("GET", path, **asked)

    def post(self, path: str, **asked: Any) -> httpx.Response:
        return self.request("POST", path, **asked)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


class WallClock:
    """The machine's own time, moved on by a test."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, duration: timedelta) -> None:
        self.now += duration


def open_office(bench: Bench, wall: WallClock, page: Path | None = None) -> Office:
    return Office(
        database=bench.database,
        telemetry=bench.telemetry,
        feed=FeedTail(bench.database, lambda: "2026-07-15T02:00:00Z"),
        meters=bench.meters,
        clock=bench.clock,
        wall=wall,
        readiness=lambda: Readiness(database=True, broker=True, ingest=True),
        book=lambda: bench.book,
        observe=lambda: bench.meters.queue.labels("live").set(3),
        page=page or bench.path.parent / "no-such-page",
        cost=QUICK,
    )


def hire(bench: Bench, name: str, role: Role = "technician") -> None:
    with bench.database.writing() as connection:
        stored = hash_password(PASSWORD, name.encode(), QUICK)
        accounts.write_account(connection, Account(name=name, role=role), stored, NOON)


@contextmanager
def visiting(office: Office) -> Iterator[Visitor]:
    app = build_app(office)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=ADDRESS)
        with portal.wrap_async_context_manager(client):
            yield Visitor(portal, client)


def log_in(client: Visitor, name: str = "li", password: str = PASSWORD) -> None:
    assert client.post("/api/v1/session", json={"name": name, "password": password}).status_code == 200


def break_freezer(bench: Bench) -> int:
    """The id of the ticket that it leads to."""
    bench.send((1, status()), *warm_freezer())
    return 1
