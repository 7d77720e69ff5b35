"""`edge-agent scan`: who is on this line, at which speed, under which unit ids, and which profile fits."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.contract.text import Language, Text
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import BAUDS, Profile, SerialFormat, Table
from edge_agent.drivers.base import BusDown
from edge_agent.drivers.serial_line import open_serial
from edge_agent.drivers.socket_port import FORWARDING, open_socket
from edge_agent.profiles.load import known_profiles, load_profile, profile
from edge_agent.settings import Bus, RtuTcpBus, TcpBus
from edge_agent.tools.console import MISUSED, OK, WRONG, Console, Misuse, console_of
from edge_agent.tools.ear import Ear, OpenEar, SerialEar, TcpEar
from edge_agent.tools.heard import PRESENT, Heard, Sound
from edge_agent.tools.naming import Likeness, Question, Reply, first_look, rank, second_look
from edge_agent.tools.places import BusPlace, place_of
from edge_agent.tools.scan_report import Found, answer_of, report_of
from edge_agent.tools.search import (
    ALL_UNITS,
    Findings,
    Round,
    Verdict,
    answers_to_all,
    formats,
    on_wire,
    rest_of,
    rounds,
)

PATIENCE_S, QUICK_PATIENCE_S, GATEWAY_PATIENCE_S = 0.25, 0.12, 1.2
_CONFIRMATIONS = 3
_UNHEARD = 2
_TURNAROUND_S = 0.03
Lines = tuple[SerialFormat | None, ...]

_KNOCKS = tuple(ReadRequest(table=table, start=0, count=1, points=()) for table in (Table.HOLDING, Table.INPUT))
"""Any device answers these, if only by a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the installer asked for."""

    lines: Lines
    units: tuple[int, ...]
    first: tuple[int, ...]
    patience: float
    quick: bool
    profiles: tuple[Profile, ...]


@dataclass(slots=True, kw_only=True)
class Scan:
    """One search in progress; `findings` grow."""

    wish: Wish
    open_ear: OpenEar
    console: Console
    findings: Findings = field(default_factory=Findings)
    done_s: float = 0.0
    whole_s: float = 0.0
    one_for_all: bool = False

    async def run(self) -> list[Found]:
        """Raises BusDown."""
        plan = rounds(self.wish.lines, self.wish.units, self.wish.first, quick=self.wish.quick)
        self.whole_s = sum(one.seconds(self.wish.patience) for one in plan)
        try:
            for one in plan:
                if await self._search(one):
                    return await self._settle(one.line)
            return []
        finally:
            self.console.wipe()

    async def _search(self, one: Round) -> bool:
        """Whether somebody was understood in that format."""
        ear = await self.open_ear(one.line)
        self.findings.heard.clear()
        try:
            await self._knock(ear, one)
        finally:
            ear.close()
        garbled = sum(heard[0].sound is Sound.GARBLED for heard in self.findings.heard.values())
        understood = any(each.sound in PRESENT for heard in self.findings.heard.values() for each in heard)
        if garbled and one.line and not understood:
            self.findings.garbled_at[one.line] = self.findings.garbled_at.get(one.line, 0) + garbled
        self.findings.line = one.line if understood else None
        return understood

    async def _settle(self, line: SerialFormat | None) -> list[Found]:
        """Asks all others in the format that the line has, makes sure of each find, and names it."""
        ear = await self.open_ear(line)
        try:
            rest = rest_of(line, self.wish.units, self.findings.heard)
            self.done_s, self.whole_s = 0.0, rest.seconds(self.wish.patience)
            if not self.one_for_all:
                await self._knock(ear, rest)
            units = sorted(self.findings.units())[: 1 if self.one_for_all else None]
            per_unit = len(first_look(self.wish.profiles)) * (on_wire(line) + _TURNAROUND_S)
            self.done_s, self.whole_s = 0.0, len(units) * per_unit
            found = []
            for unit in units:
                found.append(await self._confirm(ear, unit))
                self.done_s += per_unit
        finally:
            ear.close()
        return found

    async def _knock(self, ear: Ear, one: Round) -> None:
        for unit in one.units:
            self.console.progress(self.done_s, self.whole_s, _doing(one.line, unit))
            heard = await ear.ask(unit, _KNOCKS[0], self.wish.patience)
            self._note(unit, heard)
            self.done_s += one.seconds(self.wish.patience) / len(one.units)
            if one.line is None and answers_to_all(self.findings.heard):
                self.one_for_all = True
                return

    def _note(self, unit: int, heard: Heard) -> None:
        self.findings.heard.setdefault(unit, []).append(heard)
        for stranger in heard.strangers:
            if stranger in self.wish.units:  # a late answer to an earlier question, or a second master's talk
                late = Heard(sound=Sound.ANSWER)
                self.findings.heard.setdefault(stranger, []).append(late)

    async def _confirm(self, ear: Ear, unit: int) -> Found:
        self.console.progress(self.done_s, self.whole_s, Text(zh=f"正在识别站号 {unit}", en=f"naming unit {unit}"))
        for _ in range(_CONFIRMATIONS):
            for knock in _KNOCKS:
                self.findings.heard[unit].append(await ear.ask(unit, knock, 2 * self.wish.patience))
        if self.findings.units()[unit] is Verdict.GARBLED:
            return Found(unit=unit, verdict=Verdict.GARBLED)
        named = await self._name(ear, unit)
        return Found(unit=unit, verdict=self.findings.units()[unit], named=named)

    async def _name(self, ear: Ear, unit: int) -> tuple[Likeness, ...]:
        replies: dict[Question, Reply] = {}
        await self._ask_all(ear, unit, first_look(self.wish.profiles), replies)
        await self._ask_all(ear, unit, second_look(rank(self.wish.profiles, replies)), replies)
        return rank(self.wish.profiles, replies)

    async def _ask_again(self, ear: Ear, unit: int, request: ReadRequest) -> Heard:
        """The first answer that is no garbage."""
        for _ in range(_CONFIRMATIONS):
            heard = await ear.ask(unit, request, 2 * self.wish.patience, linger=0.0)
            self.findings.heard[unit].append(heard)
            if heard.sound is not Sound.GARBLED:
                return heard
        self.findings.stuck.add(unit)
        return heard

    async def _ask_all(self, ear: Ear, unit: int, wanted: Iterable[Question], replies: dict[Question, Reply]) -> None:
        """A controller that does not answer for a table, not even by a refusal, is not asked for it any more."""
        unheard: Counter[Table] = Counter()
        for table, start, count in wanted:
            if (table, start, count) in replies or unheard[table] == _UNHEARD:
                continue
            request = ReadRequest(table=table, start=start, count=count, points=())
            heard = await self._ask_again(ear, unit, request)
            unheard[table] += heard.sound is Sound.SILENCE
            replies[table, start, count] = heard.words[:count] if heard.sound is Sound.ANSWER else None


def run(arguments: argparse.Namespace, language: Language) -> int:
    console = console_of(language, as_json=arguments.json)
    try:
        place = place_of(arguments.bus, SerialFormat(baud=9600, parity="E", stop_bits=1))
        wish = _wish(arguments, place)
    except Misuse as misuse:
        console.complain(misuse.what)
        return MISUSED
    return asyncio.run(_scan(Scan(wish=wish, open_ear=_opener(place), console=console), place))


async def _scan(scan: Scan, place: BusPlace) -> int:
    try:
        found = await scan.run()
    except BusDown as reason:
        scan.console.complain(_down(str(reason)))
        return WRONG
    if scan.console.as_json:
        scan.console.answer(answer_of(scan.findings, found, one_for_all=scan.one_for_all))
    else:
        scan.console.say(
            *report_of(scan.findings, found, place, one_for_all=scan.one_for_all, language=scan.console.language)
        )
    return OK if found and all(one.verdict is Verdict.PRESENT for one in found) else WRONG


def _wish(arguments: argparse.Namespace, place: BusPlace) -> Wish:
    asked = tuple(_format_of(text) for text in arguments.format)
    known = known_profiles(place.profiles)
    lines, patience = _lines_of(place.bus, asked, quick=arguments.quick)
    return Wish(
        lines=lines,
        units=_units_of(arguments.units),
        first=tuple(device.unit for device in place.devices),
        patience=arguments.wait or patience,
        quick=arguments.quick,
        profiles=(*map(load_profile, arguments.profile), *(profile(one, place.profiles) for one in known)),
    )


def _lines_of(bus: Bus, asked: Lines, *, quick: bool) -> tuple[Lines, float]:
    """The formats to try and the seconds to wait for an answer. What a serial server speaks on its line is its own
    setting, so there is nothing to try."""
    patience = QUICK_PATIENCE_S if quick else PATIENCE_S
    if isinstance(bus, TcpBus):
        return (None,), GATEWAY_PATIENCE_S
    if isinstance(bus, RtuTcpBus):
        return (bus.serial,), patience + FORWARDING
    return asked or formats([bus.serial], quick=quick), patience


def _opener(place: BusPlace) -> OpenEar:
    bus = place.bus

    async def open_ear(line: SerialFormat | None) -> Ear:
        if isinstance(bus, TcpBus):
            return TcpEar(bus.host, bus.port)
        assert line, "a serial line is always opened in a format"  # noqa: S101
        if isinstance(bus, RtuTcpBus):
            return SerialEar(await open_socket(bus.host, bus.port), line)
        return SerialEar(await open_serial(bus.port, line), line)

    return open_ear


def _units_of(text: str) -> tuple[int, ...]:
    first, _, last = text.partition("-")
    try:
        units = tuple(unit for unit in range(int(first), int(last or first) + 1) if unit in ALL_UNITS)
    except ValueError:
        units = ()
    if not units:
        raise Misuse(Text(zh=f"--units {text}:请写 1-247", en=f"--units {text}: write A-B within 1-247"))
    return units


def _format_of(text: str) -> SerialFormat:
    match = re.fullmatch(r"(\d+)-8([NEO])([12])", text)
    if not match or int(match[1]) not in BAUDS:
        raise Misuse(Text(zh=f"--format {text}:请写 9600-8E1", en=f"--format {text}: write it like 9600-8E1"))
    return SerialFormat(baud=int(match[1]), parity=match[2], stop_bits=int(match[3]))


def _doing(line: SerialFormat | None, unit: int) -> Text:
    where = "" if line is None else f"{line} "
    return Text(zh=f"{where}站号 {unit}", en=f"{where}unit {unit}")


def _down(reason: str) -> Text:
    return Text(
        zh=f"总线打不开:{reason}\n请检查端口名称、USB 转换器、网线;如果门店代理正在运行,请先停止它(systemctl stop)",
        en=f"the line cannot be used: {reason}\n"
        "check the name of the port, the USB adapter, the network cable; if the agent runs, stop it first "
        "(systemctl stop): a line belongs to one program",
    )
