"""Every alarm that was ever raised, with its beginning and its end, and how the history of an outage amends them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from edge_agent.contract.text import Text
from rules.model import Change, Evidence, Rule
from rules.segments import Correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One alarm from its beginning to its end, in event time; a device has one of a rule for each `since`.

    `past`: it was known only once it was over, so that nobody was told and no ticket opened. `cleared_at` is None while
    it goes on, as far as is known.
    """

    rule: str
    severity: str
    title: Text
    since: datetime
    since_at_least: bool
    raised_at: datetime
    cleared_at: datetime | None
    past: bool
    ticket: int | None
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What to write: the episode that began at `removed` was in truth the one to `put`, or none is removed."""

    removed: datetime | None
    put: Episode


def episode_of(change: Change, title: Text, ticket: int | None) -> Episode:
    """Of a raised alarm; without a ticket it is one of the past."""
    return Episode(
        rule=change.rule,
        severity=change.severity,
        title=title,
        since=change.since,
        since_at_least=change.since_at_least,
        raised_at=change.at,
        cleared_at=None,
        past=ticket is None,
        ticket=ticket,
        evidence=change.evidence,
    )


def amend(correction: Correction, rule: Rule, known: Episode | None, true: Episode | None) -> Amendment | None:
    """`known` is the episode that began when the later segment thought, `true` the one that did when history says."""
    since, was = correction.since, correction.was
    if since is None:
        return None
    if was is None or was == since or known is None:
        return _settle(correction, rule, true)
    if since < was:
        told = replace(
            true or known, ticket=known.ticket, past=known.past, cleared_at=known.cleared_at, raised_at=known.raised_at
        )
        if true is not None:
            told = replace(told, raised_at=min(true.raised_at, known.raised_at), past=known.past and true.past)
        return _put(correction, told, removed=was)
    told = true or replace(known, raised_at=max(known.raised_at, since))
    return _put(correction, replace(told, ticket=known.ticket, past=known.past, cleared_at=correction.until))


def _settle(correction: Correction, rule: Rule, true: Episode | None) -> Amendment | None:
    """One that only the end of the history and the first words after it together show is written down as past."""
    if true is None and correction.until is None:
        return None
    ends = [at for at in (correction.until, true.cleared_at if true else None) if at is not None]
    told = true or _unseen(correction, rule)
    return _put(correction, replace(told, cleared_at=min(ends, default=None)))


def _put(correction: Correction, told: Episode, removed: datetime | None = None) -> Amendment:
    since = correction.since or told.since
    return Amendment(removed=removed, put=replace(told, since=since, since_at_least=correction.at_least))


def _unseen(correction: Correction, rule: Rule) -> Episode:
    since, until = correction.since or correction.until, correction.until
    if since is None or until is None:
        raise ValueError("an episode that nobody saw has a beginning and an end")
    evidence = Evidence(condition=rule.title, held_for=until - since, values=(), params={}, excluded=())
    return Episode(
        rule=rule.id,
        severity=rule.severity,
        title=rule.title,
        since=since,
        since_at_least=correction.at_least,
        raised_at=min(since + rule.hold, until),
        cleared_at=until,
        past=True,
        ticket=None,
        evidence=evidence,
    )
