"""How soon somebody must act: the consequence, and the time there is to respond (after ISA-18.2 / IEC 62682)."""

from __future__ import annotations

from collections.abc import Mapping

from rules.food import Food
from rules.model import Priority, Severity

BY_CONSEQUENCE: Mapping[Severity, tuple[Priority, Priority, Priority, Priority]] = {
    "critical": ("urgent", "urgent", "high", "medium"),
    "high": ("urgent", "high", "medium", "low"),
    "low": ("high", "medium", "low", "low"),
}
"""For at most 30 min, 2 h and 8 h to respond, and for longer."""
STEPS_MIN = (30, 120, 480)
UNSAID_MIN: Mapping[Severity, float] = {"critical": 60, "high": 240, "low": 1440}
"""The time to respond where nothing tells it."""


def priority_of(severity: Severity, food: Food | None) -> Priority:
    """`severity` is the consequence of doing nothing; food that will be too warm makes it critical."""
    minutes = None if food is None else food.minutes_to_limit
    if minutes is None:
        return _of(severity, UNSAID_MIN[severity])
    return _of("critical", minutes)


def _of(severity: Severity, minutes: float) -> Priority:
    step = sum(minutes > each for each in STEPS_MIN)
    return BY_CONSEQUENCE[severity][step]
