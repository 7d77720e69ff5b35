"""What visits found, and what follows for the rule that sent for them: its budget, and its shadow."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from collector.desk import note_change
from collector.domain import office_faults
from collector.domain.accounts import Account
from collector.domain.acting import ActionRefused, permit
from collector.domain.alarms import Entry
from collector.domain.budget import CODE_NAMES, LOOKS_BACK, Code, Record, judge_record, record_of
from collector.domain.intake import said
from collector.domain.line_faults import OFFICE, OFFICE_NAME
from collector.domain.tickets import STOREWARDEN, Ticket
from collector.store import alarms, closures, inventory, lines, suppressions
from collector.store.closures import Closure
from collector.store.suppressions import MODE_NAMES, Mode, RuleMode
from collector.store.tickets import Placed
from edge_agent.contract.text import Text, same
from rules.alarm import ChangeKind
from rules.book import RuleBook

_NOT_SAID = Text(zh="还没有结论", en="not said")
_BY_FILE = Text(zh="按规则文件", en="as its file says")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`was` is what whoever says it saw: the code that had been given before, if any."""

    was: Code | None
    code: Code
    note: str | None = None


def code_ticket(
    connection: Connection, book: RuleBook, placed: Placed, finding: Finding, who: Account, now: datetime
) -> Closure:
    """A rule that has spent its budget goes to shadow. Raises ActionRefused."""
    ticket = placed.ticket
    permit("code", who.role)
    known = closures.of_ticket(connection, ticket.id)
    if (known.code if known else None) != finding.was:
        now_is = CODE_NAMES[known.code] if known else _NOT_SAID
        raise ActionRefused(Text(zh=f"结论现在是：{now_is.zh}", en=f"the finding is by now: {now_is.en}"))
    fresh = Closure(
        ticket=ticket.id,
        rule=ticket.fault,
        code=finding.code,
        food=ticket.severity == "critical" and placed.device.duty in book.food.duties,
        actor=who.name,
        at=now,
        note=finding.note,
    )
    closures.write(connection, fresh)
    entry = Entry(
        at=now,
        actor=who.name,
        kind="coded",
        store=ticket.store,
        device=ticket.device,
        rule=ticket.fault,
        severity=ticket.severity,
        source=finding.was,
        target=finding.code,
        reason=finding.note,
    )
    alarms.note(connection, [entry])
    _keep_to_budget(connection, book, ticket, now)
    return fresh


def record(connection: Connection, book: RuleBook, rule: str, now: datetime) -> Record:
    """Of the last 90 days, or since somebody put the rule to work again."""
    since = now - LOOKS_BACK
    mode = suppressions.modes(connection).get(rule)
    if mode is not None and mode.mode == "live":
        since = max(since, mode.at)
    found = record_of(rule, closures.of_rule(connection, rule, since))
    return replace(found, food=found.food or _is_about_food(connection, book, rule))


def _is_about_food(connection: Connection, book: RuleBook, rule: str) -> bool:
    """Whether it is critical and judges devices that keep food, whether or not it has ever raised an alarm."""
    known = book.by_id.get(rule)
    if known is None or known.severity != "critical":
        return False
    duties = known.duties & book.food.duties.keys() if known.duties else book.food.duties.keys()
    return inventory.lists_any(connection, known.device_classes, duties)


def set_mode(connection: Connection, book: RuleBook, was: Mode | None, fresh: RuleMode, who: Account) -> None:
    """`was` is what the one who sets it saw, None where nobody has set it yet. Raises ActionRefused."""
    permit("shadow" if fresh.mode == "shadow" else "go_live", who.role)
    known = suppressions.modes(connection).get(fresh.rule)
    if (known.mode if known else None) != was:
        now_is = MODE_NAMES[known.mode] if known else _BY_FILE
        raise ActionRefused(Text(zh=f"规则现在是：{now_is.zh}", en=f"the rule is by now: {now_is.en}"))
    if not fresh.reason.strip():
        raise ActionRefused(Text(zh="需要说明原因", en="a reason is needed"))
    if fresh.mode == "shadow" and record(connection, book, fresh.rule, fresh.at).food:
        zh, en = "该规则涉及食品安全，不能转入影子模式", "the rule is about food at risk: it is never put into shadow"
        raise ActionRefused(Text(zh=zh, en=en))
    _set(connection, fresh)
    if fresh.mode == "live":
        anew = record(connection, book, fresh.rule, fresh.at)
        _tell_office(connection, "cleared", anew, same(fresh.rule), fresh.at)


def _keep_to_budget(connection: Connection, book: RuleBook, ticket: Ticket, now: datetime) -> None:
    rule = ticket.fault
    if rule in office_faults.OFFICE_FAULTS:
        return
    known = suppressions.modes(connection).get(rule)
    if known is not None and known.mode == "shadow":
        return
    found = record(connection, book, rule, now)
    verdict = judge_record(found)
    if verdict == "to_shadow":
        counted = f"{found.right}/{found.judged}"
        reason = said(Text(zh=f"准确率 {counted}", en=f"precision {counted}"))
        _set(connection, RuleMode(rule=rule, mode="shadow", actor=STOREWARDEN, at=now, reason=reason))
        log.warning("rule goes to shadow rule=%s right=%d of=%d", rule, found.right, found.judged)
    if verdict in {"to_shadow", "only_told"}:
        _tell_office(connection, "raised", found, ticket.title, now)


def _set(connection: Connection, fresh: RuleMode) -> None:
    suppressions.set_mode(connection, fresh)
    entry = Entry(
        at=fresh.at, actor=fresh.actor, kind="rule_mode", rule=fresh.rule, target=fresh.mode, reason=fresh.reason
    )
    alarms.note(connection, [entry])


def _tell_office(connection: Connection, kind: ChangeKind, found: Record, title: Text, now: datetime) -> None:
    device = office_faults.device_of(found.rule, title)
    shadowed = kind == "raised" and judge_record(found) == "to_shadow"
    change = office_faults.over_budget(kind, found, now, shadowed=shadowed)
    if kind == "raised":
        lines.list_own(connection, OFFICE, device, OFFICE_NAME)
    note_change(connection, change, office_faults.RULE_OVER_BUDGET, device, OFFICE, now)
