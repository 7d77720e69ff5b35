"""What is wrong with the lines to the stores, and the devices that head office lists for itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import sqlite

from collector.domain.line_faults import OFFICE
from collector.partitions import Partitions, partitions_of
from collector.store.tables import device, office_line, store, store_line
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`silent_since` is when a store that is said to be silent was last heard; `rivals_since`, when two agents began to
    speak for it. None where that is not so."""

    silent_since: datetime | None = None
    rivals_since: datetime | None = None


SOUND = Line()


def lines(connection: Connection) -> dict[str, Line]:
    """By store; those that are sound are left out."""
    return {
        row.store: Line(silent_since=row.silent_since, rivals_since=row.rivals_since)
        for row in connection.execute(select(store_line))
    }


def write_line(connection: Connection, store_id: str, line: Line) -> None:
    if line == SOUND:
        connection.execute(delete(store_line).where(store_line.c.store == store_id))
        return
    state = {"silent_since": line.silent_since, "rivals_since": line.rivals_since}
    statement = sqlite.insert(store_line).values(store=store_id, **state)
    connection.execute(statement.on_conflict_do_update(index_elements=["store"], set_=state))


def unheard(connection: Connection) -> dict[Partitions, datetime]:
    """Which collectors' stores fell silent together, and since when."""
    return {partitions_of(row.partitions): row.unheard_since for row in connection.execute(select(office_line))}


def write_unheard(connection: Connection, partitions: Partitions, since: datetime | None) -> None:
    """In the place of whatever was said for any of these partitions; None: they are heard again."""
    for said in unheard(connection):
        if said.overlap(partitions):
            connection.execute(delete(office_line).where(office_line.c.partitions == str(said)))
    if since is not None:
        connection.execute(insert(office_line).values(partitions=str(partitions), unheard_since=since))


def last_heard(connection: Connection, since: datetime) -> dict[str, datetime]:
    """The stores of which a message has arrived since then, with the instant of the last."""
    query = select(store.c.id, store.c.last_seen_at).where(store.c.last_seen_at >= since, store.c.id != OFFICE)
    return {row.id: row.last_seen_at for row in connection.execute(query)}


def list_own(connection: Connection, store_id: str, own: Device, name: Text) -> None:
    """A device that no inventory names, and that is therefore neither judged nor shown; a ticket may stand on it.

    `name` is the store's, where the store is head office itself.
    """
    connection.execute(sqlite.insert(store).values(id=store_id, name=name, timezone="UTC").on_conflict_do_nothing())
    about = {
        "device_class": own.device_class,
        "duty": own.duty,
        "profile": own.profile,
        "profile_version": own.profile_version,
        "proven": own.proven,
        "name": own.name,
    }
    statement = sqlite.insert(device).values(store=store_id, id=own.id, position=0, listed=False, answers=True, **about)
    connection.execute(statement.on_conflict_do_update(index_elements=["store", "id"], set_=about))
    connection.execute(update(store).where(store.c.id == store_id).values(stamp=None))  # nobody has it at hand
