"""How often rules are right, over HTTP: one tap for what a ticket turned out to be, and rules in shadow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from sqlalchemy import Connection

from collector import precision
from collector.api.acting import Asked, Reason, refusing
from collector.api.office import OfficeHere
from collector.api.problems import documented, not_found
from collector.api.session import Who, signed_in
from collector.domain.budget import DEFAULT, LOOKS_BACK, Code, Verdict, judge_record
from collector.store import closures, suppressions, tickets
from collector.store.closures import Closure
from collector.store.suppressions import Mode, RuleMode
from edge_agent.contract.text import Text
from rules.book import RuleBook
from rules.document import RULE_ID

router = APIRouter(
    prefix="/api/v1",
    tags=["alarms"],
    dependencies=[Depends(signed_in)],
    responses=documented(HTTPStatus.UNAUTHORIZED),
)

_TicketId = Annotated[int, Path(alias="id", ge=1, le=2**63 - 1)]
_Rule = Annotated[str, Path(pattern=RULE_ID, max_length=128)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOut:
    """What a ticket turned out to be; null where nobody has said so yet."""

    closure: Closure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRule:
    """`mode` is what somebody, or the rule's budget, has said; null: what its file says. `precision` is a share of 1 of
    the `judged` tickets that say something of the rule.
    """

    rule: str
    mode: Mode | None
    actor: str | None
    at: datetime | None
    reason: str | None
    precision: float | None
    judged: int
    counts: dict[Code, int]
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """Rules of which something was said in the last 90 days; a rule has to be right in `precision_wanted` of them."""

    precision_wanted: float
    closures_wanted: int
    rules: tuple[ShownRule, ...]


class FindingRequest(Asked):
    """`was` is the code that whoever says it saw, if any."""

    was: Code | None = None
    code: Code
    note: Annotated[str | None, Field(max_length=2000)] = None


class ModeRequest(Asked):
    """`was` is the mode that whoever sets it saw, if any."""

    was: Mode | None = None
    mode: Mode
    reason: Reason


@router.get(
    "/tickets/{id}/closure",
    operation_id="showClosure",
    summary="What a ticket turned out to be",
    responses=documented(HTTPStatus.NOT_FOUND),
)
def show_closure(ticket_id: _TicketId, office: OfficeHere) -> FoundOut:
    with office.database.reading() as connection:
        _find(connection, ticket_id)
        return FoundOut(closure=closures.of_ticket(connection, ticket_id))


@router.post(
    "/tickets/{id}/closure",
    operation_id="codeTicket",
    summary="Say what a ticket turned out to be",
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN),
)
def code_ticket(ticket_id: _TicketId, asked: FindingRequest, who: Who, office: OfficeHere) -> FoundOut:
    finding = precision.Finding(was=asked.was, code=asked.code, note=asked.note)
    with refusing(), office.database.writing() as connection:
        placed = _find(connection, ticket_id)
        said = precision.code_ticket(connection, office.book(), placed, finding, who, office.clock.now())
    office.feed.wake()
    return FoundOut(closure=said)


@router.get("/rules", operation_id="listRules", summary="How often rules are right, and which are in shadow")
def list_rules(office: OfficeHere) -> RuleList:
    now, book = office.clock.now(), office.book()
    with office.database.reading() as connection:
        known = {*closures.rules(connection, now - LOOKS_BACK), *suppressions.modes(connection)}
        listed = tuple(_show(connection, book, rule, now) for rule in sorted(known))
    return RuleList(precision_wanted=DEFAULT.precision, closures_wanted=DEFAULT.closures, rules=listed)


@router.post(
    "/rules/{rule}/mode",
    operation_id="setRuleMode",
    summary="Put a rule into shadow, or to work again",
    responses=documented(HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN),
)
def set_rule_mode(rule: _Rule, asked: ModeRequest, who: Who, office: OfficeHere) -> ShownRule:
    now, book = office.clock.now(), office.book()
    with refusing(), office.database.writing() as connection:
        fresh = RuleMode(rule=rule, mode=asked.mode, actor=who.name, at=now, reason=asked.reason)
        precision.set_mode(connection, book, asked.was, fresh, who)
        shown = _show(connection, book, rule, now)
    office.feed.wake()
    return shown


def _show(connection: Connection, book: RuleBook, rule: str, now: datetime) -> ShownRule:
    found, mode = precision.record(connection, book, rule, now), suppressions.modes(connection).get(rule)
    return ShownRule(
        rule=rule,
        mode=mode.mode if mode else None,
        actor=mode.actor if mode else None,
        at=mode.at if mode else None,
        reason=mode.reason if mode else None,
        precision=found.precision,
        judged=found.judged,
        counts=found.counts,
        verdict=judge_record(found),
    )


def _find(connection: Connection, ticket_id: int) -> tickets.Placed:
    placed = tickets.find(connection, ticket_id)
    if placed is None:
        raise not_found(Text(zh=f"没有工单 {ticket_id}", en=f"there is no ticket {ticket_id}"))
    return placed
