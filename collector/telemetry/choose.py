"""The store of readings that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from collector.store.database import Database
from collector.telemetry.base import TelemetryStore
from collector.telemetry.metrics import MetricsReader
from collector.telemetry.remote import RemoteTelemetry
from collector.telemetry.settings import EmbeddedSettings, TelemetrySettings
from collector.telemetry.sqlite import SqliteTelemetry

MIB = 1024 * 1024


def telemetry_store(settings: TelemetrySettings, database: Database, now: Callable[[], datetime]) -> TelemetryStore:
    """Raises OSError where the token cannot be read."""
    if isinstance(settings, EmbeddedSettings):
        return SqliteTelemetry(database, settings.keep)
    from collector.telemetry.influx import InfluxServer  # noqa: PLC0415 — a third of a second that few need

    token = settings.token()
    server = InfluxServer(settings.url, settings.org, settings.bucket, token, settings.ca_file)
    reader = server if settings.asks == "flux" else MetricsReader(settings.url, token)
    return RemoteTelemetry(database, server, reader, settings.pending_mib * MIB, now)
