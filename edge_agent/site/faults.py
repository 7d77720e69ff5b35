"""What can be wrong with a site file beyond its shape; looks at the plain values, so that one fault hides no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os.path import normpath
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from configs.documents import Document, Fault, Faulty
from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from edge_agent.contract.text import Text
from edge_agent.core.profile import BAUDS, Profile, SerialFormat
from edge_agent.profiles.load import known_profiles, profile
from edge_agent.profiles.point_faults import nearest
from edge_agent.site.commissioning import commissioning_faults
from edge_agent.site.installation import installation_faults

_TCP_PORT = 502


def site_faults(document: Document) -> list[Fault]:
    """Whatever of the document has the right shape is checked; the shape itself is another's business."""
    site = _mapping(document.data)
    devices = [_mapping(device) for device in _list(site.get("devices"))]
    faults = [*_timezone_faults(document, site), *_port_faults(document, site)]
    folder = own_profiles(document)
    if folder and not folder.is_dir():
        what = Text(zh=f"没有文件夹 {folder}", en=f"there is no folder {folder}")
        faults.append(document.fault(("profiles",), what, Text(zh="请检查路径", en="check the path")))
    profiles = known_profiles(folder)
    for index, device in enumerate(devices):
        faults += _device_faults(document, index, device, _mapping(site.get("buses")))
        faults += _map_faults(document, index, device, _mapping(site.get("buses")), profiles)
        faults += _feeder_faults(document, index, devices)
    faults += _twice_faults(document, devices)
    return faults


def password_faults(document: Document) -> Iterator[Fault]:
    """What the broker will ask for must be there, before the installer leaves the store."""
    given = _mapping(_mapping(document.data).get("broker")).get("password_file")
    if not isinstance(given, str):
        return
    file = document.path.absolute().parent / given
    try:
        if file.read_text(encoding="utf-8").strip():
            return
        what = Text(zh=f"密码文件 {file} 是空的", en=f"the password file {file} is empty")
    except (OSError, ValueError) as error:
        what = Text(zh=f"密码文件无法读取:{error}", en=f"the broker's password cannot be read: {error}")
    fix = Text(
        zh="请把总部给的密码写入该文件,并让代理可读",
        en="put the password from head office there, readable by the agent",
    )
    yield document.fault(("broker", "password_file"), what, fix)


def own_profiles(document: Document) -> Path | None:
    """The folder of a store's own profiles, beside its site file; None where it has none."""
    given = _mapping(document.data).get("profiles")
    return document.path.absolute().parent / given if isinstance(given, str) else None


def _timezone_faults(document: Document, site: dict[Any, Any]) -> Iterator[Fault]:
    name = site.get("timezone")
    if isinstance(name, str) and not _is_zone(name):
        what = Text(zh=f"没有时区 {name}", en=f"there is no time zone {name}")
        yield document.fault(("timezone",), what, nearest(name, _zones(name)))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):
        return False
    except KeyError:  # ZoneInfoNotFoundError
        return False
    return True


