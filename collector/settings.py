"""COLLECTOR.yaml → Settings, with every fault of the file reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from collector.domain.silence import DEFAULT_AFTER, SETTLE
from collector.partitions import ALL, PartitionRange
from collector.telemetry.settings import EmbeddedSettings, InfluxSettings
from configs.documents import Document, Fault, Faulty, build, read_document
from configs.durations import Duration
from edge_agent.contract.text import Text

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
SHORTEST_SILENCE = 2 * SETTLE


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(_Part):
    """`client_id` names the session that the broker keeps for us: it must stay the same, and be ours alone."""

    url: str
    client_id: str = Field(default="storewarden-collector", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _must_be_mqtt(cls, url: str) -> str:
        parts = split_url(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path.strip("/"):
            raise ValueError("the address must be mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")
        return url

    @property
    def host(self) -> str:
        return split_url(self.url).hostname or ""

    @property
    def port(self) -> int:
        parts = split_url(self.url)
        return parts.port or DEFAULT_PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        return split_url(self.url).scheme == "mqtts"

    def password(self) -> str | None:
        return None if self.password_file is None else self.password_file.read_text(encoding="utf-8").strip()


class WebSettings(_Part):
    """`behind_tls` is for a server whose visitors come by https through a proxy: cookies then never travel in clear."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    behind_tls: bool = False


class Settings(_Part):
    """Paths are absolute, or relative to the folder of the file they stand in until `load_settings` has placed them.

    `rules` and `overrides` are folders: None means the rules that ship, and the overrides that stand among the rules.
    """

    database: Path
    broker: BrokerSettings
    web: WebSettings = WebSettings()
    rules: Path | None = None
    overrides: Path | None = None
    telemetry: Annotated[EmbeddedSettings | InfluxSettings, Field(discriminator="kind")] = EmbeddedSettings()
    partitions: PartitionRange = ALL
    store_silent_after: Annotated[Duration, Field(ge=SHORTEST_SILENCE)] = DEFAULT_AFTER


def split_url(url: str) -> SplitResult:
    """Raises ValueError, also where the port is no port."""
    parts = urlsplit(url)
    _ = parts.port
    return parts


def load_settings(path: Path) -> Settings:
    """Raises Faulty with all that is wrong with the file."""
    document = read_document(path)
    settings = _place(build(Settings, document), path.resolve().parent)
    if faults := [*_missing_files(document, settings)]:
        raise Faulty(faults)
    return settings


def _place(settings: Settings, folder: Path) -> Settings:
    broker = settings.broker
    files: dict[str, Any] = {
        "password_file": _under(folder, broker.password_file),
        "ca_file": _under(folder, broker.ca_file),
    }
    update = {
        "database": folder / settings.database,
        "rules": _under(folder, settings.rules),
        "overrides": _under(folder, settings.overrides),
        "broker": broker.model_copy(update=files),
        "telemetry": _place_telemetry(settings.telemetry, folder),
    }
    return settings.model_copy(update=update)


def _place_telemetry(telemetry: EmbeddedSettings | InfluxSettings, folder: Path) -> EmbeddedSettings | InfluxSettings:
    if isinstance(telemetry, EmbeddedSettings):
        return telemetry
    files = {"token_file": _under(folder, telemetry.token_file), "ca_file": _under(folder, telemetry.ca_file)}
    return telemetry.model_copy(update=files)


def _under(folder: Path, path: Path | None) -> Path | None:
    return None if path is None else folder / path


def _missing_files(document: Document, settings: Settings) -> list[Fault]:
    wanted = {
        ("broker", "password_file"): settings.broker.password_file,
        ("broker", "ca_file"): settings.broker.ca_file,
    }
    if isinstance(settings.telemetry, InfluxSettings):
        wanted["telemetry", "token_file"] = settings.telemetry.token_file
        wanted["telemetry", "ca_file"] = settings.telemetry.ca_file
    faults = [_missing(document, place, path) for place, path in wanted.items() if path and not path.is_file()]
    for name, folder in (("rules", settings.rules), ("overrides", settings.overrides)):
        if folder and not folder.is_dir():
            faults.append(_missing(document, (name,), folder))
    if not settings.database.parent.is_dir():
        faults.append(_missing(document, ("database",), settings.database.parent))
    return faults


def _missing(document: Document, place: tuple[str, ...], path: Path) -> Fault:
    what = Text(zh=f"{place[-1]}:{path} 不存在", en=f"{place[-1]}: {path} does not exist")
    return document.fault(place, what, Text(zh="请创建它,或改正路径", en="create it, or correct the path"))
