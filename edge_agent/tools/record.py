"""`edge-agent record`: what a real unit answered, and what its panel showed, becomes evidence of its map."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from difflib import unified_diff
from pathlib import Path
from zoneinfo import ZoneInfo

from configs.documents import Faulty
from edge_agent.contract.readings import Reading, Value
from edge_agent.contract.text import Language, Text
from edge_agent.core.commissioning import agrees, is_telling
from edge_agent.core.decode import Raw, decode, value_of
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Point, Profile, Table
from edge_agent.core.writing import stranger
from edge_agent.drivers.base import BusDown, Line, NoAnswer, Refused
from edge_agent.drivers.open_line import open_line
from edge_agent.profiles.load import known_profiles, load_profile
from edge_agent.settings import Bus, Site, SiteDevice, load_site
from edge_agent.tools.capture import CannotInsert, Captured, items_text, with_captures
from edge_agent.tools.console import MISUSED, OK, WRONG, Console, Misuse, console_of
from edge_agent.tools.places import device_of
from edge_agent.tools.solver import NotShown, shown
from edge_agent.tools.sweep import PUT_OFF_S

_YES, _NO = {"1", "on", "yes", "true", "是", "开"}, {"0", "off", "no", "false", "否", "关"}


Found = Mapping[str, tuple[int, ...]]
"""All that a unit answered: the words of each point that it has."""


def run(arguments: argparse.Namespace, language: Language) -> int:
    from edge_agent.app import system_clock  # noqa: PLC0415 — the other tools need no clock

    console = console_of(language)
    try:
        site = load_site(arguments.site)
        device = device_of(site, arguments.device)
        panel = _panel(arguments.display, device.profile)
    except Misuse as misuse:
        console.complain(misuse.what)
        return MISUSED
    try:
        found, answers = asyncio.run(read_all(site.buses[device.bus], device))
    except (BusDown, NoAnswer) as reason:
        console.complain(Text(zh=f"{device.id} 读不到:{reason}", en=f"{device.id} cannot be read: {reason}"))
        return WRONG
    if another := stranger(device.profile, answers):
        console.complain(another)
        return WRONG
    if wrong := differences(device.profile, found, panel):
        console.complain(_DISAGREES)
        for line in wrong:
            console.complain(line)
        return WRONG
    at = system_clock().now().astimezone(ZoneInfo(site.timezone)).date()
    if arguments.commission:
        where = f"{arguments.site}, {device.id}"
        console.complain(Text(zh=f"请把下面一行加到 {where}:", en=f"add this line to {where}:"))
        console.say(commissioned_text(device.profile, found, panel, arguments.by, at))
        return OK
    captures = captures_of(device, found, _source(arguments, site, device.profile, at), arguments.firmware)
    path = arguments.profile_file or known_profiles(site.profiles)[device.profile.id]
    return _write(path, device.profile.id, captures, console, dry_run=arguments.dry_run)


async def read_all(bus: Bus, device: SiteDevice) -> tuple[Found, list[Value | None]]:
    """Every point of the profile by itself, so that one refusal hides no other, and what the device says to its
    fingerprints. Raises BusDown, NoAnswer."""
    line, known = open_line(bus), device.profile
    try:
        words = {name: await _read(line, device, point) for name, point in known.points.items()}
        told = [(mark.point, await _read(line, device, mark.point)) for mark in known.fingerprints]
    finally:
        await line.close()
    found = {name: answer for name, answer in words.items() if answer is not None}
    return found, [None if answer is None else value_of(point, answer).value for point, answer in told]


def differences(profile: Profile, found: Found, panel: Mapping[str, str]) -> list[Text]:
    """Where the registers, read by this map, do not say what the panel shows."""
    readings = _readings(profile, found)
    return [
        Text(
            zh=f"  {name}:面板 {text},寄存器 {_said(readings.get(name))}",
            en=f"  {name}: the panel shows {text}, the registers say {_said(readings.get(name))}",
        )
        for name, text in panel.items()
        if name not in readings or not matches(readings[name].value, text, profile.points.get(name))
    ]


def matches(read: Value | None, text: str, point: Point | None) -> bool:
    """Whether a panel that shows `text` may belong to this reading."""
    if isinstance(read, bool):
        return text.lower() in (_YES if read else _NO)
    if isinstance(read, str):
        return read == text
    try:
        panel = shown(text)
    except NotShown:
        return False
    return agrees(read, panel.value, point, panel.step)


def captures_of(device: SiteDevice, found: Found, source: str, firmware: str) -> list[Captured]:
    """One capture for each table that was read; a unit behind a gateway is noted at the addresses of the first."""
    first = device.profile.instances[0] if device.profile.instances else 0
    after_first = (device.profile.instance or first) - first
    words: dict[Table, dict[int, int]] = {}
    for name, answer in found.items():
        point = device.profile.points[name]
        at = point.address.number - point.stride * after_first
        words.setdefault(point.address.table, {}).update(enumerate(answer, at))
    return [Captured(source=source, firmware=firmware, table=table, words=part) for table, part in words.items()]


def commissioned_text(profile: Profile, found: Found, panel: Mapping[str, str], by: str, at: date) -> str:
    """The line of the device in the site file; in this form it can stand in a device of one line as well as of many."""
    readings = _readings(profile, found)
    pairs = ", ".join(_pair_text(readings[name], text) for name, text in panel.items())
    who = json.dumps(by, ensure_ascii=False)
    return f"commissioned: {{by: {who}, at: {at}, profile_version: {profile.version}, shown: [{pairs}]}}"


def _pair_text(reading: Reading, text: str) -> str:
    read = seen = json.dumps(reading.value, ensure_ascii=False)
    if isinstance(reading.value, float):  # never with an exponent, which YAML takes for a word
        panel = shown(text)
        read, seen = f"{reading.value:.{panel.digits + 2}f}", f"{panel.value:.{panel.digits}f}"
    return f"{{point: {reading.point}, value: {seen}, read: {read}}}"


def _readings(profile: Profile, found: Found) -> dict[str, Reading]:
    raw: dict[str, Raw] = dict(found)
    return {reading.point: reading for reading in decode(profile, raw)}


async def _read(line: Line, device: SiteDevice, point: Point) -> tuple[int, ...] | None:
    """None: refused. A lost answer does not spoil a map of fifty: it is asked again when a late one cannot come."""
    address, known = point.address, device.profile
    request = ReadRequest(table=address.table, start=address.number, count=point.type.words, points=(point,))
    with suppress(Refused):
        try:
            return await line.read(device.unit, request, known.answer_within, known.gap)
        except NoAnswer:
            await asyncio.sleep(PUT_OFF_S)
        return await line.read(device.unit, request, known.answer_within, known.gap)
    return None


def _write(path: Path, profile_id: str, captures: Sequence[Captured], console: Console, *, dry_run: bool) -> int:
    variant = profile_id.partition(".")[2]
    try:
        old = path.read_text(encoding="utf-8")
        new = with_captures(old, captures, variant)
        if dry_run:
            console.say(*(line.rstrip("\n") for line in _diff(path, old, new)))
            return OK
        proven = _put(path, variant, old, new, len(captures))
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


def _put(path: Path, variant: str, old: str, new: str, added: int) -> bool:
    """Whether the profile now counts as proven. Raises Faulty, CannotInsert, OSError; the file is the old one then."""
    before = len(load_profile(path, variant).evidence.captures)
    path.write_text(new, encoding="utf-8")
    try:
        evidence = load_profile(path, variant).evidence
        if len(evidence.captures) != before + added:
            raise CannotInsert("captures of the base would be lost")
    except BaseException:
        path.write_text(old, encoding="utf-8")
        raise
    return evidence.proven


def _diff(path: Path, old: str, new: str) -> Iterable[str]:
    return unified_diff(old.splitlines(True), new.splitlines(True), str(path), str(path))


def _panel(display: Iterable[str], profile: Profile) -> dict[str, str]:
    """What the panel shows, by point. Raises Misuse."""
    panel = dict(_display(text, profile) for text in display)
    if not is_telling(profile, panel):
        raise Misuse(_FLAGS_ALONE)
    return panel


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


def _source(arguments: argparse.Namespace, site: Site, profile: Profile, at: date) -> str:
    display = ", ".join(arguments.display)
    moved = "" if profile.instance is None else f", instance {profile.instance} at the addresses of the first"
    return f"{arguments.by}, {site.id} {arguments.device}, {at}{moved}; display: {display}"


def _said(reading: Reading | None) -> str:
    if reading is None:
        return "-"
    return str(reading.quality) if reading.value is None else str(reading.value)


_DISAGREES = Text(
    zh="面板与寄存器不符,没有写入。请确认型号是否正确(scan)、点是否选对,或用 solve 找出正确的寄存器:",
    en="The panel and the registers disagree, so nothing was written. Is it that model (scan), and that point? solve "
    "finds the register:",
)
_FLAGS_ALONE = Text(
    zh="只有标志点,不足以证明点表正确:请再用 --display 给出一个面板上的数值,如温度或设定值",
    en="flags alone prove nothing of a map: give a number of the panel with --display as well, such as a temperature",
)