def _zones(name: str) -> list[str]:
    """All zones where one of them is spelled nearly so, else the examples that most stores need."""
    return sorted(available_timezones()) if "/" in name else ["Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "UTC"]


def _port_faults(document: Document, site: dict[Any, Any]) -> Iterator[Fault]:
    """Two masters on one line would talk into each other."""
    taken: dict[tuple[Any, ...], Any] = {}
    for bus_id, given in _mapping(site.get("buses")).items():
        place = _end_of(document, _mapping(given))
        if place is None:
            continue
        if place in taken:
            what = Text(
                zh=f"总线 {bus_id} 与 {taken[place]} 用同一端口", en=f"bus {bus_id} is the same port as {taken[place]}"
            )
            fix = Text(zh="请把设备归到同一总线", en="put their devices on one bus")
            yield document.fault(("buses", bus_id, "port"), what, fix)
        taken.setdefault(place, bus_id)


def _end_of(document: Document, bus: dict[Any, Any]) -> tuple[str, Any] | None:
    """Where the bus leads, however that is written: one adapter has several names, and one gateway one address."""
    host, port = _word(bus.get("host")), _word(bus.get("port"))
    if isinstance(host, str):
        return host.casefold().rstrip("."), _TCP_PORT if port is None else port
    return ("", _real(document.path.absolute().parent / port)) if isinstance(port, str) else None


def _real(path: Path) -> str:
    """Without the links that lead to it; as it is written where that cannot be found out."""
    try:
        return str(path.resolve())
    except (OSError, ValueError, RuntimeError):  # a ring of links, a null byte
        return normpath(path)


def _device_faults(document: Document, index: int, device: dict[Any, Any], buses: dict[Any, Any]) -> Iterator[Fault]:
    at = ("devices", index)
    yield from _duty_faults(document, at, device)
    bus_id = device.get("bus")
    if isinstance(bus_id, str) and bus_id not in buses:
        what = Text(zh=f"没有总线 {bus_id}", en=f"there is no bus {bus_id}")
        yield document.fault((*at, "bus"), what, nearest(bus_id, [str(known) for known in buses]))


def _feeder_faults(document: Document, index: int, devices: list[Any]) -> Iterator[Fault]:
    feeder = _mapping(devices[index]).get("fed_by")
    others = [one["id"] for n, one in enumerate(devices) if n != index and isinstance(_mapping(one).get("id"), str)]
    if isinstance(feeder, str) and feeder not in others:
        what = Text(zh=f"门店没有另一台设备 {feeder}", en=f"the store has no other device {feeder}")
        yield document.fault(("devices", index, "fed_by"), what, nearest(feeder, others))


def _map_faults(
    document: Document, index: int, device: dict[Any, Any], buses: dict[Any, Any], profiles: Mapping[str, Path]
) -> Iterator[Fault]:
    at, profile_id = ("devices", index), device.get("profile")
    if not isinstance(profile_id, str):
        return
    if profile_id not in profiles:
        what = Text(zh=f"没有型号 {profile_id}", en=f"there is no profile {profile_id}")
        yield document.fault((*at, "profile"), what, nearest(profile_id, list(profiles)))
        return
    try:
        known = profile(profile_id, own_profiles(document))
    except Faulty as faulty:
        yield from faulty.faults
        return
    yield from _profile_faults(document, at, device, known, _mapping(buses.get(_word(device.get("bus")))))


def _duty_faults(document: Document, at: tuple[str, int], device: dict[Any, Any]) -> Iterator[Fault]:
    duty = device.get("duty")
    if isinstance(duty, str) and duty not in DUTIES:
        what = Text(zh=f"没有用途 {duty}", en=f"there is no duty {duty}")
        yield document.fault((*at, "duty"), what, nearest(duty, list(DUTIES)))


def _profile_faults(
    document: Document, at: tuple[str, int], device: dict[Any, Any], known: Profile, bus: dict[Any, Any]
) -> Iterator[Fault]:
    unit, (low, high) = device.get("unit"), known.units
    if isinstance(unit, int) and 1 <= unit <= 247 and not low <= unit <= high:
        what = Text(zh=f"{known.id} 没有地址 {unit}", en=f"{known.id} cannot have unit {unit}")
        fix = Text(zh=f"地址为 {low} 到 {high}", en=f"it has units {low} to {high}")
        yield document.fault((*at, "unit"), what, fix)
    yield from _renaming_faults(document, at, device, known)
    for index, point in enumerate(_list(_mapping(device.get("points")).get("skip"))):
        if isinstance(point, str) and point not in known.points and point not in known.derived:
            what = Text(zh=f"{known.id} 没有点 {point}", en=f"{known.id} has no point {point}")
            yield document.fault((*at, "points", "skip", index), what, nearest(point, [*known.points, *known.derived]))
    yield from installation_faults(document, at, device, known)
    yield from commissioning_faults(document, at, device, known)
    yield from _serial_faults(document, at, device, known, bus)


def _serial_faults(
    document: Document, at: tuple[str, int], device: dict[Any, Any], known: Profile, bus: dict[Any, Any]
) -> Iterator[Fault]:
    speaks, line = _format(_mapping(device.get("serial"))) or known.serial, _format(bus)
    if bus.get("type") not in ("rtu", "rtu_tcp") or line is None or speaks is None or speaks == line:
        return
    what = Text(
        zh=f"{known.id} 用 {speaks},而总线 {device['bus']} 是 {line}",
        en=f"{known.id} speaks {speaks}, but bus {device['bus']} is {line}",
    )
    fix = Text(
        zh=f"请接到 {speaks} 的端口;若设备已改为 {line},请在此写 serial",
        en=f"wire it to a port with {speaks}, or set the device to {line} and say so here as serial",
    )
    yield document.fault((*at, "bus"), what, fix)


def _format(given: dict[Any, Any]) -> SerialFormat | None:
    baud, parity, stop_bits = given.get("baud"), given.get("parity"), given.get("stop_bits")
    if baud in BAUDS and parity in ("N", "E", "O") and stop_bits in (1, 2):
        return SerialFormat(baud=baud, parity=parity, stop_bits=stop_bits)
    return None


def _twice_faults(document: Document, devices: list[dict[Any, Any]]) -> Iterator[Fault]:
    ids: dict[Any, int] = {}
    units: dict[tuple[Any, ...], int] = {}
    for index, device in enumerate(devices):
        name, place = device.get("id"), _place(device)
        if isinstance(name, str) and ids.setdefault(name, index) != index:
            what = Text(zh=f"设备编号 {name} 用了两次", en=f"the device id {name} is used twice")
            line = document.line("devices", ids[name], "id")
            fix = Text(zh=f"第 {line} 行已有它,请另取编号", en=f"line {line} has it; choose another id")
            yield document.fault(("devices", index, "id"), what, fix)
        if None not in place[:2] and units.setdefault(place, index) != index:
            first = devices[units[place]].get("id")
            what = Text(
                zh=f"总线 {place[0]} 上地址 {place[1]} 用了两次", en=f"unit {place[1]} is twice on bus {place[0]}"
            )
            fix = Text(zh=f"{first} 已占用,请另设地址", en=f"{first} has it; give this device another unit id")
            yield document.fault(("devices", index, "unit"), what, fix)


def _place(device: dict[Any, Any]) -> tuple[Any, ...]:
    """Where the device answers: several units of one gateway share its address and differ in their number."""
    return _word(device.get("bus")), _word(device.get("unit")), _word(device.get("instance"))


def _mapping(given: Any) -> dict[Any, Any]:
    return given if isinstance(given, dict) else {}


def _word(given: Any) -> str | int | None:
    """What can be looked up; a list or a mapping in its place is a fault of the shape."""
    return given if isinstance(given, str | int) else None


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _renaming_faults(
    document: Document, at: tuple[str, int], device: dict[Any, Any], known: Profile
) -> Iterator[Fault]:
    """A new name must be one that the catalogue has, free, and of the same type; nothing may rest on the old one."""
    meanings = DEVICE_CLASSES[known.device_class].points
    for was, name in _mapping(_mapping(device.get("points")).get("renamed")).items():
        where = (*at, "points", "renamed", was)
        if was not in known.points:
            what = Text(zh=f"{known.id} 没有点 {was}", en=f"{known.id} has no point {was}")
            yield document.fault(where, what, nearest(str(was), [*known.points]))
        elif known.rests_on(was):
            what = Text(zh=f"{known.id} 的其他点依赖 {was}", en=f"other points of {known.id} rest on {was}")
            yield document.fault(where, what, Text(zh="请保留原名", en="leave its name as it is"))
        elif not isinstance(name, str) or name not in meanings or meanings[name].type != meanings[was].type:
            what = Text(zh=f"{was} 不能叫 {name}", en=f"{was} cannot be called {name}")
            alike = [one.name for one in meanings.values() if one.type == meanings[was].type]
            yield document.fault(where, what, nearest(str(name), alike))
        elif name in known.points or name in known.derived:
            what = Text(zh=f"{known.id} 已有点 {name}", en=f"{known.id} has a point {name} already")
            yield document.fault(where, what, Text(zh="请先 skip 它", en="skip that one first"))
