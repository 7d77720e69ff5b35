"""The score as people and programs read it: a table of kinds, and the bars with what was reached."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from edge_agent.contract.text import Language, Text
from rules.scoring.fleet import Scored
from rules.scoring.labels import Label
from rules.scoring.match import ScoredTicket
from rules.scoring.score import KindScore, RuleScore, Score

_UNKNOWN = "—"
_FALSE, _MISSED = Text(zh="误报:", en="false:"), Text(zh="漏报:", en="missed:")
_HEAD: tuple[Text, ...] = (
    Text(zh="故障", en="fault"),
    Text(zh="标签", en="labels"),
    Text(zh="发现", en="found"),
    Text(zh="召回率", en="recall"),
    Text(zh="发现用时", en="after"),
    Text(zh="首因对", en="cause 1st"),
    Text(zh="前三对", en="in three"),
    Text(zh="余时", en="time left"),
    Text(zh="食品漏报", en="food missed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was reached beside what is asked; `value` is None where there was nothing to measure, which is no pass."""

    name: Text
    value: float | None
    bar: float
    better: Callable[[float, float], bool]

    @property
    def ok(self) -> bool:
        return self.value is not None and self.better(self.value, self.bar)

    @property
    def asked(self) -> str:
        return f"{'≥' if self.better is operator.ge else '≤'} {self.bar:g}"


def bars(score: Score) -> tuple[Bar, ...]:
    """Those of the issue that a fleet can show."""
    least, most = operator.ge, operator.le
    rows = (
        ("突发故障召回率", "recall, sudden faults", score.sudden_recall, 0.97, least),
        ("渐发故障召回率", "recall, creeping faults", score.creeping_recall, 0.90, least),
        ("工单准确率", "precision of tickets", score.precision, 0.95, least),
        ("首要原因正确", "right cause first", score.first_share, 0.80, least),
        ("前三原因正确", "right cause among three", score.three_share, 0.95, least),
        ("首张工单时剩余时间(中位)", "time left at the first ticket (median)", score.median_left, 0.5, least),
        ("食品风险漏报", "food-critical missed", float(score.food_missed), 0.0, most),
        ("健康门店每季误报", "false tickets, healthy store and quarter", score.healthy_false, 1.0, most),
    )
    return tuple(
        Bar(name=Text(zh=zh, en=en), value=value, bar=bar, better=better) for zh, en, value, bar, better in rows
    )


def table(score: Score, language: Language) -> str:
    """The kinds, a line each, then the bars."""
    rows = [[word.in_(language) for word in _HEAD], *(list(_cells(kind)) for kind in score.kinds)]
    return "\n".join([*aligned(rows), "", *_bar_lines(score, language), _summary(score, language)])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Their columns below each other, also where characters are wide."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def told(ticket: ScoredTicket) -> str:
    """When, where, by which rule, and its first three causes."""
    causes = ", ".join(ticket.causes[:3])
    return f"{ticket.opened_at:%Y-%m-%d %H:%M} {ticket.store} {ticket.device} {ticket.rule} ({causes})"


def report(found: Scored, language: Language) -> str:
    """The table, what was cried for nothing and what was not found: for whoever tunes a rule."""
    false = (f"{_FALSE.in_(language)} {told(one)}" for one in found.outcome.false)
    missed = (one.label for one in found.outcome.findings if not one.found)
    return "\n".join([table(found.score, language), *false, *(_missed(label, language) for label in missed)])


def _missed(label: Label, language: Language) -> str:
    return f"{_MISSED.in_(language)} {label.onset_at:%Y-%m-%d %H:%M} {label.store} {label.device} {label.fault}"


def rows(score: Score) -> list[dict[str, Any]]:
    """As `build/score.json` has them: the bars, how large the fleet was, then each kind of fault (`fault`), then each
    rule (`rule`)."""
    bar_rows = [
        {"name": bar.name.en, "value": bar.value, "unit": "", "bar": bar.bar, "peer": None, "ok": bar.ok}
        for bar in bars(score)
    ]
    size = _plain_row("fleet", score.store_months, f"store-months, {score.healthy_store_months:.1f} of them healthy")
    return [*bar_rows, size, *map(_kind_row, score.kinds), *map(_rule_row, score.rules)]


def _kind_row(kind: KindScore) -> dict[str, Any]:
    after = kind.median_after
    return {
        **_plain_row(f"recall, {kind.fault}", kind.recall, f"of {kind.labels}"),
        "fault": kind.fault,
        "labels": kind.labels,
        "found": kind.found,
        "first": kind.first,
        "among_three": kind.among_three,
        "median_after_s": None if after is None else round(after.total_seconds()),
        "median_left": kind.median_left,
        "food_missed": kind.food_missed,
    }


def _rule_row(rule: RuleScore) -> dict[str, Any]:
    counts = {"rule": rule.rule, "right": rule.right, "false": rule.false}
    return {**_plain_row(f"precision, {rule.rule}", rule.precision, f"of {rule.right + rule.false}"), **counts}


def _plain_row(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "bar": None, "peer": None, "ok": True}


def _bar_lines(score: Score, language: Language) -> Iterator[str]:
    every = bars(score)
    width = max(_width(bar.name.in_(language)) for bar in every)
    for bar in every:
        value = _UNKNOWN if bar.value is None else f"{bar.value:.3f}"
        name = _padded(bar.name.in_(language), width)
        yield f"{'✓' if bar.ok else '✗'} {name}  {value:>8}  {bar.asked}"


def _summary(score: Score, language: Language) -> str:
    per_fault = _UNKNOWN if score.tickets_per_fault is None else f"{score.tickets_per_fault:.2f}"
    months, healthy = f"{score.store_months:.1f}", f"{score.healthy_store_months:.1f}"
    return Text(
        zh=f"工单 {score.tickets} 张,误报 {score.false} 张,每个故障 {per_fault} 张;"
        f"{months} 店月,其中健康 {healthy} 店月",
        en=f"{score.tickets} tickets, {score.false} false, {per_fault} for each fault found; {months} store-months, "
        f"{healthy} of them healthy",
    ).in_(language)


def _cells(kind: KindScore) -> Iterator[str]:
    yield kind.fault
    yield str(kind.labels)
    yield str(kind.found)
    yield f"{kind.recall:.2f}"
    yield _UNKNOWN if kind.median_after is None else span(kind.median_after)
    yield from (_UNKNOWN if share is None else f"{share:.2f}" for share in (kind.first_share, kind.three_share))
    yield _UNKNOWN if kind.median_left is None else f"{kind.median_left:.2f}"
    yield str(kind.food_missed)


def span(length: timedelta) -> str:
    """As short as a cell."""
    minutes = length.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} d"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns on a screen: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
