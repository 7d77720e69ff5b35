"""What is told of a store when its present begins: what stands and nobody was told of, and what is over meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from sqlalchemy import Connection

from collector.domain.episodes import Episode
from collector.store import episodes, memories, tickets
from edge_agent.contract.readings import Device
from rules.book import RuleBook
from rules.memory import DeviceMemory
from rules.model import Change, Rule

Restate = Callable[[str, Device, DeviceMemory, Collection[str]], tuple[Change, ...]]
"""As `rules.standing.restate`, of a device of a store."""


def untold(
    connection: Connection, book: RuleBook, restate: Restate, store: str, devices: Mapping[str, Device]
) -> Iterator[tuple[Device, Change]]:
    """Each raised alarm whose episode has no ticket, then the end of each active ticket whose episodes are over.

    So what was told once is not told again, be its ticket still active or closed by a person; and what was raised and
    cleared without a word stays an episode of the past.
    """
    known = {id_: one.memory for id_, one in memories.recall_store(connection, store).items() if id_ in devices}
    for id_, memory in sorted(known.items()):
        raised = {rule: alarm.since for rule, alarm in memory.alarms.items() if alarm.raised}
        if rules := {
            rule for rule, since in raised.items() if not episodes.is_told(connection, store, id_, rule, since)
        }:
            yield from ((devices[id_], change) for change in restate(store, devices[id_], memory, rules))
    for ticket in tickets.active(connection, store):
        memory_of = known.get(ticket.device)
        alarm = memory_of.alarms.get(ticket.fault) if memory_of else None
        if memory_of is None or ticket.fault not in book.by_id or (alarm is not None and alarm.raised):
            continue
        if (last := episodes.last_end(connection, ticket)) is not None:
            yield devices[ticket.device], _over(ticket.device, book.by_id[ticket.fault], last)


def _over(device: str, rule: Rule, last: Episode) -> Change:
    return Change(
        rule=rule.id,
        device=device,
        kind="cleared",
        at=last.cleared_at or last.raised_at,
        since=last.since,
        severity=rule.severity,
        evidence=last.evidence,
        diagnosis=(),
    )
