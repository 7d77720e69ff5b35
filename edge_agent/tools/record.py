"""`edge-agent record`: what a real unit answered, and what its panel showed, becomes evidence of its profile."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from pathlib import Path

from configs.documents import Faulty
from edge_agent.contract.readings import Reading, Value
from edge_agent.contract.text import Language, Text
from edge_agent.core.decode import Raw, decode
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Point, Profile, Table
from edge_agent.drivers.base import BusDown, Line, NoAnswer, Refused
from edge_agent.drivers.open_line import open_line
from edge_agent.profiles.load import known_profiles, load_profile
from edge_agent.settings import Bus, Site, SiteDevice, load_site
from edge_agent.tools.capture import CannotInsert, Captured, items_text, with_captures
from edge_agent.tools.console import MISUSED, OK, WRONG, Console, Misuse, console_of
from edge_agent.tools.solver import NotShown, shown
from edge_agent.tools.sweep import PUT_OFF_S

_YES, _NO = {"1", "on", "yes", "true", "是", "开"}, {"0", "off", "no", "false", "否", "关"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """All that a unit answered: the words of each point that it has, and the names of those that it refused."""

    raw: Mapping[str, tuple[int, ...]]
    refused: tuple[str, ...]


def run(arguments: argparse.Namespace, language: Language) -> int:
    from edge_agent.app import system_clock  # noqa: PLC0415 — the other tools need no clock

    console = console_of(language)
    try:
        site = load_site(arguments.site)
        device = device_of(site, arguments.device)
        panel = dict(_display(text, device.profile) for text in arguments.display)
    except Misuse as misuse:
        console.complain(misuse.what)
        return MISUSED
    try:
        found = asyncio.run(read_map(site.buses[device.bus], device))
    except (BusDown, NoAnswer) as reason:
        console.complain(Text(zh=f"{device.id} 读不到:{reason}", en=f"{device.id} cannot be read: {reason}"))
        return WRONG
    wrong = differences(device.profile, found, panel)
    if wrong:
        console.complain(_DISAGREES)
        for line in wrong:
            console.complain(line)
        return WRONG
    captures = captures_of(device, found, _source(arguments, site, system_clock().now()), arguments.firmware)
    path = arguments.profile_file or known_profiles(site.profiles)[device.profile.id]
    return _write(path, device.profile.id, captures, console, dry_run=arguments.dry_run)


def device_of(site: Site, device_id: str) -> SiteDevice:
    """Raises Misuse."""
    for device in site.devices:
        if device.id == device_id:
            return device
    known = ", ".join(device.id for device in site.devices)
    raise Misuse(Text(zh=f"没有设备 {device_id};有:{known}", en=f"there is no device {device_id}; there are: {known}"))


async def read_map(bus: Bus, device: SiteDevice) -> Map:
    """Every point of the profile by itself, so that one refusal hides no other. Raises BusDown, NoAnswer."""
    line = open_line(bus)
    raw: dict[str, tuple[int, ...]] = {}
    refused = []
    try:
        for point in device.profile.points.values():
            try:
                raw[point.name] = await _read(line, device, point)
            except Refused:
                refused.append(point.name)
    finally:
        await line.close()
    return Map(raw=raw, refused=tuple(refused))


def differences(profile: Profile, found: Map, panel: Mapping[str, str]) -> list[Text]:
    """Where the registers, read by this map, do not say what the panel shows."""
    raw: dict[str, Raw] = dict(found.raw)
    readings = {reading.point: reading for reading in decode(profile, raw)}
    return [
        Text(
            zh=f"  {name}:面板 {text},寄存器 {_said(readings.get(name))}",
            en=f"  {name}: the panel shows {text}, the registers say {_said(readings.get(name))}",
        )
        for name, text in panel.items()
        if name not in readings or not agrees(readings[name].value, text, profile.points.get(name))
    ]


def agrees(value: Value | None, text: str, point: Point | None) -> bool:
    """Whether a panel that shows `text` may show this value: it may be one last digit behind the register."""
    match value:
        case None:
            return False
        case bool():
            return text.lower() in (_YES if value else _NO)
        case str():
            return value == text
    try:
        panel = shown(text)
    except NotShown:
        return False
    finest = max(panel.step, abs(point.scale) if point else 0.0)
    return abs(value - panel.value) <= 1.5 * finest + 1e-6


def captures_of(device: SiteDevice, found: Map, source: str, firmware: str) -> list[Captured]:
    """One capture for each table that was read."""
    words: dict[Table, dict[int, int]] = {}
    for name, answer in found.raw.items():
        address = device.profile.points[name].address
        words.setdefault(address.table, {}).update(enumerate(answer, address.number))
    return [Captured(source=source, firmware=firmware, table=table, words=part) for table, part in words.items()]


async def _read(line: Line, device: SiteDevice, point: Point) -> tuple[int, ...]:
    """One lost answer does not spoil a map of fifty: it is asked once more, when a late one can no longer come."""
    address = point.address
    request = ReadRequest(table=address.table, start=address.number, count=point.type.words, points=(point,))
    try:
        return await line.read(device.unit, request, device.profile.answer_within, device.profile.gap)
    except NoAnswer:
        await asyncio.sleep(PUT_OFF_S)
    return await line.read(device.unit, request, device.profile.answer_within, device.profile.gap)


def _write(path: Path, profile_id: str, captures: Sequence[Captured], console: Console, *, dry_run: bool) -> int:
    old = path.read_text(encoding="utf-8")
    try:
        if variant := profile_id.partition(".")[2]:
            raise CannotInsert(f"it belongs below variants: {variant}: evidence:")
        new = with_captures(old, captures)
        if dry_run:
            console.say(*(line.rstrip("\n") for line in _diff(path, old, new)))
            return OK
        proven = _put(path, old, new, len(captures))
    except (CannotInsert, Faulty, OSError) as error:
        console.complain(
            Text(zh=f"{path} 未改动:{error}\n请手工加入:", en=f"{path} was left as it was: {error}\nadd this by hand:")
        )
        console.say("captures:", items_text(captures, 2))
        return WRONG
    state = Text(zh="已有真机验证", en="proven") if proven else Text(zh="仍未验证", en="still unproven")
    words = sum(len(capture.words) for capture in captures)
    console.say(
        Text(
            zh=f"{path}:记入 {words} 个寄存器,点表{state.zh}",
            en=f"{path}: {words} registers recorded; the profile is {state.en}",
        )
    )
    return OK


def _put(path: Path, old: str, new: str, added: int) -> bool:
    """Whether the profile now counts as proven. Raises Faulty, CannotInsert, OSError; the file is the old one then."""
    before = len(load_profile(path).evidence.captures)
    path.write_text(new, encoding="utf-8")
    try:
        evidence = load_profile(path).evidence
        if len(evidence.captures) != before + added:
            raise CannotInsert("captures of the base would be lost")
    except BaseException:
        path.write_text(old, encoding="utf-8")
        raise
    return evidence.proven


def _diff(path: Path, old: str, new: str) -> Iterable[str]:
    return unified_diff(old.splitlines(True), new.splitlines(True), str(path), str(path))


def _display(text: str, profile: Profile) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or name not in {*profile.points, *profile.derived}:
        known = ", ".join(profile.points)
        raise Misuse(
            Text(
                zh=f"--display {text}:请写 点=显示值;{profile.id} 的点:{known}",
                en=f"--display {text}: write POINT=VALUE; {profile.id} has: {known}",
            )
        )
    return name, value


def _source(arguments: argparse.Namespace, site: Site, at: datetime) -> str:
    display = ", ".join(arguments.display)
    return f"{arguments.by}, {site.id} {arguments.device}, {at:%Y-%m-%d}; display: {display}"


def _said(reading: Reading | None) -> str:
    if reading is None:
        return "-"
    return str(reading.quality) if reading.value is None else str(reading.value)


_DISAGREES = Text(
    zh="面板与寄存器不符,没有写入。请确认型号是否正确(scan)、点是否选对,或用 solve 找出正确的寄存器:",
    en="The panel and the registers disagree, so nothing was written. Is it that model (scan), and that point? solve "
    "finds "
    "the register:",
)
