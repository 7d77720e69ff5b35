"""What a candidate would change, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from edge_agent.contract.text import Language, Text
from rules.scoring.backtest import Backtest
from rules.scoring.difference import Difference, by_rule
from rules.scoring.fleet import Scored
from rules.scoring.match import ScoredTicket
from rules.scoring.report import aligned, bars, told

_ALARMS, _TICKETS = Text(zh="报警", en="alarms"), Text(zh="工单", en="tickets")
_GAINED, _LOST = Text(zh="新增", en="gained"), Text(zh="减少", en="lost")
_FALSE = Text(zh="误报", en="false")
_NOTHING = Text(zh="没有差别", en="no difference")
_SCORE = Text(zh="评分", en="score")
_HEAD = (
    Text(zh="规则", en="rule"),
    Text(zh="现有", en="present"),
    Text(zh="候选", en="candidate"),
    _GAINED,
    _LOST,
    Text(zh="提前", en="sooner"),
    Text(zh="推迟", en="later"),
)
_SCORE_HEAD = (_SCORE, _HEAD[1], _HEAD[2], Text(zh="要求", en="asked"))
_UNKNOWN = "—"


def text(found: Backtest, language: Language, examples: int) -> str:
    """The rules that moved, `examples` of what each side gained, and the score where there is one."""
    return "\n".join(
        [
            _summary(found).in_(language),
            *_part(_ALARMS, found.alarms, {}, language, examples),
            *_part(_TICKETS, found.tickets, _matched(found), language, examples),
            *_score(found, language),
        ]
    )


def as_json(found: Backtest) -> dict[str, Any]:
    """Everything, with every alarm and ticket gained and lost."""
    matched = _matched(found)
    return {
        "stores": found.stores,
        "store_days": round(found.store_days, 2),
        "readings": found.readings,
        "alarms": _difference(found.alarms, {}),
        "tickets": _difference(found.tickets, matched),
        "score": [
            {"name": before.name.en, "bar": before.bar, "present": before.value, "candidate": after.value}
            for before, after in zip(*_bars(found), strict=True)
        ],
    }


def _summary(found: Backtest) -> Text:
    days, millions = f"{found.store_days:.1f}", f"{found.readings / 1e6:.2f}"
    return Text(
        zh=f"{found.stores} 家门店,{days} 店天,{millions} 百万条读数",
        en=f"{found.stores} stores, {days} store-days, {millions} million readings",
    )


def _part(
    name: Text, found: Difference, matched: Mapping[ScoredTicket, str], language: Language, examples: int
) -> Iterator[str]:
    rows = [row for row in by_rule(found) if row.moved]
    counts = f"{len(found.present)} → {len(found.candidate)}"
    yield f"\n{name.in_(language)} {counts}" + ("" if rows else f", {_NOTHING.in_(language)}")
    if rows:
        head = [word.in_(language) for word in _HEAD]
        yield from aligned([head, *([str(cell) for cell in asdict(row).values()] for row in rows)])
    for sign, some in (("+", found.gained), ("-", found.lost)):
        yield from (f"{sign} {told(one)}{_mark(matched.get(one), language)}" for one in some[:examples])
        if len(some) > examples:
            yield f"{sign} … {len(some) - examples}"


def _mark(fault: str | None, language: Language) -> str:
    if fault is None:
        return ""
    return f" ← {fault or _FALSE.in_(language)}"


def _matched(found: Backtest) -> dict[ScoredTicket, str]:
    """Ticket → the fault that it found, "" where there was none."""
    matched: dict[ScoredTicket, str] = {}
    for side in (found.present, found.candidate):
        if side is not None:
            matched |= dict.fromkeys(side.outcome.false, "")
            matched |= {ticket: one.label.fault for one in side.outcome.findings for ticket in one.tickets}
    return matched


def _score(found: Backtest, language: Language) -> Iterator[str]:
    rows = [
        [
            f"{'✓' if after.ok else '✗'} {after.name.in_(language)}",
            _number(before.value),
            _number(after.value),
            after.asked,
        ]
        for before, after in zip(*_bars(found), strict=True)
    ]
    if rows:
        yield ""
        yield from aligned([[word.in_(language) for word in _SCORE_HEAD], *rows])


def _bars(found: Backtest) -> tuple[Any, Any]:
    both: tuple[Scored | None, Scored | None] = (found.present, found.candidate)
    before, after = (() if one is None else bars(one.score) for one in both)
    return before, after


def _number(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.3f}"


def _difference(found: Difference, matched: Mapping[ScoredTicket, str]) -> dict[str, Any]:
    return {
        "present": len(found.present),
        "candidate": len(found.candidate),
        "rules": [asdict(row) for row in by_rule(found)],
        "gained": [_ticket(one, matched) for one in found.gained],
        "lost": [_ticket(one, matched) for one in found.lost],
    }


def _ticket(one: ScoredTicket, matched: Mapping[ScoredTicket, str]) -> dict[str, Any]:
    where = {"store": one.store, "device": one.device, "at": one.opened_at.isoformat(), "rule": one.rule}
    fault = {"fault": matched[one] or None} if one in matched else {}
    return {**where, "causes": list(one.causes), **fault}
