"""collector quarantine: what could not be read, one of them in full, and another try."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime

from collector.record import Recorder
from collector.retry import Retried, take_in_again
from collector.settings import Settings
from collector.store import quarantine
from collector.store.database import Database
from collector.store.quarantine import QUARANTINED_AT_MOST, Quarantined
from collector.telemetry.base import TelemetryStore
from collector.telemetry.choose import telemetry_store
from edge_agent.contract.text import Text
from rules.load import load_rules

FIRST_BYTES = 80

Say = Callable[[Text], None]


def list_messages(database: Database, arguments: argparse.Namespace, say: Say) -> None:
    messages = _all(database, FIRST_BYTES)
    if arguments.json:
        sys.stdout.write(json.dumps([_row(one) for one in messages], ensure_ascii=False) + "\n")
        return
    for one in messages:
        sys.stdout.write(
            f"{one.id}\t{one.at:%Y-%m-%d %H:%M:%SZ}\t{one.topic}\t{one.size} B\t×{one.times}\t{one.reason}\n"
        )
    if not messages:
        say(Text(zh="隔离区是空的", en="nothing is in quarantine"))


def show_message(database: Database, arguments: argparse.Namespace, say: Say) -> bool:
    """False where there is none of that number."""
    with database.reading() as connection:
        payload = quarantine.payload_of(connection, arguments.id)
    if payload is None:
        say(Text(zh=f"隔离区没有 {arguments.id} 号消息", en=f"no message {arguments.id} is in quarantine"))
        return False
    sys.stdout.write(payload.decode("utf-8", "backslashreplace") + "\n")
    return True


def retry_messages(
    database: Database, settings: Settings, arguments: argparse.Namespace, say: Say, now: datetime
) -> bool:
    """Each in a transaction of its own, the oldest first; True where nothing is left of those that were asked for."""
    wanted = [one.id for one in reversed(_all(database, 0)) if arguments.id in {None, one.id}]
    telemetry = telemetry_store(settings.telemetry, database, lambda: now)
    try:
        recorder = Recorder(load_rules(settings.rules, settings.overrides), telemetry)
        outcomes = [_retry(database, number, recorder, telemetry, say, now) for number in wanted]
    finally:
        telemetry.close()
    return not any(outcomes)


def _retry(
    database: Database, number: int, recorder: Recorder, telemetry: TelemetryStore, say: Say, now: datetime
) -> str:
    """Why it is still there; "" where it is not."""
    with database.writing() as connection:
        held, payload = quarantine.find(connection, number), quarantine.payload_of(connection, number)
        if held is None or payload is None:
            return ""
        retried = take_in_again(connection, held, payload, recorder, telemetry, now)
    say(_outcome(held, retried))
    return retried.reason


def _outcome(held: Quarantined, retried: Retried) -> Text:
    if retried.reason:
        return Text(zh=f"{held.id}:仍无法读取 — {retried.reason}", en=f"{held.id}: still unreadable: {retried.reason}")
    return Text(zh=f"{held.id}:已补收 {retried.taken} 条", en=f"{held.id}: took in {retried.taken} entries")


def _all(database: Database, first_bytes: int) -> tuple[Quarantined, ...]:
    with database.reading() as connection:
        return quarantine.quarantined(connection, QUARANTINED_AT_MOST, first_bytes)


def _row(one: Quarantined) -> dict[str, object]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "topic": one.topic,
        "size": one.size,
        "times": one.times,
        "reason": one.reason,
        "lost_entries": len(one.refused),
        "beginning": one.beginning.decode("utf-8", "backslashreplace"),
    }
