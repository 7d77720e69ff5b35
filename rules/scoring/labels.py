"""What was really wrong in a fleet: labels.csv, a line for each fault (docs/recorded-data.md)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
    food left its class because of it; None where it did not. `line` is where it stands in its file, 0 in none; it is
    not `zoned` where an instant of it named no zone.
    """

    store: str
    device: str
    fault: str
    onset_at: datetime
    observable_at: datetime | None = None
    product_limit_at: datetime | None = None
    end_at: datetime | None = None
    line: int = field(default=0, compare=False)
    zoned: bool = field(default=True, compare=False)

    @property
    def shown_at(self) -> datetime:
        """From when on it may be expected to be found."""
        return self.observable_at or self.onset_at

    def stands(self, at: datetime) -> bool:
        return self.onset_at <= at and (self.end_at is None or at <= self.end_at)


_NO_LETTER = re.compile(r"[^a-z0-9]+")
"""Others write "Condenser fan dead" or condenser-fan-dead."""
_NUMBER = re.compile(r"(\d{1,15})(\.\d*)?")
_MILLISECONDS_FROM = 100_000_000_000
"""A smaller number is of seconds: as milliseconds it would lie before 1974."""
_NOTHING = frozenset({"", "-", "nan", "nat", "none", "null"})
"""What others write where there is no instant."""
_REQUIRED = ("store", "device", "fault", "onset_at")
_INSTANTS = ("onset_at", "observable_at", "product_limit_at", "end_at")
_COLUMNS = (*_REQUIRED, *_INSTANTS[1:])


class _NoLabel(ValueError):
    """`what` is wrong with the row, `fix` is what would be right."""

    def __init__(self, what: Text, fix: Text) -> None:
        self.what, self.fix = what, fix
        super().__init__(what.en)


def read_labels(path: Path) -> tuple[Label, ...]:
    """Raises Faulty with every fault of the file. Instants are RFC 3339, or milliseconds or seconds since 1970."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
            if lacking:
                what = Text(zh=f"缺少列 {', '.join(lacking)}", en=f"there is no column {', '.join(lacking)}")
                fix = Text(zh=f"首行应为 {','.join(_COLUMNS)}", en=f"the first line reads {','.join(_COLUMNS)}")
                raise Faulty([Fault(file=str(path), line=1, what=what, fix=fix)])
            return _labels(path, ((reader.line_num, row) for row in reader if any(row.values())))
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
            labels.append(_label(line, row))
        except _NoLabel as error:
            faults.append(Fault(file=str(path), line=line, what=error.what, fix=error.fix))
    if faults:
        raise Faulty(faults)
    return tuple(labels)


def _label(line: int, row: Mapping[str, str | None]) -> Label:
    cells = {name: (row.get(name) or "").strip() for name in _COLUMNS}
    cells["fault"] = _NO_LETTER.sub("_", cells["fault"].lower()).strip("_")
    if not cells["device"] and cells["fault"] in WHOLE_STORE:
        cells["device"] = GATEWAY
    if lacking := ", ".join(name for name in _REQUIRED if not cells[name]):
        what = Text(zh=f"{lacking} 为空", en=f"{lacking} is empty")
        raise _NoLabel(what, Text(zh="请填写", en="fill it in"))
    told = {name: _instant(cells[name]) for name in _INSTANTS if cells[name].lower() not in _NOTHING}
    if "onset_at" not in told:
        raise _no_instant(cells["onset_at"])
    label = Label(
        store=cells["store"],
        device=cells["device"],
        fault=cells["fault"],
        line=line,
        zoned=all(at.tzinfo is not None for at in told.values()),
        **{name: at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC) for name, at in told.items()},
    )
    if label.end_at is not None and label.end_at < label.onset_at:
        end = label.end_at.isoformat()
        what = Text(zh=f"结束 {end} 早于开始", en=f"it ends at {end}, before its onset")
        raise _NoLabel(what, Text(zh="请更正 onset_at 或 end_at", en="correct onset_at or end_at"))
    return label


def _instant(text: str) -> datetime:
    """As it is written, with its zone or without one. Raises _NoLabel."""
    try:
        if number := _NUMBER.fullmatch(text):
            told = int(number[1])
            return datetime.fromtimestamp(told / 1000 if told >= _MILLISECONDS_FROM else told, UTC)
        at = datetime.fromisoformat(text)
        at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _no_instant(text) from error
    return at


def _no_instant(text: str) -> _NoLabel:
    what = Text(zh=f"{text!r} 不是时间", en=f"{text!r} is no instant")
    return _NoLabel(what, Text(zh="应如 2026-07-01T12:00:00Z", en="write it as 2026-07-01T12:00:00Z"))
