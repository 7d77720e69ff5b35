"""Entries that tests put into an outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from edge_agent.contract.codec import decode_batch, encode_batch
from edge_agent.contract.readings import AgentStatus, Body, BusHealth, Device, Entry, OutboxHealth, Reading, Telemetry
from edge_agent.contract.text import Text
from edge_agent.outbox.queue import Outbox, StorageRefused

NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
SMALL = 80 * 1024
T = TypeVar("T")


def polled(number: int = 0, device: str = "freezer-1", readings: int = 2) -> Telemetry:
    """The poll of second `number` after noon, which can be told from all others by its time."""
    return Telemetry(
        device=device,
        at=NOON + timedelta(seconds=number),
        boot="boot-1",
        mono=float(number),
        clock_trusted=True,
        readings=tuple(Reading(point=f"temp.{n}", value=-20.0 + number) for n in range(readings)),
    )


def status(number: int = 0) -> AgentStatus:
    return AgentStatus(
        at=NOON + timedelta(seconds=number),
        boot="boot-1",
        agent_version="0.1.0",
        name=Text(zh="示范门店", en="Demo store"),
        timezone="Asia/Shanghai",
        devices=(
            Device(
                id="freezer-1",
                device_class="refrigeration_case",
                duty="freezer",
                profile="danfoss_ekc202d",
                profile_version=1,
                proven=False,
                name=Text(zh="冷冻柜 1", en="Freezer 1"),
            ),
        ),
        buses=(BusHealth(bus="line-a", up=True, turns=9, requests=90, no_answers=1, refusals=0, cycle_s=0.4),),
        outbox=OutboxHealth(entries=0, oldest_at=None, dropped=0),
    )


def entries_of(outbox: Outbox) -> tuple[Entry, ...]:
    """All that is waiting, decoded as head office would; what a ruined file has of it is taken over first."""
    while outbox.rescuing:
        outbox.rescue_on()
    pending = outbox.pending(0, limit_bytes=2**30, limit_rows=2**30)
    return decode_batch("demo-001", encode_batch(outbox.stream, pending)).entries


def second_try(call: Callable[[], T]) -> T:
    """Ruin that is found in the middle of a call is mended in it, and the call made again."""
    with suppress(StorageRefused):
        return call()
    return call()


def overwrite(file: Path, old: bytes, new: bytes, *, times: int = 1) -> None:
    """Changes bytes behind the back of SQLite."""
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, times))


def entries_of_bodies(encoded: Sequence[bytes]) -> list[Body]:
    """What head office reads of bodies that were sent."""
    batch = decode_batch("demo-001", encode_batch("stream", list(enumerate(encoded, start=1))))
    return [entry.body for entry in batch.entries]
