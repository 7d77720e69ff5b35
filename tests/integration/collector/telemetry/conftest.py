"""Fixtures: the two stores of readings, and the server of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.store.database import Database
from collector.telemetry.choose import telemetry_store
from collector.telemetry.settings import EmbeddedSettings, InfluxSettings, TelemetrySettings
from tests.integration.collector.telemetry.kept import NOW, Keeper
from tests.integration.collector.telemetry.victoria import Victoria


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victoria]:
    server = Victoria(tmp_path_factory.mktemp("victoria"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Keeper]:
    keeper = open_keeper(tmp_path / "c.sqlite", EmbeddedSettings())
    yield keeper
    keeper.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[Keeper, Victoria]]:
    """A server of the test's own, that it may kill."""
    server = Victoria(tmp_path / "victoria")
    server.start()
    keeper = open_keeper(tmp_path / "c.sqlite", influx(server), server)
    yield keeper, server
    keeper.close()
    server.kill()


def open_keeper(path: Path, settings: TelemetrySettings, server: Victoria | None = None) -> Keeper:
    database = Database(path, busy_timeout=0.5)
    database.migrate()
    telemetry = telemetry_store(settings, database, lambda: NOW)
    return Keeper(database, telemetry, server.flush if server else lambda: None)


def influx(server: Victoria) -> InfluxSettings:
    return InfluxSettings(kind="influx", url=server.url, org="o", bucket="b", asks="metrics")
