"""What was really wrong in a fleet: labels.csv, a line for each fault."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from configs.documents import Fault, Faulty
from edge_agent.contract.text import Text
from rules.shared import GATEWAY

FILE = "labels.csv"
WHOLE_STORE = frozenset({"store_power_cut", "line_to_head_office_down"})
WHOLE_BUS = frozenset({"bus_down"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One fault of one device, from `onset_at` to `end_at` (None: it never ended); of a whole store its gateway, of a
    whole bus any device on it, or the bus.

    `observable_at` is the physical earliest: from then on the readings could show it. `product_limit_at` is when the
    food left its class because of it; None where it did not.
    """

    store: str
    device: str
    fault: str
    onset_at: datetime
    observable_at: datetime | None = None
    product_limit_at: datetime | None = None
    end_at: datetime | None = None

    @property
    def shown_at(self) -> datetime:
        """From when on it may be expected to be found."""
        return self.observable_at or self.onset_at

    def stands(self, at: datetime) -> bool:
        return self.onset_at <= at and (self.end_at is None or at <= self.end_at)


_NO_LETTER = re.compile(r"[^a-z0-9]+")
"""Others write "Condenser fan dead" or condenser-fan-dead."""
_COLUMNS = tuple(field.name for field in fields(Label))
_REQUIRED = _COLUMNS[:4]


def read_labels(path: Path) -> tuple[Label, ...]:
    """Raises Faulty with every fault of the file. Instants are RFC 3339, or milliseconds since 1970."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
            if lacking:
                what = Text(zh=f"缺少列 {', '.join(lacking)}", en=f"there is no column {', '.join(lacking)}")
                fix = Text(zh=f"首行应为 {','.join(_COLUMNS)}", en=f"the first line reads {','.join(_COLUMNS)}")
                raise Faulty([Fault(file=str(path), line=1, what=what, fix=fix)])
            return _labels(path, ((reader.line_num, row) for row in reader))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = Text(zh=f"文件无法读取:{error}", en=f"the file cannot be read: {error}")
        fix = Text(zh="请检查路径和 UTF-8 编码", en="check the path and that it is UTF-8")
        raise Faulty([Fault(file=str(path), line=1, what=what, fix=fix)]) from error


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(_cells(label) for label in labels)


def _cells(label: Label) -> Iterator[str]:
    for name in _COLUMNS:
        value = getattr(label, name)
        yield value.isoformat() if isinstance(value, datetime) else value or ""


def _labels(path: Path, rows: Iterable[tuple[int, Mapping[str, str | None]]]) -> tuple[Label, ...]:
    labels: list[Label] = []
    faults: list[Fault] = []
    for line, row in rows:
        try:
            labels.append(_label(row))
        except ValueError as error:
            what = Text(zh=f"标签无法使用:{error}", en=f"this is no label: {error}")
            fix = Text(zh="时间应如 2026-07-01T12:00:00Z", en="write an instant as 2026-07-01T12:00:00Z")
            faults.append(Fault(file=str(path), line=line, what=what, fix=fix))
    if faults:
        raise Faulty(faults)
    return tuple(labels)


def _label(row: Mapping[str, str | None]) -> Label:
    cells = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    cells["fault"] = _NO_LETTER.sub("_", cells["fault"].lower()).strip("_")
    if not cells["device"] and cells["fault"] in WHOLE_STORE:
        cells["device"] = GATEWAY
    if lacking := [name for name in _REQUIRED if not cells[name]]:
        raise ValueError(f"{', '.join(lacking)} is empty")
    label = Label(
        store=cells["store"],
        device=cells["device"],
        fault=cells["fault"],
        onset_at=_instant(cells["onset_at"]),
        observable_at=_instant_or_none(cells["observable_at"]),
        product_limit_at=_instant_or_none(cells["product_limit_at"]),
        end_at=_instant_or_none(cells["end_at"]),
    )
    if label.end_at is not None and label.end_at < label.onset_at:
        raise ValueError(f"it ends at {label.end_at.isoformat()}, before its onset")
    return label


def _instant_or_none(text: str) -> datetime | None:
    return _instant(text) if text else None


def _instant(text: str) -> datetime:
    """Without a zone it is UTC. Raises ValueError."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
