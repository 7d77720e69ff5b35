"""What the API works with, and how a route gets at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from collector.api.feed_tail import FeedTail
from collector.domain.accounts import Attempts, Cost
from collector.meters import Meters
from collector.store.database import Database
from collector.telemetry.base import TelemetryStore
from edge_agent.contract.clock import Clock
from rules.book import RuleBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Each is True while that part does its work. `rules`: those on disk are in force; where
    they were refused, those before go on, which is no reason to be unready."""

    database: bool
    broker: bool
    ingest: bool
    rules: bool = True

    @property
    def ready(self) -> bool:
        return self.database and self.broker and self.ingest


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """`clock` is store time; `wall` is the machine's own time, which alone decides how long a login is good for.

    `book` answers the rules in force. `observe` brings the gauges up to date before they are read. `page` is the folder
    of the built web page.
    """

    database: Database
    telemetry: TelemetryStore
    feed: FeedTail
    meters: Meters
    clock: Clock
    wall: Callable[[], datetime]
    readiness: Callable[[], Readiness]
    book: Callable[[], RuleBook]
    observe: Callable[[], None]
    page: Path
    behind_tls: bool = False
    cost: Cost = field(default_factory=Cost)
    attempts: Attempts = field(default_factory=Attempts)
    attempts_lock: threading.Lock = field(default_factory=threading.Lock)
    password_checks: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(4))


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


OfficeHere = Annotated[Office, Depends(_office)]
