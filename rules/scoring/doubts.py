"""Data of a fleet that can be read and yet do not fit together: said, so that nobody blames the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from rules.scoring.data import INVENTORY, TELEMETRY, StoreInventory
from rules.scoring.labels import FILE, WHOLE_STORE, Label
from rules.shared import GATEWAY

if TYPE_CHECKING:
    from rules.scoring.fleet import Judged


def doubts(
    judged: Iterable[Judged], labels: Iterable[Label], inventory: Mapping[str, StoreInventory]
) -> Iterator[Text]:
    """One sentence for each kind of misfit and store."""
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


def _of_inventory(store: str, devices: Sequence[Device]) -> Iterator[Text]:
    classes = sorted({device.device_class for device in devices} - DEVICE_CLASSES.keys())
    if classes:
        yield Text(
            zh=f"{INVENTORY}：门店 {store!r} 有未知的设备类别，不会被判断：{', '.join(classes)}",
            en=f"{INVENTORY}: store {store!r} has classes that nothing judges: {', '.join(classes)}",
        )


def _of_telemetry(one: Judged) -> Iterator[Text]:
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
