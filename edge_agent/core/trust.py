"""Whether a gateway's clock can be right."""

from __future__ import annotations

from datetime import UTC, datetime

RELEASED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Nobody ran this program before: a clock that says so has lost its time."""


def is_trusted(at: datetime) -> bool:
    return at >= RELEASED_AT
