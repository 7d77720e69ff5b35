"""What can be wrong with what a site file says of one installation of a profile: its settings and its instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from configs.documents import Document, Fault, Location
from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from edge_agent.profiles.point_faults import nearest


def installation_faults(document: Document, at: Location, device: dict[Any, Any], known: Profile) -> Iterator[Fault]:
    given = device.get("settings")
    settings = given if isinstance(given, dict) else {}
    yield from _setting_faults(document, at, settings, known)
    yield from _instance_faults(document, at, device.get("instance"), known)


def _setting_faults(document: Document, at: Location, settings: dict[Any, Any], known: Profile) -> Iterator[Fault]:
    for name, value in settings.items():
        setting = known.settings.get(name)
        if setting is None:
            what = Text(zh=f"{known.id} 没有设置项 {name}", en=f"{known.id} has no setting {name}")
            fix = (
                Text(zh="请删除它", en="remove it") if not known.settings else nearest(str(name), list(known.settings))
            )
            yield document.fault((*at, "settings", name), what, fix)
        elif isinstance(value, int | float) and not setting.low <= value <= setting.high:
            what = Text(zh=f"{setting.label.zh} {value} 超出范围", en=f"{name} ({setting.label.en}) cannot be {value}")
            fix = Text(
                zh=f"应为 {setting.low:g} 到 {setting.high:g}", en=f"it is from {setting.low:g} to {setting.high:g}"
            )
            yield document.fault((*at, "settings", name), what, fix)
    for name, setting in known.settings.items():
        if setting.required and name not in settings:
            what = Text(
                zh=f"{known.id} 需要 {name}({setting.label.zh})", en=f"{known.id} needs {name} ({setting.label.en})"
            )
            fix = Text(zh=f"请写 settings: {{{name}: …}}", en=f"write settings: {{{name}: …}}")
            yield document.fault(at, what, fix)


def _instance_faults(document: Document, at: Location, instance: Any, known: Profile) -> Iterator[Fault]:
    if instance is None and known.instances is None:
        return
    low, high = known.instances or (0, -1)
    if known.instances is None:
        what = Text(zh=f"{known.id} 只有一台,不写 instance", en=f"{known.id} is one device and has no instances")
        yield document.fault((*at, "instance"), what, Text(zh="请删除 instance", en="remove instance"))
    elif not isinstance(instance, int) or not low <= instance <= high:
        what = Text(zh=f"{known.id} 要说明是哪一台", en=f"{known.id} serves several units; say which this one is")
        fix = Text(zh=f"请写 instance: {low} 到 {high}", en=f"write instance: with a number from {low} to {high}")
        yield document.fault((*at, "instance"), what, fix)
