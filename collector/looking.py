"""What commands share that only look at what head office has: the database as it is, its telemetry, and instants."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from collector.settings import Settings
from collector.store.database import Database, FileIsOlder
from collector.telemetry.base import TelemetryStore
from collector.telemetry.choose import telemetry_store
from edge_agent.contract.text import Text

YEARS = range(2000, 2100)
"""Of instants that are asked for: no store has told anything before or after."""


class CannotLook(Exception):
    """There is nothing to look at; `sentence` says what to do."""

    def __init__(self, sentence: Text) -> None:
        self.sentence = sentence
        super().__init__(sentence.en)


@contextmanager
def looking_at(settings: Settings) -> Iterator[Database]:
    """The database as it is, neither made nor brought to this version. Raises CannotLook, FileIsNewer, TryLater."""
    path = settings.database
    if not path.is_file():
        zh = f"没有数据库 {path}:请检查设置中的 database,新数据库由 collector run 建立"
        en = f"there is no database {path}: see database: in the settings; collector run begins a new one"
        raise CannotLook(Text(zh=zh, en=en))
    with closing(Database(path, looks_only=True)) as database:
        try:
            database.check_version()
        except FileIsOlder as error:
            zh = f"数据库 {path} 不是本版本的:请先运行 collector migrate"
            en = f"the database {path} is not of this version: run collector migrate first"
            raise CannotLook(Text(zh=zh, en=en)) from error
        yield database


@contextmanager
def telemetry_of(settings: Settings, database: Database, now: datetime) -> Iterator[TelemetryStore]:
    """Raises CannotLook."""
    try:
        telemetry = telemetry_store(settings.telemetry, database, lambda: now)
    except OSError as error:
        zh, en = f"遥测服务器的令牌无法读取:{error}", f"the token of the telemetry server cannot be read: {error}"
        raise CannotLook(Text(zh=zh, en=en)) from error
    with closing(telemetry):
        yield telemetry


def instant(text: str) -> datetime:
    """Raises ArgumentTypeError. Without a zone nobody knows which hour is meant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("应为 / write it as 2026-07-15T12:30+08:00") from error
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("请写明时区 / say the zone: 2026-07-15T12:30+08:00")
    if at.year not in YEARS:
        raise argparse.ArgumentTypeError(f"年份应在 / the year lies within {YEARS[0]}–{YEARS[-1]}")
    return at
