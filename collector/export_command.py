"""collector export FOLDER: what is stored of stores, for rules on trial."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path

from collector.export import export
from collector.looking import instant, telemetry_of
from collector.settings import Settings
from collector.store.database import Database
from edge_agent.contract.text import Text

EXPORTED = timedelta(days=30)


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        type=Path,
        metavar="FOLDER",
        help="写入此新文件夹,格式见 docs/recorded-data.md / a new folder, see there",
    )
    parser.add_argument("--store", action="append", default=[], metavar="ID", help="门店,默认全部 / default: all")
    parser.add_argument("--since", type=instant, metavar="TIME", help="默认 30 天前 / default: 30 days ago")
    parser.add_argument("--until", type=instant, metavar="TIME", help="默认现在 / default: now")


def export_stored(database: Database, settings: Settings, arguments: argparse.Namespace, now: datetime) -> Text:
    """What was done. Raises UnknownStore, NothingStored, Faulty, CannotLook, TryLater, OSError."""
    since, until = arguments.since or now - EXPORTED, arguments.until or now
    with telemetry_of(settings, database, now) as telemetry:
        readings = export(database, telemetry, arguments.folder, set(arguments.store), since, until)
    return Text(zh=f"已导出 {readings} 条读数", en=f"{readings} readings written")
