"""`edge-agent probe`: a range of registers, and every interpretation of each."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict
from itertools import groupby
from typing import Any

from edge_agent.contract.text import Language, Text
from edge_agent.core.profile import Table
from edge_agent.drivers.base import BusDown
from edge_agent.tools.console import MISUSED, OK, WRONG, Misuse, console_of, table
from edge_agent.tools.interpret import Meanings, Pair, meanings
from edge_agent.tools.places import Span, line_of, place_of
from edge_agent.tools.sweep import Swept, sweep_bus

_RIGHT = frozenset(range(14))
_BITS_A_LINE = 16


def run(arguments: argparse.Namespace, language: Language) -> int:
    console = console_of(language, as_json=arguments.json)
    try:
        place = place_of(arguments.bus, line_of(arguments))
        span = _span(arguments)
    except Misuse as misuse:
        console.complain(misuse.what)
        return MISUSED
    try:
        (swept,) = asyncio.run(sweep_bus(place.bus, arguments.unit, [span], arguments.block))
    except BusDown as reason:
        console.complain(Text(zh=f"总线不通:{reason}", en=f"the bus is down: {reason}"))
        return WRONG
    if console.as_json:
        console.answer(_answer(swept))
    else:
        console.say(*_report(swept))
    if swept.silent:
        console.complain(silence_text(arguments.unit, swept))
    return WRONG if swept.silent or not swept.words else OK


def silence_text(unit: int, swept: Swept) -> Text:
    """A device that fell silent in the middle is another matter than one that never spoke, or only garbage."""
    if swept.words or swept.holes:
        at = f"{swept.table}{swept.silent[0]}"
        return Text(
            zh=f"站号 {unit} 在 {at} 之后不再应答:请用更小的 --block 再试",
            en=f"unit {unit} stopped answering at {at}: try again with a smaller --block",
        )
    if swept.damaged:
        return Text(
            zh=f"站号 {unit} 的应答总是 CRC 错误:像是波特率或校验不对,或两台设备用了同一站号;请用 scan 确认",
            en=f"unit {unit} answers, but its CRC is always wrong: it looks like a wrong speed or parity, or like two "
            "devices with one unit id; scan will tell",
        )
    return Text(
        zh=f"站号 {unit} 没有应答:请用 scan 确认波特率、校验和站号",
        en=f"unit {unit} does not answer: find out its speed, parity and unit id with scan",
    )


def _span(arguments: argparse.Namespace) -> Span:
    last = arguments.first + arguments.count - 1
    if not (arguments.count >= 1 and 0 <= arguments.first <= last <= 0xFFFF):
        raise Misuse(Text(zh="地址应在 0 到 65535 之间", en="addresses are 0 to 65535"))
    return Span(table=Table(arguments.table), first=arguments.first, last=last)


def _report(swept: Swept) -> list[Text | str]:
    lines: list[Text | str] = []
    if swept.table.bits:
        lines += _bit_rows(swept)
    elif swept.words:
        lines += table([_HEAD, *(_row(one) for one in meanings(swept.words))], _RIGHT)
    if not swept.words and not swept.holes:
        return lines
    if swept.holes:
        holes = ", ".join(_runs(swept.holes))
        lines.append(Text(zh=f"设备拒绝的地址(不存在):{holes}", en=f"refused (does not exist): {holes}"))
    lines.append(
        Text(
            zh=f"{len(swept.words)} 个地址有值,用了 {swept.requests} 次请求",
            en=f"addresses that answered: {len(swept.words)}, in requests: {swept.requests}",
        )
    )
    return lines


_HEAD = (
    *("addr", "hex", "u16", "i16", "/10", "/100"),
    *("u32 hi-lo", "i32 hi-lo", "f32 hi-lo", "u32 lo-hi", "i32 lo-hi", "f32 lo-hi"),
    *("bits", "ascii"),
)


def _row(one: Meanings) -> tuple[str, ...]:
    return (
        *(
            f"{one.address}",
            f"{one.word:04X}",
            f"{one.word}",
            f"{one.i16}",
            f"{one.i16 / 10:.1f}",
            f"{one.i16 / 100:.2f}",
        ),
        *_pair_cells(one.high_first),
        *_pair_cells(one.low_first),
        *(one.bits, one.text),
    )


def _pair_cells(pair: Pair | None) -> tuple[str, str, str]:
    if pair is None:
        return "", "", ""
    return f"{pair.u32}", f"{pair.i32}" if pair.i32 != pair.u32 else "=", "" if pair.f32 is None else f"{pair.f32:.6g}"


def _bit_rows(swept: Swept) -> list[str]:
    rows = []
    for line, addresses in groupby(sorted(swept.words), key=lambda address: address // _BITS_A_LINE):
        cells = {address % _BITS_A_LINE: str(swept.words[address]) for address in addresses}
        bits = "".join(cells.get(column, "-") for column in range(_BITS_A_LINE))
        rows.append(f"{line * _BITS_A_LINE:>6}  {bits[:8]} {bits[8:]}")
    return rows


def _runs(addresses: list[int]) -> list[str]:
    """`2503-2508`, `2512`"""
    runs: list[list[int]] = []
    for address in sorted(addresses):
        if runs and runs[-1][-1] == address - 1:
            runs[-1].append(address)
        else:
            runs.append([address])
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]


def _answer(swept: Swept) -> dict[str, Any]:
    rows = [] if swept.table.bits else [asdict(one) for one in meanings(swept.words)]
    return {
        "table": swept.table,
        "words": {str(address): word for address, word in sorted(swept.words.items())},
        "holes": sorted(swept.holes),
        "silent": sorted(swept.silent),
        "requests": swept.requests,
        "meanings": rows,
    }
