"""What is told of a store when its present begins: what stands and nobody was told of, and what is over meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection

from collector.domain.episodes import Episode
from collector.domain.intake import TicketAlarm
from collector.domain.store_memory import StoreMemory
from collector.store import cases, episodes, memories
from edge_agent.contract.readings import Device
from rules.book import RuleBook
from rules.memory import DeviceMemory
from rules.model import Change
from rules.shared import FAULTS, diagnosis_of

Restate = Callable[[str, Device, DeviceMemory, Collection[str]], tuple[Change, ...]]
"""As `rules.standing.restate`, of a device of a store."""


def untold(
    connection: Connection,
    book: RuleBook,
    restate: Restate,
    store: str,
    devices: Mapping[str, Device],
    memory: StoreMemory,
) -> Iterator[Change]:
    """Each raised alarm whose episode has no ticket, then the end of each that a ticket shows and that is over.

    So what was told once is not told again, be its ticket still active or closed by a person; and what was raised and
    cleared without a word stays an episode of the past.
    """
    known = {id_: one.memory for id_, one in memories.recall_store(connection, store).items() if id_ in devices}
    raised = {(id_, rule) for id_, of_device in known.items() for rule in _raised(of_device)}
    raised |= {(one.device, key.partition(":")[0]) for key, one in memory.shared.alarms.items() if one.alarm.raised}
    for id_, of_device in sorted(known.items()):
        since = _raised(of_device)
        if rules := {rule for rule in since if not episodes.is_told(connection, store, id_, rule, since[rule])}:
            yield from restate(store, devices[id_], of_device, rules)
    yield from _shared(connection, book, store, memory)
    for _, shown in cases.standing(connection, store):
        standing = shown.standing
        judged = standing.rule in FAULTS or (standing.rule in book.by_id and standing.device in known)
        if not judged or (standing.device, standing.rule) in raised:
            continue
        if (last := episodes.last_end(connection, store, standing.device, standing.rule)) is not None:
            yield _over(shown, last)


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
            diagnosis=diagnosis_of(fault.causes, book.store_causes),
        )


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
