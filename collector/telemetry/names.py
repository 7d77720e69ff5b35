"""Short numbers for the names of devices and points, which every reading would else repeat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, Connection, Table, insert, select

from collector.store.tables import point, source

REMEMBERED = 200_000

Device = tuple[str, str]
"""Store and id."""


class Names:
    """Numbers of devices and points, given in the transaction that first needs them. Used by one thread."""

    def __init__(self) -> None:
        self.sources: dict[Device, int] = {}
        self.points: dict[str, int] = {}
        self._unproven: list[tuple[dict[Device, int], Device] | tuple[dict[str, int], str]] = []

    def begin(self) -> None:
        """What the last transaction added is looked up again: it may have been rolled back."""
        for known, name in self._unproven:
            known.pop(name, None)  # type: ignore[arg-type] # each name lies beside the numbers it belongs to
        self._unproven.clear()
        for known in (self.sources, self.points):
            if len(known) > REMEMBERED:
                known.clear()

    def learn(self, transaction: Connection, device: Device, names: Iterable[str]) -> None:
        """Afterwards `sources` and `points` know all of them."""
        if device not in self.sources:
            here = (source.c.store == device[0], source.c.device == device[1])
            number = transaction.execute(select(source.c.id).where(*here)).scalar()
            if number is None:
                number = _insert(transaction, source, {"store": device[0], "device": device[1]})
                self._unproven.append((self.sources, device))
            self.sources[device] = number
        for name in names:
            if name not in self.points:
                number = transaction.execute(select(point.c.id).where(point.c.name == name)).scalar()
                if number is None:
                    number = _insert(transaction, point, {"name": name})
                    self._unproven.append((self.points, name))
                self.points[name] = number


def find_source(connection: Connection, device: Device) -> int | None:
    query = select(source.c.id).where(source.c.store == device[0], source.c.device == device[1])
    return connection.execute(query).scalar()


def find_points(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Of those that any reading ever had."""
    rows = connection.execute(select(point.c.name, point.c.id).where(point.c.name.in_(names)))
    return {row.name: row.id for row in rows}


def _insert(transaction: Connection, table: Table, values: dict[str, str]) -> int:
    number: Column[int] = table.c.id
    return transaction.execute(insert(table).values(values).returning(number)).scalar_one()
