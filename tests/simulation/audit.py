"""What head office's own books must say once all is in: every reading can be read back, and nothing is left over."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from collector.telemetry.base import Span
from edge_agent.contract.clock import MILLISECOND, from_ms, to_ms
from edge_agent.contract.readings import Telemetry
from tests.simulation.gateway import BEGIN
from tests.simulation.ledger import Broken

if TYPE_CHECKING:
    from tests.simulation.office import HeadOffice

Told = Counter[tuple[int, float | str | None, str]]
"""Readings of a point, each by its instant (ms), value and quality."""

_LEFT_OVER = {
    "entries wait ahead of a hole": "SELECT count(*) FROM ahead WHERE store = ?",
    "memories of history are kept": "SELECT count(*) FROM segment_memory WHERE store = ?",
    "polls were not judged": "SELECT count(*) FROM unjudged WHERE store = ? AND reason != 'clock' AND at >= ?",
    "tickets tell of no alarm that ever was": """SELECT count(*) FROM ticket WHERE store = ? AND since >= ?
        AND state != 'merged' AND NOT EXISTS (SELECT 1 FROM episode WHERE episode.ticket = ticket.id)""",
    "tickets begin with another instant than their first alarm": """SELECT count(*) FROM ticket WHERE store = ?
        AND since >= ? AND since != (SELECT min(since) FROM episode WHERE episode.ticket = ticket.id
            AND episode.device = ticket.device AND episode.rule = ticket.fault)""",
    "beginnings are not known yet": """SELECT count(*) FROM episode LEFT JOIN ticket ON ticket.id = episode.ticket
        WHERE episode.store = ? AND episode.since >= ? AND (episode.since_at_least OR ticket.since_at_least)""",
    "alarms that were told have no ticket": """SELECT count(*) FROM episode WHERE store = ? AND since >= ?
        AND (past = 0) != (ticket IS NOT NULL)""",
}
_FEED = """WITH line AS (SELECT ticket, at, count(*) AS many FROM ticket_event GROUP BY ticket, at),
    told AS (SELECT ticket, data, CAST(round((julianday(json_extract(data, '$.updated_at')) - 2440587.5) * 86400000)
        AS INTEGER) AS at FROM feed_event)"""
"""The lines of tickets' histories by instant, and what the feed has told, with the instant that it told of."""
_WHOLE = {
    "messages were put aside": "SELECT count(*) FROM quarantine",
    "lines of tickets were not told": f"""{_FEED} SELECT count(*) FROM line WHERE many > (
        SELECT count(*) FROM told WHERE told.ticket = line.ticket AND told.at = line.at)""",
    "tickets were told twice": f"""{_FEED} SELECT count(*) FROM (
        SELECT ticket, at, count(*) AS many FROM told GROUP BY ticket, at, data) AS same WHERE many > max(1, coalesce(
        (SELECT many FROM line WHERE line.ticket = same.ticket AND line.at = same.at), 0))""",
}


@dataclass(slots=True)
class Shelf:
    """What head office has kept of a store since it was last looked at, by device and point."""

    kept: dict[tuple[str, str], Told] = field(default_factory=dict)

    def keep(self, telemetry: Telemetry) -> None:
        for one in telemetry.readings:
            value = float(one.value) if isinstance(one.value, bool | int) else one.value
            told = self.kept.setdefault((telemetry.device, one.point), Counter())
            told[to_ms(telemetry.at), value, one.quality] += 1

    def read_back(self, office: HeadOffice, store: str) -> None:
        """Each reading is there, once, as it was sent. Raises Broken."""
        for (device, point), told in self.kept.items():
            instants = {at for at, _, _ in told}
            here = _read(office, store, device, point, instants)
            more = {one: count for one, count in (here - told).items() if from_ms(one[0]) >= BEGIN}  # many boot in 1970
            if told - here or more:
                raise Broken(f"{store} {device} {point}: missing {told - here}, too many {more}")
        self.kept.clear()


def look_for_left_overs(office: HeadOffice, store: str, since: datetime) -> None:
    """Of a store whose days since then nobody has muddled. Raises Broken."""
    for what, query in _LEFT_OVER.items():
        params = (store, to_ms(since))[: query.count("?")]
        _none(office.ask(query, *params), f"{store}: {what}")


def look_at_office(office: HeadOffice) -> None:
    """Raises Broken."""
    for what, query in _WHOLE.items():
        _none(office.ask(query), what)


def _none(found: list[tuple[int]], what: str) -> None:
    if any(count for (count,) in found):
        raise Broken(f"{what}: {found[0][0]}")


def _read(office: HeadOffice, store: str, device: str, point: str, instants: set[int]) -> Told:
    span = Span(since=from_ms(min(instants)), until=from_ms(max(instants)) + MILLISECOND, most=10**9)
    samples = office.readings(store, device, point, span)
    return Counter((one.at_ms, one.value, one.quality) for one in samples if one.at_ms in instants)
