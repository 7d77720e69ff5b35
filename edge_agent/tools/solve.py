"""`edge-agent solve`: the installer types what the panel shows, and the solver says which register that is."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_agent.contract.text import Language, Text
from edge_agent.core.profile import Table
from edge_agent.drivers.base import BusDown
from edge_agent.tools.console import MISUSED, OK, WRONG, Console, Misuse, console_of, table
from edge_agent.tools.places import BusPlace, Span, line_of, place_of, span_of
from edge_agent.tools.probe import silence_text
from edge_agent.tools.solver import Candidate, NotShown, Order, Sample, Shown, next_step, shown, solve
from edge_agent.tools.sweep import Swept, sweep_bus

_MOST_SHOWN = 8


class Silent(Exception):
    """The device did not answer in the whole range."""

    def __init__(self, swept: Swept) -> None:
        super().__init__("no answer")
        self.swept = swept


def run(arguments: argparse.Namespace, language: Language) -> int:
    console = console_of(language, as_json=arguments.json)
    try:
        place = place_of(arguments.bus, line_of(arguments))
        spans = [span_of(text) for text in arguments.spans]
        first = _shown(arguments.shows) if arguments.shows else None
        kept = _kept(arguments.samples)
    except Misuse as misuse:
        console.complain(misuse.what)
        return MISUSED
    asking = not console.as_json and sys.stdin.isatty() and arguments.samples is None
    if first is None and not asking and not kept:
        console.complain(Text(zh="请给出 --shows", en="give --shows"))
        return MISUSED
    try:
        samples = asyncio.run(_Session(place, arguments.unit, spans, console).samples(first, kept, asking=asking))
    except BusDown as reason:
        console.complain(Text(zh=f"总线不通:{reason}", en=f"the bus is down: {reason}"))
        return WRONG
    except Silent as silent:
        console.complain(silence_text(arguments.unit, silent.swept))
        return WRONG
    if arguments.samples is not None and first is not None:
        _keep(arguments.samples, samples)
    return _conclude(samples, console, told=asking)


class _Session:
    """One device, read each time that the installer says what its panel shows."""

    def __init__(self, place: BusPlace, unit: int, spans: Sequence[Span], console: Console) -> None:
        self._place = place
        self._unit = unit
        self._spans = spans
        self._console = console

    async def samples(self, first: Shown | None, kept: Sequence[Sample], *, asking: bool) -> list[Sample]:
        """Raises BusDown, Silent."""
        samples = list(kept)
        if first is not None:
            samples.append(await self._sample(first))
        while asking:
            if samples:
                self._console.say(*report(solve(samples), samples, self._console.language))
            typed = await self._asked()
            if typed is None:
                break
            samples.append(await self._sample(typed))
        return samples

    async def _asked(self) -> Shown | None:
        """What the installer types; None when that is enough."""
        question = Text(zh="面板现在显示(直接回车结束):", en="the panel shows now (Enter ends): ")
        while True:
            self._console.aside.write(question.in_(self._console.language))
            self._console.aside.flush()
            typed = (await asyncio.to_thread(sys.stdin.readline)).strip()
            if not typed:
                return None
            try:
                return _shown(typed)
            except Misuse as misuse:
                self._console.complain(misuse.what)

    async def _sample(self, panel: Shown) -> Sample:
        words: dict[Table, dict[int, int]] = {}
        for swept in await sweep_bus(self._place.bus, self._unit, self._spans):
            if not swept.words and swept.silent:
                raise Silent(swept)
            words.setdefault(swept.table, {}).update(swept.words)
        return Sample(words=words, shown=panel)


def report(candidates: Sequence[Candidate], samples: Sequence[Sample], language: Language) -> list[Text | str]:
    """The best explanations, how many others there are, and what to do next."""
    count, others = len(samples), max(0, len(candidates) - _MOST_SHOWN)
    lines: list[Text | str] = [
        Text(zh=f"{count} 次读数,{len(candidates)} 个解释", en=f"readings: {count}; explanations: {len(candidates)}")
    ]
    lines += table([_row(rank, one, language, count) for rank, one in enumerate(candidates[:_MOST_SHOWN], 1)])
    if others:
        lines.append(Text(zh=f"  另有 {others} 个较复杂的解释", en=f"  and {others} others, less simple"))
    return [*lines, next_step(candidates, samples)]


def point_text(one: Candidate) -> str:
    """As a profile would say it."""
    order = ", order: low_first" if one.order is Order.LOW_FIRST else ""
    scale = "" if one.scale == 1.0 else f", scale: {one.scale:g}"
    return f"{{at: {one.table}{one.address}, type: {one.type}{scale}{order}}}"


def _row(rank: int, one: Candidate, language: Language, count: int) -> tuple[str, str, str]:
    remarks = []
    if one.also:
        remarks.append(Text(zh=f"也可能是 {'、'.join(one.also)}", en=f"or {', '.join(one.also)}"))
    if one.near:
        remarks.append(Text(zh=f"{one.near} 次只到末位", en=f"{one.near} only to the last digit"))
    if not one.moves and count > 1:
        remarks.append(Text(zh="数值未变过", en="has not changed yet"))
    return f"  {rank}", point_text(one), "; ".join(remark.in_(language) for remark in remarks)


def _conclude(samples: Sequence[Sample], console: Console, *, told: bool) -> int:
    """`told`: the installer has read the report of the last reading already."""
    candidates = solve(samples)
    if console.as_json:
        advice = next_step(candidates, samples)
        best = [asdict(one) for one in candidates[:_MOST_SHOWN]]
        console.answer({"samples": len(samples), "candidates": len(candidates), "best": best, "next": asdict(advice)})
    elif not told:
        console.say(*report(candidates, samples, console.language))
    return OK if candidates else WRONG


def _shown(text: str) -> Shown:
    try:
        return shown(text)
    except NotShown as error:
        raise Misuse(Text(zh=f"{text} 不是数字", en=f"{text} is no number")) from error


def _kept(path: Path | None) -> list[Sample]:
    """Samples of earlier calls, one JSON line each."""
    if path is None or not path.exists():
        return []
    try:
        return [_sample_of(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise Misuse(Text(zh=f"{path} 不是读数文件", en=f"{path} is no file of samples")) from error


def _keep(path: Path, samples: Sequence[Sample]) -> None:
    lines = [json.dumps(_json_of(sample)) for sample in samples]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _sample_of(given: Any) -> Sample:
    words = {
        Table(letter): {int(at): int(word) for at, word in part.items()} for letter, part in given["words"].items()
    }
    return Sample(words=words, shown=shown(given["shows"]))


def _json_of(sample: Sample) -> dict[str, Any]:
    return {"shows": f"{sample.shown.value:.{sample.shown.digits}f}", "words": sample.words}
