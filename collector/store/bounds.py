"""Tables that grow with every trouble and every change keep what is newest: nobody looks further back, disks end."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

KEPT = {"unjudged": 1_000_000, "gap": 1_000_000, "feed_event": 500_000, "alarm_entry": 5_000_000}
"""Rows, in the order in which they were written: some 100 bytes each, an event of the feed 1 kB. The audit of alarms is
that of years in a chain of a thousand stores."""
DROPPED_AT_ONCE = 1_000

_DROP = """DELETE FROM {table} WHERE rowid IN (
  SELECT rowid FROM {table} WHERE rowid <= (SELECT max(rowid) FROM {table}) - ? ORDER BY rowid LIMIT ?
)"""


def drop_beyond(connection: Connection, kept: Mapping[str, int] = KEPT) -> bool:
    """Some of the oldest rows of each; True where there may be more."""
    dropped = [
        connection.exec_driver_sql(_DROP.format(table=table), (most, DROPPED_AT_ONCE)).rowcount
        for table, most in kept.items()
    ]
    return max(dropped) >= DROPPED_AT_ONCE
