"""A store's day in small: telemetry of refrigeration cases with values that move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import AgentStatus, Device, OutboxHealth, Reading, Telemetry
from edge_agent.contract.text import same

BEGIN_AT = datetime(2026, 7, 1, tzinfo=UTC)
_POINTS = [point for point in DEVICE_CLASSES["refrigeration_case"].points.values() if point.type == "number"][:12]
_FLAGS = [point for point in DEVICE_CLASSES["refrigeration_case"].points.values() if point.type == "flag"][:8]


def device(number: int) -> Device:
    return Device(
        id=f"case-{number}",
        device_class="refrigeration_case",
        duty="freezer",
        profile="danfoss_ekc204a1",
        profile_version=1,
        proven=False,
        name=same(f"Case {number}"),
    )


def telemetry(number: int, poll: int) -> Telemetry:
    """20 readings of device `number`, half a minute after the poll before."""
    moving = tuple(
        Reading(point=point.name, value=-20.0 + (poll * 7 + index) % 30 / 10) for index, point in enumerate(_POINTS)
    )
    flags = tuple(Reading(point=point.name, value=(poll + index) % 40 == 0) for index, point in enumerate(_FLAGS))
    at = BEGIN_AT + timedelta(seconds=30 * poll)
    return Telemetry(
        device=f"case-{number}", at=at, boot="bench", mono=30.0 * poll, clock_trusted=True, readings=moving + flags
    )


def status(devices: int) -> AgentStatus:
    return AgentStatus(
        at=BEGIN_AT,
        boot="bench",
        agent_version="0",
        name=same("bench"),
        timezone="Asia/Shanghai",
        devices=tuple(device(number) for number in range(devices)),
        buses=(),
        outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
    )
