"""What COLLECTOR.yaml says of where readings are kept, and for how long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from collector.telemetry.steps import DEFAULT_KEEP, Keep, Level
from configs.durations import Duration

SHORTEST_KEEP = timedelta(days=8)
"""A store may bring a week of history; roll-ups are made of what is there of it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmbeddedSettings(_Part):
    """In the collector's own database, each level for as long as it says."""

    kind: Literal["embedded"] = "embedded"
    raw: Duration = Field(default=DEFAULT_KEEP[Level.RAW], ge=SHORTEST_KEEP)
    minute: Duration = Field(default=DEFAULT_KEEP[Level.MINUTE], ge=SHORTEST_KEEP)
    hour: Duration = Field(default=DEFAULT_KEEP[Level.HOUR], ge=SHORTEST_KEEP)

    @property
    def keep(self) -> Keep:
        return {Level.RAW: self.raw, Level.MINUTE: self.minute, Level.HOUR: self.hour}


class InfluxSettings(_Part):
    """On a server that takes InfluxDB 2's writes; it decides for how long.

    `asks` is what it is read back with: `flux` (InfluxDB 2) or `metrics` (VictoriaMetrics). `pending_mib` is how much
    may wait in our database while it cannot be reached; beyond, the oldest readings are dropped and counted.
    """

    kind: Literal["influx"]
    url: str
    org: str = Field(default="", max_length=200)
    bucket: str = Field(min_length=1, max_length=200)
    token_file: Path | None = None
    ca_file: Path | None = None
    asks: Literal["flux", "metrics"] = "flux"
    pending_mib: int = Field(default=4096, ge=16)

    @field_validator("url")
    @classmethod
    def _must_be_http(cls, url: str) -> str:
        parts = urlsplit(url)
        _ = parts.port
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("the address must be http://HOST[:PORT] or https://HOST[:PORT]")
        return url

    def token(self) -> str:
        return "" if self.token_file is None else self.token_file.read_text(encoding="utf-8").strip()


TelemetrySettings = EmbeddedSettings | InfluxSettings
