"""Data of a fleet that can be read and yet do not fit together: said, so that nobody blames the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from rules.naming import suggestion
from rules.scoring.data import INVENTORY, TELEMETRY, StoreInventory
from rules.scoring.labels import FILE, WHOLE_STORE, Label
from rules.shared import GATEWAY

if TYPE_CHECKING:
    from rules.scoring.fleet import Judged

_MOST_LINES = 8


def doubts(
    judged: Sequence[Judged],
    labels: Sequence[Label],
    inventory: Mapping[str, StoreInventory],
    named: Collection[str],
) -> Iterator[Text]:
    """One sentence for each kind of misfit and store. `named` are the causes that the rules tell."""
    for store, listed in inventory.items():
        yield from _of_inventory(store, listed.devices)
    for one in judged:
        yield from _of_telemetry(one)
    for store, devices in _strangers(labels, inventory).items():
        names = ", ".join(devices)
        yield Text(
            zh=f"{FILE}：{INVENTORY} 中门店 {store!r} 没有这些设备，其故障无法被发现：{names}",
            en=f"{FILE}: {INVENTORY} lists no such devices of store {store!r}; their faults cannot be found: {names}",
        )
    yield from _of_labels(labels)
    yield from _beside_telemetry(judged, labels)
    yield from (_nameless(fault, named) for fault in sorted({label.fault for label in labels} - set(named)))


def _of_inventory(store: str, devices: Sequence[Device]) -> Iterator[Text]:
    classes = sorted({device.device_class for device in devices} - DEVICE_CLASSES.keys())
    if classes:
        yield Text(
            zh=f"{INVENTORY}：门店 {store!r} 有未知的设备类别，不会被判断：{', '.join(classes)}",
            en=f"{INVENTORY}: store {store!r} has classes that nothing judges: {', '.join(classes)}",
        )


def _of_telemetry(one: Judged) -> Iterator[Text]:
    if one.first_at is None:
        yield Text(
            zh=f"{TELEMETRY}：没有门店 {one.store!r} 的遥测", en=f"{TELEMETRY}: nothing is told of store {one.store!r}"
        )
    if one.unlisted:
        names = ", ".join(f"{name} ({count})" for name, count in sorted(one.unlisted.items()))
        yield Text(
            zh=f"{TELEMETRY}：{INVENTORY} 中门店 {one.store!r} 没有这些设备，其遥测未被判断：{names}",
            en=f"{TELEMETRY}: {INVENTORY} lists no such devices of store {one.store!r}; not judged: {names}",
        )
    if one.out_of_order:
        yield Text(
            zh=f"{TELEMETRY}：门店 {one.store!r} 有 {one.out_of_order} 条遥测早于同一设备的前一条，"
            "没有作用；请按时间排序",
            en=f"{TELEMETRY}: store {one.store!r}: {one.out_of_order} polls are older than the one before of their"
            " device, and decide nothing; sort the file by time",
        )


def _of_labels(labels: Sequence[Label]) -> Iterator[Text]:
    for amiss, what in _AMISS:
        if lines := _lines([label for label in labels if amiss(label)]):
            yield Text(zh=f"{FILE}：{lines.zh}{what.zh}", en=f"{FILE}: {lines.en}: {what.en}")
    first = {label: label.line for label in reversed(labels)}
    if lines := _lines([label for label in labels if label.line != first[label]]):
        yield Text(
            zh=f"{FILE}：{lines.zh}与前面的行完全相同，只算一次", en=f"{FILE}: {lines.en}: said before; it counts once"
        )


def _before(sooner: str, later: str) -> Callable[[Label], bool]:
    """Whether `later` of a label lies before `sooner`, where both are known."""

    def amiss(label: Label) -> bool:
        begin, end = getattr(label, sooner), getattr(label, later)
        return begin is not None and end is not None and end < begin

    return amiss


_AMISS: Sequence[tuple[Callable[[Label], bool], Text]] = (
    (
        lambda label: not label.zoned,
        Text(zh="时间没有时区，按 UTC 理解", en="an instant without a zone, taken for UTC"),
    ),
    (
        _before("onset_at", "observable_at"),
        Text(zh="observable_at 早于 onset_at", en="observable_at lies before onset_at"),
    ),
    (
        _before("observable_at", "end_at"),
        Text(
            zh="observable_at 晚于 end_at，故障未显现即结束",
            en="observable_at lies after end_at: it was over before it could show",
        ),
    ),
    (
        _before("onset_at", "product_limit_at"),
        Text(
            zh="product_limit_at 早于 onset_at，总算食品漏报",
            en="product_limit_at lies before onset_at: nobody can be told in time",
        ),
    ),
)


def _lines(labels: Sequence[Label]) -> Text | None:
    """Where they stand; None where there are none."""
    if not labels:
        return None
    listed = ", ".join(str(label.line) for label in labels[:_MOST_LINES])
    more = f" … ({len(labels)})" if len(labels) > _MOST_LINES else ""
    return Text(zh=f"第 {listed}{more} 行：", en=f"line {listed}{more}")


def _beside_telemetry(judged: Iterable[Judged], labels: Sequence[Label]) -> Iterator[Text]:
    """Faults of a time of which nothing is told, as where clocks or units of time differ."""
    told = {one.store: (one.first_at, one.first_at + one.length) for one in judged if one.first_at is not None}
    beside = Counter(label.store for label in labels if label.store in told and not _meets(label, *told[label.store]))
    for store, count in beside.items():
        begin, end = (f"{at:%Y-%m-%dT%H:%MZ}" for at in told[store])
        yield Text(
            zh=f"{FILE}：门店 {store!r} 有 {count} 个故障不在其遥测的时间内（{begin} 至 {end}），无法被发现",
            en=f"{FILE}: {count} faults of store {store!r} lie outside its telemetry ({begin} to {end}), and cannot be"
            " found",
        )


def _meets(label: Label, begin: datetime, end: datetime) -> bool:
    return label.onset_at <= end and (label.end_at is None or label.end_at >= begin)


def _nameless(fault: str, named: Collection[str]) -> Text:
    hint = suggestion(fault, named)
    return Text(
        zh=f"{FILE}：规则中没有名为 {fault} 的原因，这类故障的原因永远不算正确。{hint.zh}",
        en=f"{FILE}: no cause of the rules is called {fault}; the cause of such a fault is never right. {hint.en}",
    )


def _strangers(labels: Iterable[Label], inventory: Mapping[str, StoreInventory]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for label in labels:
        listed = inventory.get(label.store)
        devices = () if listed is None else listed.devices
        known = {GATEWAY, *(device.id for device in devices), *(device.bus for device in devices)}
        if label.fault in WHOLE_STORE and listed is not None:
            continue
        if label.device not in known and label.device not in found.setdefault(label.store, []):
            found[label.store].append(label.device)
    return {store: devices for store, devices in found.items() if devices}
