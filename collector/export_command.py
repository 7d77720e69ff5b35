"""collector export FOLDER: what is stored of stores, for rules on trial."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path

from collector.explain_command import instant
from collector.export import export
from collector.settings import Settings
from collector.store.database import Database
from collector.telemetry.choose import telemetry_store
from edge_agent.contract.text import Text

EXPORTED = timedelta(days=30)


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="写入此文件夹 / written into it")
    parser.add_argument("--store", action="append", default=[], metavar="ID", help="门店,默认全部 / default: all")
    parser.add_argument("--since", type=instant, metavar="TIME", help="默认 30 天前 / default: 30 days ago")
    parser.add_argument("--until", type=instant, metavar="TIME", help="默认现在 / default: now")


def export_stored(database: Database, settings: Settings, arguments: argparse.Namespace, now: datetime) -> Text:
    """What was done. Raises UnknownStore, OSError."""
    since, until = arguments.since or now - EXPORTED, arguments.until or now
    telemetry = telemetry_store(settings.telemetry, database, lambda: now)
    try:
        readings = export(database, telemetry, arguments.folder, set(arguments.store), since, until)
    finally:
        telemetry.close()
    return Text(zh=f"已导出 {readings} 条读数", en=f"{readings} readings written")
