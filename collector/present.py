"""What is told of a store when its present begins: what stands and nobody was told of, and what is over meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from collector.domain.episodes import Episode
from collector.domain.intake import TicketAlarm
from collector.domain.store_memory import StoreMemory
from collector.faults import OWN_FAULTS
from collector.store import alarms, cases, episodes, memories
from edge_agent.contract.readings import Device
from rules.book import RuleBook
from rules.memory import DeviceMemory
from rules.model import Change
from rules.shared import FAULTS, diagnosis_of

Restate = Callable[[Device, DeviceMemory, Collection[str]], tuple[Change, ...]]
"""As `rules.standing.restate`, of a device of a store."""


def untold(
    connection: Connection,
    book: RuleBook,
    restate: Restate,
    store: str,
    devices: Mapping[str, Device],
    memory: StoreMemory,
) -> Iterator[Change]:
    """Each raised alarm whose episode has no ticket, then the end of each that stands for operators and that is over.

    So what was told once is not told again, be its ticket still active or closed by a person; and what was raised and
    cleared without a word stays an episode of the past.
    """
    known = {id_: one.memory for id_, one in memories.recall_store(connection, store).items() if id_ in devices}
    raised = {(id_, rule) for id_, of_device in known.items() for rule in _raised(of_device)}
    raised |= {(one.device, key.partition(":")[0]) for key, one in memory.shared.alarms.items() if one.alarm.raised}
    for id_, of_device in sorted(known.items()):
        since = _raised(of_device)
        if rules := {rule for rule in since if not episodes.is_told(connection, store, id_, rule, since[rule])}:
            yield from restate(devices[id_], of_device, rules)
    yield from _shared(connection, book, store, memory)
    for end in _ends(connection, store, memory.at):
        judged = end.rule in FAULTS or (end.rule not in OWN_FAULTS and end.device in known)
        if judged and (end.device, end.rule) not in raised:
            yield end


def _raised(memory: DeviceMemory) -> dict[str, datetime]:
    return {rule: alarm.since for rule, alarm in memory.alarms.items() if alarm.raised}


def _shared(connection: Connection, book: RuleBook, store: str, memory: StoreMemory) -> Iterator[Change]:
    for key, one in sorted(memory.shared.alarms.items()):
        fault, since = FAULTS[key.partition(":")[0]], one.alarm.since
        known = episodes.find(connection, store, one.device, fault.id, since)
        if not one.alarm.raised or known is None or known.ticket is not None:
            continue
        yield Change(
            rule=fault.id,
            device=one.device,
            kind="raised",
            at=memory.at or known.raised_at,
            since=since,
            severity=fault.severity,
            evidence=known.evidence,
            diagnosis=diagnosis_of(one.causes or fault.causes, book.store_causes),
        )


def _ends(connection: Connection, store: str, at: datetime | None) -> Iterator[Change]:
    """Of all that operators see standing, should it be over by `at`: on open tickets, then of those on none."""
    shown = cases.standing(connection, store)
    for one in shown:
        alarm = one.standing
        if (last := episodes.last_end(connection, store, alarm.device, alarm.rule)) is not None:
            yield _over(one, last)
    on_tickets = {(one.standing.device, one.standing.rule) for one in shown}
    for row in alarms.active(connection, store):
        if (row.device, row.rule) not in on_tickets:
            known = episodes.find(connection, store, row.device, row.rule, row.since)
            ended_at = known.cleared_at if known else None
            yield replace(row.change, kind="cleared", at=ended_at or at or row.raised_at, diagnosis=())


def _over(shown: TicketAlarm, last: Episode) -> Change:
    return Change(
        rule=shown.standing.rule,
        device=shown.standing.device,
        kind="cleared",
        at=last.cleared_at or last.raised_at,
        since=last.since,
        severity=shown.standing.severity,
        evidence=last.evidence,
        diagnosis=(),
    )
