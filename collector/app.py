"""The collector put together: clock, threads, signals and the order in which things start and end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import resource
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from collector.api.build import build_app
from collector.api.feed_tail import FeedTail
from collector.api.office import Office, Readiness
from collector.garbage import collect_seldom
from collector.inbox import Lane
from collector.ingest import Ingest
from collector.meters import Meters
from collector.record import Recorder
from collector.reload import RuleReload
from collector.settings import Settings, WebSettings
from collector.store.bounds import drop_beyond
from collector.store.database import Database, TryLater
from collector.subscriber import Subscriber
from collector.telemetry.choose import telemetry_store
from collector.telemetry.upkeep import Upkeep
from collector.watch import Watch
from edge_agent.contract.clock import Clock, machine_clock

PAGE = Path(__file__).parent / "web" / "dist"
STREAMS_END_WITHIN_S = 2
INGEST_ENDS_WITHIN_S = 2.0
STOCK_EVERY_S = 10.0
FILES_AT_MOST = 65_536

log = logging.getLogger(__name__)


class AddressTaken(OSError):
    """Nobody can listen there: choose another host or port, or end the program that has it."""


def clock_from(argument: str | None) -> Clock:
    """Raises ClockArgumentInvalid."""
    return machine_clock(time.time, time.monotonic, argument)


def wall_now() -> datetime:
    """The machine's own time, whatever a drill's clock says."""
    return datetime.now(UTC)


def run(settings: Settings, clock: Clock) -> None:
    """Until SIGTERM or SIGINT. Raises Faulty for bad rules, AddressTaken, TryLater."""
    rules = RuleReload(settings.rules, settings.overrides)
    with _listen(settings.web) as sockets, contextlib.closing(Database(settings.database)) as database:
        database.migrate()
        _allow_files()
        collector = Collector(settings, clock, rules, database)
        collect_seldom()
        asyncio.run(collector.serve(sockets))


class Collector:
    """One process: the line to the broker, the ingest in its thread, the web in the event loop."""

    def __init__(self, settings: Settings, clock: Clock, rules: RuleReload, database: Database) -> None:
        self._database = database
        self._steady = clock.steady
        self._stock_at = -math.inf
        self._meters = Meters()
        self._feed = FeedTail(database, lambda: clock.now().isoformat().replace("+00:00", "Z"))
        self._subscriber = Subscriber(settings.broker, clock.steady, partitions=settings.partitions)
        self._telemetry = telemetry_store(settings.telemetry, database, clock.now)
        recorder = Recorder(rules.book, self._telemetry)
        self._upkeep = Upkeep(self._telemetry, clock, self._sweep)
        self._upkeep_thread = threading.Thread(target=self._upkeep.run, name="telemetry", daemon=True)
        self._watch = Watch(
            database,
            clock,
            self._meters,
            self._hears,
            book=rules.book,
            after=settings.store_silent_after,
            partitions=settings.partitions,
        )
        self._rules = rules
        self._rules.hand_to(recorder.judge_by, self._watch.judge_by)
        self._rules_thread = threading.Thread(target=self._rules.run, name="rules", daemon=True)
        self._ingest = Ingest(self._subscriber, database, recorder, clock, self._meters, self._feed.wake, self._watch)
        self._thread = threading.Thread(target=self._ingest.run, name="ingest", daemon=True)
        self._office = Office(
            database=database,
            telemetry=self._telemetry,
            feed=self._feed,
            meters=self._meters,
            clock=clock,
            wall=wall_now,
            readiness=self._readiness,
            book=lambda: rules.book,
            observe=self._observe,
            page=PAGE,
            behind_tls=settings.web.behind_tls,
        )

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Streams end first, then the web, then the line, then the ingest with the batch in hand."""
        server = _Server(
            uvicorn.Config(
                build_app(self._office),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=STREAMS_END_WITHIN_S,
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, server)
        loop.add_signal_handler(signal.SIGHUP, self._rules.ask)
        self._thread.start()
        self._upkeep_thread.start()
        self._rules_thread.start()
        self._subscriber.start()
        log.info("collector started address=http://%s:%d", *sockets[0].getsockname()[:2])
        try:
            await server.serve(sockets)
        finally:
            self._ingest.stop()
            self._upkeep.stop()
            self._rules.stop()
            self._thread.join(INGEST_ENDS_WITHIN_S)
            self._upkeep_thread.join(INGEST_ENDS_WITHIN_S)
            self._subscriber.stop()
            self._telemetry.close()
            log.info("collector stopped")

    def _end(self, server: uvicorn.Server) -> None:
        self._feed.close()
        server.should_exit = True

    def _hears(self) -> bool:
        """What a live store says now reaches the database now."""
        return self._subscriber.connected and self._ingest.ready and not self._subscriber.lanes.crowded(Lane.LIVE)

    def _sweep(self) -> bool:
        with self._database.writing() as connection:
            return drop_beyond(connection)

    def _observe(self) -> None:
        lanes = self._subscriber.lanes
        for lane in Lane:
            self._meters.queue.labels(lane).set(lanes.depth(lane))
            self._meters.queue_bytes.labels(lane).set(lanes.bytes(lane))
        self._meters.rule_faults.set(len(self._rules.refused))
        if self._steady() >= self._stock_at:  # it counts rows, and anybody may ask
            self._stock_at = self._steady() + STOCK_EVERY_S
            stock = self._telemetry.stock()
            self._meters.telemetry_waiting.set(stock.waiting)
            self._meters.telemetry_lost.set(stock.lost)

    def _readiness(self) -> Readiness:
        return Readiness(
            database=_answers(self._database) and not self._database.refused,
            broker=self._subscriber.connected,
            ingest=self._thread.is_alive() and self._ingest.ready,
            rules=not self._rules.refused,
        )


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to us: the streams have to end before the server waits for them."""
        yield


def _allow_files() -> None:
    """As many as the system lets us have: each page that follows the feed is one, and the usual 1,024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_AT_MOST if hard == resource.RLIM_INFINITY else min(FILES_AT_MOST, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


@contextlib.contextmanager
def _listen(web: WebSettings) -> Iterator[list[socket.socket]]:
    """Before anything else starts, so that a taken port is one plain message. Raises AddressTaken."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        listening = socket.create_server((web.host, web.port), family=family, backlog=2048)
    except OSError as error:
        raise AddressTaken(f"{web.host}:{web.port}: {error.strerror}") from error
    with listening:
        yield [listening]


def _answers(database: Database) -> bool:
    try:
        with database.reading() as connection:
            return connection.exec_driver_sql("SELECT 1").scalar() == 1
    except TryLater:
        return False
