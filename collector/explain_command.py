"""collector explain RULE --device ID: why an alarm is up, or is not, condition by condition."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime

import msgspec

from collector.explain import About, Explained, explain_now, explain_then
from collector.explain_text import lines
from collector.looking import instant, telemetry_of
from collector.settings import Settings
from collector.store.database import Database
from edge_agent.contract.text import language_of
from rules.load import load_rules


def add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rule", help="规则编号 / id of the rule")
    parser.add_argument("--device", required=True, metavar="ID", help="设备 / device")
    parser.add_argument("--store", metavar="ID", help="门店 / store, where several have such a device")
    parser.add_argument(
        "--at", type=instant, metavar="TIME", help="如 2026-07-15T12:30+08:00,默认为现在 / default: now"
    )
    parser.add_argument("--json", action="store_true", help="机器可读 / for a machine")


def explain_alarm(database: Database, settings: Settings, arguments: argparse.Namespace, now: datetime) -> None:
    """Raises Faulty, CannotExplain, CannotLook, TryLater."""
    book = load_rules(settings.rules, settings.overrides)
    about = About(arguments.rule, arguments.device, arguments.store)
    if arguments.at is None:
        explained = explain_now(database, book, about)
    else:
        with telemetry_of(settings, database, now) as telemetry:
            explained = explain_then(database, telemetry, book, about, arguments.at)
    sys.stdout.write(_json(explained) if arguments.json else "\n".join(lines(explained, language_of(os.environ))))
    sys.stdout.write("\n")


def _json(explained: Explained) -> str:
    ticket = explained.ticket
    told = {
        "store": explained.store.id,
        "explanation": explained.explanation,
        "ticket": None if ticket is None else {"number": ticket.number, "state": ticket.state},
        "withheld": explained.withheld,
        "since": explained.since,
        "episode": explained.episode,
    }
    return msgspec.json.encode(told).decode()
