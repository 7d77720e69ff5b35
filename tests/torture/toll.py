"""One line of the table: a promise, how often it was put to the test, and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """`lost` and `duplicated` are entries; `broken` are rounds in which anything else that was promised did not hold.

    `figures` are what else was measured, in words that a table can bear.
    """

    promise: str
    rounds: int
    lost: int = 0
    duplicated: int = 0
    broken: int = 0
    figures: str = ""

    @property
    def ok(self) -> bool:
        return self.rounds > 0 and not (self.lost or self.duplicated or self.broken)


Ordeal = Callable[[int, str], Toll]
"""Runs so many rounds by that seed."""


def table(tolls: Sequence[Toll]) -> str:
    """As docs/reliability.md shows it (Markdown)."""
    rows = ["| promise | rounds | lost | duplicated | broken | figures |", "|---|---|---|---|---|---|"]
    rows += [
        f"| {toll.promise} | {toll.rounds} | {toll.lost} | {toll.duplicated} | {toll.broken} | {toll.figures} |"
        for toll in tolls
    ]
    return "\n".join(rows) + "\n"
