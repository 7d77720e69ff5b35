"""What a ticket may be about: a rule in force, or what the store as a whole or head office's own watch has found."""

from __future__ import annotations

from collections.abc import Set

from collector.domain.intake import Fault
from collector.domain.line_faults import LINE_FAULTS
from collector.domain.office_faults import OFFICE_FAULTS
from edge_agent.contract.text import Text, same
from rules.book import RuleBook, book_of
from rules.shared import FAULTS

NO_RULES = book_of(())
OWN_FAULTS = LINE_FAULTS.keys() | OFFICE_FAULTS.keys()
"""What head office's own watch finds. It has no episodes: a store's history would never tell of their ends."""


class Unknown:
    """Of a rule that is not in force any more, whose alarm leaves the ticket that it followed from."""

    key_value = None
    limit = None

    def __init__(self, rule: str) -> None:
        self.title: Text = same(rule)


def fault_of(book: RuleBook, rule: str) -> Fault:
    return book.by_id.get(rule) or FAULTS.get(rule) or LINE_FAULTS.get(rule) or OFFICE_FAULTS.get(rule) or Unknown(rule)


def known_faults(book: RuleBook) -> Set[str]:
    """The ids of all that somebody may be told of."""
    return book.by_id.keys() | FAULTS.keys() | OWN_FAULTS
