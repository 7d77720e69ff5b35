"""All registers of a range, through a line: blocks where the controller gives blocks, and the holes between them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from edge_agent.core.health import LineAccount
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Table
from edge_agent.drivers.base import Line, NoAnswer, Refused
from edge_agent.drivers.open_line import open_line
from edge_agent.drivers.rtu_line import LATE_ANSWER
from edge_agent.settings import Bus
from edge_agent.tools.places import Span

PATIENCE = timedelta(milliseconds=500)
GAP = timedelta(milliseconds=5)
MOST_WORDS, MOST_BITS = 64, 512
PUT_OFF_S = LATE_ANSWER + 0.2
"""A device that did not answer is left alone as long as its late answer may still come, and a little longer."""


@dataclass(slots=True, kw_only=True)
class Swept:
    """`words` by address; `holes` were refused, `silent` never answered.

    `requests` says what it cost, `damaged` how many answers had a bad CRC.
    """

    table: Table
    words: dict[int, int] = field(default_factory=dict)
    holes: list[int] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)
    requests: int = 0
    damaged: int = 0


async def sweep_bus(bus: Bus, unit: int, spans: Sequence[Span], block: int | None = None) -> list[Swept]:
    """Each span in its turn, on a line of its own. Raises BusDown."""
    account = LineAccount()
    line = open_line(bus, account)
    swept = []
    try:
        for span in spans:
            swept.append(await sweep(line, unit, span, block))
            swept[-1].damaged = account.unit(unit).damaged
    finally:
        await line.close()
    return swept


async def sweep(line: Line, unit: int, span: Span, block: int | None = None) -> Swept:
    """Refused blocks are halved until the refused register is found.

    Stops where the device falls silent; what was not asked is `silent` then. Raises BusDown.
    """
    swept = Swept(table=span.table)
    step = block or (MOST_BITS if span.table.bits else MOST_WORDS)
    waiting = _blocks(span, step)
    while waiting:
        start, count = waiting.pop()
        try:
            swept.requests += 1
            request = ReadRequest(table=span.table, start=start, count=count, points=())
            words = await _read(line, unit, request, again=bool(swept.words or swept.holes))
        except Refused as refusal:
            if count == 1 or not refusal.absent:
                swept.holes += range(start, start + count)
            else:
                waiting += [(start + count // 2, count - count // 2), (start, count // 2)]
        except NoAnswer:
            swept.silent += range(start, span.last + 1)
            break
        else:
            swept.words |= dict(zip(range(start, start + count), words, strict=True))
    return swept


async def _read(line: Line, unit: int, request: ReadRequest, *, again: bool) -> tuple[int, ...]:
    """`again`: a device that has answered before is asked once more, when its late answer can no longer come."""
    try:
        return await line.read(unit, request, PATIENCE, GAP)
    except NoAnswer:
        if not again:
            raise
    await asyncio.sleep(PUT_OFF_S)
    return await line.read(unit, request, PATIENCE, GAP)


def _blocks(span: Span, step: int) -> list[tuple[int, int]]:
    """Last first."""
    starts = range(span.first, span.last + 1, step)
    return [(start, min(step, span.last + 1 - start)) for start in reversed(starts)]
