"""The database file: opened for one writer at a time and any number of readers, and brought to this version."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolExhausted

BUSY_TIMEOUT_S = 5.0
LOOK_AGAIN_S = 0.002
"""How often a writer looks whether it is its turn. SQLite's own waiting looks ever more seldom: of two collectors at
work one would wait for seconds."""
WAL_ATTEMPTS = 20

_OUR_FAULT = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "journal_size_limit = 67108864")
_LOOKS_ONLY = ("query_only = ON",)
WRITER_CACHE_KIB, READER_CACHE_KIB = 65_536, 8_192
"""Of each connection: there are few that write and up to forty that read."""


class TryLater(Exception):
    """The database is not to be had just now (locked, full, failing disk); nothing was kept."""


class FileIsNewer(Exception):
    """A later version wrote the file: install that one again, or take a copy from before it."""


class FileIsOlder(Exception):
    """An earlier version wrote the file, or none has: let this one bring it up to date."""


class Database:
    """One SQLite file. A write sees and changes what no other writer does until it is over."""

    def __init__(self, path: Path, busy_timeout: float = BUSY_TIMEOUT_S, *, looks_only: bool = False) -> None:
        """`busy_timeout` is how many seconds a writer waits for another one. One that `looks_only` makes no file
        where there is none, and writes nothing."""
        url = _as_it_is(path) if looks_only else URL.create("sqlite", database=str(path))
        self._writers = _engine(url, busy_timeout, WRITER_CACHE_KIB, pool_size=2, looks_only=looks_only)
        self._readers = _engine(url, busy_timeout, READER_CACHE_KIB, pool_size=8, looks_only=looks_only)
        self.refused = False
        """Whether the last write came to nothing: disk full or failing, or another writer that did not end."""

    @property
    def engine(self) -> Engine:
        """Whose connections write."""
        return self._writers

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block. Raises TryLater."""
        try:
            with _transaction(self._writers, "IMMEDIATE") as connection:
                yield connection
        except TryLater:
            self.refused = True
            raise
        self.refused = False

    def try_write(self) -> None:
        """Writes a page that says what it said before. Raises TryLater where that is not possible either."""
        with self.writing() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            connection.exec_driver_sql(f"PRAGMA user_version = {version}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """All that is read within the block is of one instant. Raises TryLater."""
        with _transaction(self._readers, "DEFERRED") as connection:
            yield connection

    def close(self) -> None:
        self._writers.dispose()
        self._readers.dispose()

    def migrate(self) -> None:
        """Brings the file to this version; two at once do no harm. Raises TryLater, FileIsNewer."""
        with self.writing() as connection:
            try:
                command.upgrade(alembic_config(connection), "head")
            except CommandError as error:
                raise FileIsNewer(str(error)) from error

    def check_version(self) -> None:
        """Raises TryLater, FileIsOlder, FileIsNewer."""
        with self.reading() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            versions = ScriptDirectory.from_config(alembic_config(connection))
        if found == versions.get_current_head():
            return
        if found is None or found in {each.revision for each in versions.walk_revisions()}:
            raise FileIsOlder(found or "no version")
        raise FileIsNewer(found)


@contextmanager
def _transaction(engine: Engine, kind: str) -> Iterator[Connection]:
    try:
        with engine.connect().execution_options(begin=kind) as connection, connection.begin():
            yield connection
    except (DatabaseError, PoolExhausted) as error:
        if isinstance(error, _OUR_FAULT):
            raise
        raise TryLater(str(error.__cause__ or error)) from error


def _as_it_is(path: Path) -> URL:
    """Opened for writing all the same: a connection that may only read leaves the files of the log behind."""
    return URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})


def _engine(url: URL, busy_timeout: float, cache_kib: int, pool_size: int, *, looks_only: bool) -> Engine:
    engine = create_engine(url, pool_size=pool_size, max_overflow=32, connect_args={"timeout": busy_timeout})
    event.listen(engine, "connect", partial(_configure, cache_kib, looks_only))
    event.listen(engine, "begin", partial(_begin, busy_timeout))
    return engine


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _configure(cache_kib: int, looks_only: bool, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say: see _begin
    if not looks_only:
        _write_ahead(connection)
    for pragma in (*(_LOOKS_ONLY if looks_only else _PRAGMAS), f"cache_size = -{cache_kib}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """The first to open a new file changes its mode; SQLite does not let others wait for that, so we do."""
    for _ in range(WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError:
            connection.execute("BEGIN IMMEDIATE").close()  # this does wait for whoever has the file
            connection.execute("COMMIT").close()
        else:
            return
    raise sqlite3.OperationalError("database is locked: the journal mode cannot be set")


def _begin(patience: float, connection: Connection) -> None:
    kind = connection.get_execution_options()["begin"]
    if kind == "IMMEDIATE" and _got_turn(connection.connection.dbapi_connection, patience):
        return
    connection.exec_driver_sql(f"BEGIN {kind}")  # says why not, in SQLAlchemy's terms


def _got_turn(connection: Any, patience: float) -> bool:
    """Whether the transaction has begun within `patience` seconds."""
    pause = threading.Event()
    connection.execute("PRAGMA busy_timeout = 0").close()
    until = time.monotonic() + patience  # noqa: TID251 — looks are no measure: each also waits for Python's own lock
    while time.monotonic() < until:  # noqa: TID251
        try:
            connection.execute("BEGIN IMMEDIATE").close()
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
        else:
            return True
        pause.wait(LOOK_AGAIN_S)
    return False
