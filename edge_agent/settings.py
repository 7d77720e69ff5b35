"""A store's site file as frozen settings; every fault of it is reported at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from configs.documents import Document, Fault, Faulty, Location, build, read_document
from edge_agent.contract.readings import Coordinates, Device
from edge_agent.contract.text import Text
from edge_agent.core.commissioning import Commissioning, read_only_because
from edge_agent.core.profile import Poll, Profile, SerialFormat
from edge_agent.profiles.load import installed_profile, profile
from edge_agent.site.document import (
    BUS_DOCUMENTS,
    BrokerDocument,
    BusDocument,
    DeviceDocument,
    RtuTcpDocument,
    SiteDocument,
    TcpDocument,
)
from edge_agent.site.faults import password_faults, site_faults

PartT = TypeVar("PartT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where to publish. `password_file` holds nothing but the password; None where the broker asks for none.

    `redial_within` is how far the stores that a broker has lost at one moment spread their return, and the longest that
    one waits before it dials again: wall time.
    """

    host: str
    port: int
    tls: bool
    username: str | None
    password_file: Path | None
    redial_within: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtuBus:
    """One RS-485 line and the format that all devices on it share."""

    id: str
    port: str
    serial: SerialFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpBus:
    """One Modbus TCP gateway or device; the units behind it share one connection."""

    id: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RtuTcpBus:
    """One RS-485 line behind a serial server or DTU that carries its bytes over TCP, unchanged."""

    id: str
    host: str
    port: int
    serial: SerialFormat


Bus = RtuBus | TcpBus | RtuTcpBus


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDevice:
    """`profile` is without the points that the site file skips; `commissioned` is what the installer compared."""

    id: str
    name: Text
    duty: str
    bus: str
    unit: int
    profile: Profile
    commissioned: Commissioning | None = None
    fed_by: str = ""
    product_class: str = ""

    @property
    def read_only_because(self) -> Text | None:
        """Why this device may not be written to; None where it may."""
        return read_only_because(self.profile, self.commissioned)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPolicy:
    """An unchanged reading is sent again when it was last sent `at_least_every` ago."""

    at_least_every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPolicy:
    """What was read is on disk `commit_every` later; what the power takes before that was never committed."""

    commit_every: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One store. `state` is the folder of what must survive a restart, `profiles` that of the store's own profiles;
    `poll` has a period for each class but once."""

    id: str
    name: Text
    timezone: str
    state: Path
    broker: Broker
    poll: dict[Poll, timedelta]
    report: ReportPolicy
    buses: dict[str, Bus]
    devices: tuple[SiteDevice, ...]
    profiles: Path | None = None
    outbox: OutboxPolicy = OutboxPolicy()
    location: Coordinates | None = None

    def devices_on(self, bus: str) -> tuple[SiteDevice, ...]:
        return tuple(device for device in self.devices if device.bus == bus)


def load_site(path: Path, *, beside: bool = False) -> Site:
    """Raises Faulty. Touches no hardware and no network.

    With `beside` the password must be there as well: an agent at work watches the store without it, and finds it later.
    """
    document = read_document(path)
    faults: list[Fault] = []
    shape = _part(SiteDocument, document, (), faults)
    buses = {bus_id: _bus_part(document, bus_id, faults) for bus_id in _buses_of(document)}
    faults += site_faults(document)
    if beside:
        faults += password_faults(document)
    if faults or shape is None:
        raise Faulty(dict.fromkeys(faults))
    return _site(shape, {bus_id: bus for bus_id, bus in buses.items() if bus}, path.absolute().parent)


def inventory(site: Site) -> tuple[Device, ...]:
    """The devices as head office needs to know them."""
    return tuple(
        Device(
            id=device.id,
            device_class=device.profile.device_class,
            duty=device.duty,
            profile=device.profile.id,
            profile_version=device.profile.version,
            proven=device.profile.evidence.proven,
            name=device.name,
            bus=device.bus,
            fed_by=device.fed_by,
            product_class=device.product_class,
        )
        for device in site.devices
    )


def _part(model: type[PartT], document: Document, at: Location, faults: list[Fault]) -> PartT | None:
    """The part of the document that stands `at`, or None and its faults added to the others."""
    data = document.data
    for key in at:
        data = data[key]
    try:
        return build(model, document, {} if data is None else data, at)
    except Faulty as faulty:
        faults += faulty.faults
        return None


def _buses_of(document: Document) -> dict[str, Any]:
    """The buses whose kind is known; the others are faults of the site's shape."""
    given = document.data.get("buses") if isinstance(document.data, dict) else None
    buses = given if isinstance(given, dict) else {}
    return {key: bus for key, bus in buses.items() if isinstance(bus, dict) and bus.get("type") in [*BUS_DOCUMENTS]}


def _bus_part(document: Document, bus_id: str, faults: list[Fault]) -> BusDocument | None:
    model = BUS_DOCUMENTS[document.data["buses"][bus_id]["type"]]
    return _part(model, document, ("buses", bus_id), faults)


def _site(given: SiteDocument, buses: dict[str, BusDocument], folder: Path) -> Site:
    profiles = folder / given.profiles if given.profiles else None
    return Site(
        id=given.store,
        name=given.name.text_of(),
        timezone=given.timezone,
        location=Coordinates(**given.location.model_dump()) if given.location else None,
        state=folder / given.state,
        profiles=profiles,
        broker=_broker(given.broker, folder),
        poll={Poll.FAST: given.poll.fast, Poll.NORMAL: given.poll.normal, Poll.SLOW: given.poll.slow},
        report=ReportPolicy(at_least_every=given.report.at_least_every),
        outbox=OutboxPolicy(commit_every=given.outbox.commit_every),
        buses={bus_id: _bus(bus_id, bus, folder) for bus_id, bus in buses.items()},
        devices=tuple(_device(device, profiles) for device in given.devices),
    )


def _broker(given: BrokerDocument, folder: Path) -> Broker:
    password_file = folder / given.password_file if given.password_file else None
    host, port, tls = given.address_of()
    return Broker(
        host=host,
        port=port,
        tls=tls,
        username=given.username,
        password_file=password_file,
        redial_within=given.redial_within,
    )


def _bus(bus_id: str, given: BusDocument, folder: Path) -> Bus:
    if isinstance(given, TcpDocument):
        return TcpBus(id=bus_id, host=given.host, port=given.port)
    if isinstance(given, RtuTcpDocument):
        return RtuTcpBus(id=bus_id, host=given.host, port=given.port, serial=given.serial_of())
    return RtuBus(id=bus_id, port=str(folder / given.port), serial=given.serial_of())


def _profile(given: DeviceDocument, folder: Path | None) -> Profile:
    """A map is read once for all devices that have no settings of their own, also for the many units of one gateway."""
    if given.settings:
        return installed_profile(given.profile, given.settings, given.instance, folder)
    known = profile(given.profile, folder)
    return known if given.instance is None else known.of_instance(given.instance)


def _device(given: DeviceDocument, profiles: Path | None) -> SiteDevice:
    return SiteDevice(
        id=given.id,
        name=given.name.text_of(),
        duty=given.duty,
        bus=given.bus,
        unit=given.unit,
        profile=_profile(given, profiles).without(frozenset(given.points.skip)).renamed(given.points.renamed),
        commissioned=given.commissioned.commissioning_of() if given.commissioned else None,
        fed_by=given.fed_by,
        product_class=given.product_class,
    )
