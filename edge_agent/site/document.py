"""The shape of a site file."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from configs.durations import Duration
from edge_agent.contract.topics import STORE_ID
from edge_agent.core.commissioning import Commissioning, Shown
from edge_agent.profiles.document import SerialDocument, TextDocument, Unit
from edge_agent.profiles.point_document import Strict

Id = Annotated[str, StringConstraints(pattern=f"^{STORE_ID.pattern}$")]
TcpPort = Annotated[int, Field(ge=1, le=65535)]

_BROKER_PORTS = {"mqtt": 1883, "mqtts": 8883}


def _above_zero(duration: timedelta) -> timedelta:
    if duration < timedelta(milliseconds=100):
        raise PydanticCustomError("too_often", "write a duration of at least 100ms", {"zh": "至少为 100ms"})
    return duration


Period = Annotated[Duration, AfterValidator(_above_zero)]


class BrokerDocument(Strict):
    url: str
    username: str | None = None
    password_file: str | None = None
    redial_within: Period = timedelta(seconds=60)

    @field_validator("url")
    @classmethod
    def _is_broker(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in _BROKER_PORTS or not parts.hostname or parts.path.strip("/") or parts.username:
            raise PydanticCustomError(
                "broker_url",
                "write mqtt://HOST:PORT or mqtts://HOST:PORT, and the user name beside it",
                {"zh": "请写 mqtt://主机:端口 或 mqtts://主机:端口,用户名另写"},
            )
        return url

    def address_of(self) -> tuple[str, int, bool]:
        """Host, port, and whether TLS is spoken there."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _BROKER_PORTS[parts.scheme], parts.scheme == "mqtts"


class PollDocument(Strict):
    fast: Period = timedelta(seconds=10)
    normal: Period = timedelta(seconds=30)
    slow: Period = timedelta(minutes=15)


class ReportDocument(Strict):
    at_least_every: Period = timedelta(minutes=5)


def _at_most_a_minute(duration: timedelta) -> timedelta:
    if duration > timedelta(minutes=1):
        raise PydanticCustomError("too_seldom", "write a duration of at most 1m", {"zh": "最长为 1m"})
    return duration


class OutboxDocument(Strict):
    """`commit_every`: what is read is on disk by then; a shorter time wears the flash."""

    commit_every: Annotated[Period, AfterValidator(_at_most_a_minute)] = timedelta(seconds=10)


class BusKind(BaseModel):
    """The one key that decides which others a bus has."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    type: Literal["rtu", "tcp", "rtu_tcp"]


class RtuDocument(SerialDocument):
    type: Literal["rtu"]
    port: str = Field(min_length=1)


class TcpDocument(Strict):
    type: Literal["tcp"]
    host: str = Field(min_length=1)
    port: TcpPort = 502


class RtuTcpDocument(SerialDocument):
    """`baud`, `parity` and `stop_bits` are what the serial server is set to."""

    type: Literal["rtu_tcp"]
    host: str = Field(min_length=1)
    port: TcpPort


BusDocument = RtuDocument | TcpDocument | RtuTcpDocument
BUS_DOCUMENTS: dict[str, type[RtuDocument] | type[TcpDocument] | type[RtuTcpDocument]] = {
    "rtu": RtuDocument,
    "tcp": TcpDocument,
    "rtu_tcp": RtuTcpDocument,
}


class PointsDocument(Strict):
    """`renamed` says what is wired to an input: `{in.di1: in.water}`."""

    skip: list[str] = Field(default_factory=list)
    renamed: dict[str, str] = Field(default_factory=dict)


ShownValue = int | float | bool | str


class ShownDocument(Strict):
    point: str
    value: ShownValue
    read: ShownValue | None = None


class CommissionedDocument(Strict):
    """Who compared this device's panel with which version of its map, on which day, and what it showed."""

    by: str = Field(pattern=r"\S")
    at: date
    profile_version: int = Field(ge=1)
    shown: list[ShownDocument] = Field(min_length=1)

    def commissioning_of(self) -> Commissioning:
        shown = tuple(Shown(point=one.point, value=one.value, read=one.read) for one in self.shown)
        return Commissioning(by=self.by, at=self.at, profile_version=self.profile_version, shown=shown)


class DeviceDocument(Strict):
    """`serial` is what the device itself was set to, where that is not its maker's default.

    `settings` are what the profile asks of an installation, `instance` which of the units behind this address it is.
    `commissioned` opens the writes of a map that no capture has proven. `fed_by` and `product_class` are for the
    rules of head office: the device of this store without which this one cannot work, and what it keeps.
    """

    id: Id
    profile: str
    bus: str
    unit: Unit
    duty: str
    name: TextDocument
    points: PointsDocument = PointsDocument()
    serial: SerialDocument | None = None
    settings: dict[str, float] = Field(default_factory=dict)
    instance: int | None = None
    commissioned: CommissionedDocument | None = None
    fed_by: Id = ""
    product_class: Annotated[str, StringConstraints(max_length=32)] = ""


class LocationDocument(Strict):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class SiteDocument(Strict):
    store: Id
    name: TextDocument
    timezone: str
    location: LocationDocument | None = None
    state: str = "./state"
    profiles: str | None = None
    broker: BrokerDocument
    poll: PollDocument = PollDocument()
    report: ReportDocument = ReportDocument()
    outbox: OutboxDocument = OutboxDocument()
    buses: dict[Id, BusKind] = Field(min_length=1)
    devices: list[DeviceDocument] = Field(min_length=1)
