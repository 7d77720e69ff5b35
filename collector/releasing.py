"""What a shelf, a mask, maintenance or shadow held back, told once nothing holds it any more."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import Connection

from collector.desk import note_change
from collector.domain.episodes import episode_of
from collector.domain.intake import Fault
from collector.domain.line_faults import LINE_FAULTS
from collector.domain.office_faults import OFFICE_FAULTS
from collector.lifecycle import Due, is_anything_due, release
from collector.store import episodes, inventory, tickets
from collector.store.database import Database
from rules.book import RuleBook
from rules.model import Rule
from rules.shared import FAULTS

log = logging.getLogger(__name__)


def tell_released(database: Database, book: RuleBook, now: datetime) -> int:
    """Asked every few seconds; writes only where there is something to do.

    Returns how many events it added to the feed. Raises TryLater.
    """
    shadowed = {rule.id for rule in book.rules if rule.shadow}
    with database.reading() as connection:
        if not is_anything_due(connection, now, shadowed):
            return 0
    with database.writing() as connection:
        return sum(_tell(connection, book, due, now) for due in release(connection, now, shadowed))


def _tell(connection: Connection, book: RuleBook, due: Due, now: datetime) -> bool:
    change, store = due.change, due.store
    fault = _fault(book, change.rule)
    device = inventory.known_devices(connection, [store])[store].get(change.device)
    if fault is None or device is None:
        log.warning("nothing is known of what was held back store=%s device=%s rule=%s", store, *_about(due))
        return False
    family = book.family(change.rule) if isinstance(fault, Rule) else frozenset({change.rule})
    ticket = note_change(connection, change, fault, device, store, now, family)
    standing = ticket or tickets.open_ticket(connection, store, device.id, family)
    if isinstance(fault, Rule) and standing is not None:
        episodes.open_one(connection, store, device.id, episode_of(change, fault, standing.id))
    return ticket is not None


def _fault(book: RuleBook, rule: str) -> Fault | None:
    """None of a rule that is no more."""
    return book.by_id.get(rule) or OFFICE_FAULTS.get(rule) or LINE_FAULTS.get(rule) or FAULTS.get(rule)


def _about(due: Due) -> tuple[str, str]:
    return due.change.device, due.change.rule
