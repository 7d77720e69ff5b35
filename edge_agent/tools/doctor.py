"""`edge-agent doctor`: how every bus and device fares, in figures, and what to do about it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from edge_agent.bus.asking import ask
from edge_agent.contract.text import Language, Text
from edge_agent.core.health import LineAccount
from edge_agent.core.plan import NOTHING_LEARNED, Learned
from edge_agent.core.profile import Poll
from edge_agent.drivers.base import BusDown, Line
from edge_agent.drivers.open_line import open_line
from edge_agent.settings import Site, SiteDevice, load_site
from edge_agent.site.notes import notes_of
from edge_agent.tools.advice import Advice, advise
from edge_agent.tools.console import MISUSED, OK, WRONG, Console, console_of, table
from edge_agent.tools.figures import BusFigures, DeviceFigures, Visit, bus_figures, device_figures
from edge_agent.tools.places import no_such_bus
from edge_agent.tools.sweep import PUT_OFF_S

_EVERY = {Poll.FAST: 1, Poll.NORMAL: 3, Poll.SLOW: 30, Poll.ONCE: 0}
"""Rounds between two visits; 0 is the first round only."""

_LOOK_S = 0.2


@dataclass(slots=True, kw_only=True)
class Rounds:
    """Asks the devices of one bus round after round, the fast points each time, and remembers how long that took."""

    site: Site
    bus: str
    account: LineAccount = field(default_factory=LineAccount)
    learned: dict[str, Learned] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    put_off: dict[str, float] = field(default_factory=dict)
    down: str = ""

    async def run(self, seconds: float) -> BusFigures:
        """Goes on after `seconds` only to end the visit that it is in. Never raises for bus or device trouble."""
        line = open_line(self.site.buses[self.bus], self.account)
        until, number = _now() + seconds, 0
        try:
            while _now() < until:
                began = _now()
                for device in self.site.devices_on(self.bus):
                    if _now() < until and self.put_off.get(device.id, began) <= _now():
                        await self._visit(line, device, _polls(number))
                number += 1
                if _now() - began < _LOOK_S:
                    await asyncio.sleep(_LOOK_S)
        except BusDown as reason:
            self.down = str(reason)
        finally:
            await line.close()
        return self.figures()

    def figures(self) -> BusFigures:
        devices = [self._figures(device) for device in self.site.devices_on(self.bus)]
        babble = self.account.listening.babble
        return bus_figures(self.bus, self.visits, self.site.poll, devices, self.down, babble)

    async def _visit(self, line: Line, device: SiteDevice, polls: Iterable[Poll]) -> None:
        for poll in polls:
            points = [point for point in device.profile.points.values() if point.poll is poll]
            if not points:
                continue
            began = _now()
            answers = await ask(line, device, points, self.learned.get(device.id, NOTHING_LEARNED))
            if answers.lost:
                self.put_off[device.id] = _now() + PUT_OFF_S
                return
            if answers.learned == self.learned.setdefault(device.id, NOTHING_LEARNED):
                self.visits.append(Visit(device=device.id, poll=poll, seconds=_now() - began))
            self.learned[device.id] = answers.learned

    def _figures(self, device: SiteDevice) -> DeviceFigures:
        refused = self.learned.get(device.id, NOTHING_LEARNED).refused
        return device_figures(device, self.account.unit(device.unit), refused)


def run(arguments: argparse.Namespace, language: Language) -> int:
    console = console_of(language, as_json=arguments.json)
    site = load_site(arguments.site)
    if unknown := [bus for bus in arguments.bus if bus not in site.buses]:
        console.complain(no_such_bus(arguments.site, unknown[0], site))
        return MISUSED
    buses = [bus for bus in site.buses if site.devices_on(bus) and (not arguments.bus or bus in arguments.bus)]
    found = asyncio.run(_watch(site, buses, arguments.seconds, console))
    advice = [one for bus in found for one in advise(bus)]
    notes = list(notes_of(site))
    if console.as_json:
        answer = {"buses": [asdict(bus) for bus in found], "advice": [asdict(one) for one in advice]}
        console.answer({**answer, "notes": [asdict(note) for note in notes]})
    else:
        console.say(*report(found, advice, language), *notes)
    return WRONG if any(one.weight == "wrong" for one in advice) else OK


async def _watch(site: Site, buses: Sequence[str], seconds: float, console: Console) -> list[BusFigures]:
    watching = asyncio.gather(*(Rounds(site=site, bus=bus).run(seconds) for bus in buses))
    began = _now()
    while not (await asyncio.wait([watching], timeout=_LOOK_S))[0]:
        console.progress(_now() - began, seconds, Text(zh="正在观察", en="watching"))
    console.wipe()
    return list(await watching)


def report(found: Sequence[BusFigures], advice: Sequence[Advice], language: Language) -> list[Text | str]:
    lines: list[Text | str] = []
    for bus in found:
        if bus.down:
            lines.append(f"{bus.bus}:")
        else:
            lines += [_heading(bus), *table([_HEAD_ZH if language == "zh" else _HEAD, *map(_row, bus.devices)], _RIGHT)]
        own = [one for one in advice if one.bus == bus.bus]
        lines += [_said(one) for one in own] or [Text(zh="  一切正常", en="  all is well")]
    return lines


_RIGHT = frozenset(range(1, 9))
_HEAD = (
    "  device",
    "unit",
    "asked",
    "answered",
    "time-outs",
    "CRC errors",
    "late",
    "p50 ms",
    "p99 ms",
    "refused points",
)
_HEAD_ZH = ("  设备", "站号", "请求", "应答", "超时", "CRC 错误", "迟到", "p50 毫秒", "p99 毫秒", "被拒的点")


def _heading(bus: BusFigures) -> Text:
    cycle = f"{bus.cycle_s:.2f}" if bus.cycle_s else "-"
    limit, share = f"{bus.cycle_limit_s:g}", f"{bus.line_share:.0%}"
    return Text(
        zh=f"{bus.bus}:一轮 {cycle} 秒(上限 {limit} 秒),线路占用 {share}",
        en=f"{bus.bus}: a cycle takes {cycle} s (limit {limit} s), {share} of the line is used",
    )


def _row(one: DeviceFigures) -> tuple[str, ...]:
    return (
        f"  {one.device}",
        *(str(count) for count in (one.unit, one.requests, one.answers, one.time_outs, one.crc_errors, one.late)),
        _milliseconds(one.turnaround_p50_s),
        _milliseconds(one.turnaround_p99_s),
        str(len(one.refused_points)),
    )


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}"


def _said(one: Advice) -> Text:
    mark = "!" if one.weight == "wrong" else "·"
    who = f"{one.device}: " if one.device else ""
    return Text(zh=f"  {mark} {who}{one.what.zh} → {one.fix.zh}", en=f"  {mark} {who}{one.what.en} → {one.fix.en}")


def _polls(number: int) -> list[Poll]:
    return [poll for poll, every in _EVERY.items() if number == 0 or (every and number % every == 0)]


def _now() -> float:
    return asyncio.get_running_loop().time()
