"""A recorded fleet on disk: telemetry.jsonl and inventory.jsonl, messages of the contract with the store's name.

docs/recorded-data.md tells others how to write one.
"""

from __future__ import annotations

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from configs.documents import Fault, Faulty
from edge_agent.contract.clock import from_ms, to_ms
from edge_agent.contract.codec import Undecodable, decode_batch, encode_body
from edge_agent.contract.readings import AgentStatus, Coordinates, Device, Telemetry
from edge_agent.contract.text import Text, same
from rules.scoring.completing import Unusable, completed

TELEMETRY, INVENTORY = "telemetry.jsonl", "inventory.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInventory:
    """What the rules need to know of a store before its first reading."""

    store: str
    timezone: str = "UTC"
    location: Coordinates | None = None
    devices: tuple[Device, ...] = ()


class Recorded(NamedTuple):
    """`arrived_at` is when head office had it, where the line says so."""

    store: str
    telemetry: Telemetry
    arrived_at: datetime | None = None


class _DeviceLine(msgspec.Struct, frozen=True, kw_only=True):
    """As in an AgentStatus; who recorded a fleet may not know all of it."""

    id: str
    device_class: str
    duty: str = ""
    profile: str = "unknown"
    profile_version: int = 1
    proven: bool = False
    name: Text | None = None
    bus: str = ""
    fed_by: str = ""
    product_class: str = ""


class _Inventory(msgspec.Struct, frozen=True, kw_only=True):
    store: str = ""
    timezone: str = "UTC"
    location: Coordinates | None = None
    devices: list[_DeviceLine] = []


class _InventoryLine(_Inventory, frozen=True, kw_only=True):
    """The status stands alone, under `status`, or as the body of an entry."""

    status: _Inventory | None = None
    body: _StatusBody | None = None
    entries: list[_StatusEntry] = []


class _StatusBody(msgspec.Struct, frozen=True, kw_only=True):
    status: _Inventory | None = None


class _StatusEntry(msgspec.Struct, frozen=True, kw_only=True):
    body: _StatusBody


class _StoreOnly(msgspec.Struct, frozen=True):
    store: str


class _TelemetryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A BatchWire, an EntryWire or the body of one, each with its store."""

    store: str
    stream: str = "recorded"
    entries: list[msgspec.Raw] | None = None
    body: msgspec.Raw = msgspec.Raw()
    arrived_at: int | None = None


_INVENTORY_LINE = msgspec.json.Decoder(_InventoryLine)
_STORE_ONLY = msgspec.json.Decoder(_StoreOnly)
_TELEMETRY_LINE = msgspec.json.Decoder(_TelemetryLine)
_ENCODE = msgspec.json.encode


def read_inventory(folder: Path) -> dict[str, StoreInventory]:
    """Raises Faulty. A store that is told of twice is as it was told last."""
    found: dict[str, StoreInventory] = {}
    for number, line in _lines(folder / INVENTORY):
        try:
            for one in _inventories(_INVENTORY_LINE.decode(line)):
                found[one.store] = one
        except (msgspec.DecodeError, ValueError) as error:
            raise _unreadable(folder / INVENTORY, number, error) from error
    if not found:
        what = Text(zh="没有列出任何门店", en="it names no store")
        fix = Text(zh="每个门店一行清单", en="write a line with the inventory of each store")
        raise Faulty([Fault(file=str(folder / INVENTORY), line=1, what=what, fix=fix)])
    return found


def read_telemetry(folder: Path, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Recorded]:
    """In the order of the file. Raises Faulty at a line that is no message; `wanted` tells the
    stores whose lines are decoded at all."""
    for number, line in _lines(folder / TELEMETRY):
        try:
            store = _STORE_ONLY.decode(line).store
            if wanted(store):
                yield from _recorded(store, line)
        except (msgspec.DecodeError, Undecodable, ValueError) as error:
            raise _unreadable(folder / TELEMETRY, number, error) from error


def inventory_of(store: str, status: AgentStatus) -> StoreInventory:
    return StoreInventory(store=store, timezone=status.timezone, location=status.location, devices=status.devices)


def inventory_line(store: str, status: AgentStatus) -> bytes:
    """A line of inventory.jsonl."""
    return _ENCODE({"store": store, "status": status}) + b"\n"


def stored_inventory_line(one: StoreInventory) -> bytes:
    """As `inventory_line`, of what is known without the agent's status."""
    told = {"timezone": one.timezone, "location": one.location, "devices": one.devices}
    return _ENCODE({"store": one.store, "status": told}) + b"\n"


def telemetry_line(
    store: str, stream: str, first: int, bodies: Iterable[Telemetry], arrived_at: datetime | None = None
) -> bytes:
    """A line of telemetry.jsonl; the bodies are numbered from `first`."""
    entries = [{"seq": first + n, "body": msgspec.Raw(encode_body(body))} for n, body in enumerate(bodies)]
    late = {} if arrived_at is None else {"arrived_at": to_ms(arrived_at)}
    return _ENCODE({"store": store, "stream": stream, **late, "entries": entries}) + b"\n"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.removeprefix(BOM_UTF8) if number == 1 else line
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, number + 1, error) from error


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    """Also packed with gzip, as `telemetry.jsonl.gz`."""
    packed = path.with_name(path.name + ".gz")
    if not path.exists() and packed.exists():
        return gzip.open(packed, "rb")
    return path.open("rb")


def _inventories(line: _InventoryLine) -> Iterator[StoreInventory]:
    bodies = [entry.body for entry in line.entries] + ([line.body] if line.body else [])
    parts = [body.status for body in bodies if body.status is not None]
    for told in [*parts, *([line.status] if line.status else [])] or [line]:
        store = line.store or told.store
        if not store:
            raise Unusable(Text(zh="没有写明门店(store)", en="it does not name its store"))
        devices = tuple(_device(device) for device in told.devices)
        yield StoreInventory(store=store, timezone=told.timezone, location=told.location, devices=devices)


def _device(line: _DeviceLine) -> Device:
    told = {field: getattr(line, field) for field in line.__struct_fields__}
    return Device(**told | {"name": line.name or same(line.id)})


def _recorded(store: str, line: bytes) -> Iterator[Recorded]:
    told = _TELEMETRY_LINE.decode(line)
    if told.entries is not None:
        entries: list[Any] = list(told.entries)
    else:
        entries = [{"seq": 1, "body": told.body if bytes(told.body) else msgspec.Raw(line)}]
    try:
        batch = decode_batch(store, _ENCODE({"stream": told.stream, "entries": entries}))
    except Undecodable:
        batch = decode_batch(store, _ENCODE({"stream": told.stream, "entries": completed(entries)}))
    arrived_at = None if told.arrived_at is None else from_ms(told.arrived_at)
    return (Recorded(store, entry.body, arrived_at) for entry in batch.entries if isinstance(entry.body, Telemetry))


def _unreadable(path: Path, line: int, error: Exception) -> Faulty:
    why = error.what if isinstance(error, Unusable) else same(str(error))
    what = Text(zh=f"无法读取:{why.zh}", en=f"this cannot be read: {why.en}")
    fix = Text(
        zh="每行应为一条带 store 的消息(docs/recorded-data.md)",
        en="each line is a message with its store (docs/recorded-data.md)",
    )
    return Faulty([Fault(file=str(path), line=line, what=what, fix=fix)])
