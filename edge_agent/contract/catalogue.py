"""The vocabulary: what each point of each device class means, in which unit, and what it is called.

Names follow Project Haystack and Brick where they have a word (shared/research, device profiles, section 6). Units are
not on the wire: the name implies the unit, so a name never changes its unit.
"""

from __future__ import annotations

from edge_agent.contract.building_points import BUILDING
from edge_agent.contract.meanings import DeviceClass, PointMeaning, PointType
from edge_agent.contract.refrigeration_points import CONDENSING_UNIT, REFRIGERATION_CASE
from edge_agent.contract.text import Text

__all__ = ["DEVICE_CLASSES", "DUTIES", "DeviceClass", "PointMeaning", "PointType", "UnknownPoint", "meaning"]


class UnknownPoint(KeyError):
    """The catalogue has no such point in that class."""


DEVICE_CLASSES: dict[str, DeviceClass] = {
    device_class.name: device_class for device_class in (REFRIGERATION_CASE, CONDENSING_UNIT, *BUILDING)
}

DUTIES: dict[str, Text] = {
    "open_chiller": Text(zh="风幕柜", en="Open chiller"),
    "chiller": Text(zh="冷藏柜", en="Chiller"),
    "freezer": Text(zh="冷冻柜", en="Freezer"),
    "cold_room": Text(zh="冷库", en="Cold room"),
    "island_freezer": Text(zh="岛柜", en="Island freezer"),
    "condensing_unit": Text(zh="冷凝机组", en="Condensing unit"),
    "sales_area": Text(zh="营业区", en="Sales area"),
    "store_supply": Text(zh="门店总电", en="Store supply"),
    "circuit": Text(zh="用电回路", en="Circuit"),
    "ambience_lighting": Text(zh="氛围照明", en="Ambience lighting"),
    "sales_lighting": Text(zh="卖场照明", en="Sales area lighting"),
    "screen": Text(zh="屏幕", en="Screen"),
    "price_tags": Text(zh="电子价签", en="Electronic price tags"),
    "outdoor_climate": Text(zh="室外环境", en="Outdoor climate"),
    "sign_lighting": Text(zh="招牌照明", en="Sign lighting"),
    "store_climate": Text(zh="店内环境", en="Store climate"),
    "cabinet_probes": Text(zh="柜内加装探头", en="Probes added to a cabinet"),
    "contacts": Text(zh="干接点", en="Dry contacts"),
    "emergency_power": Text(zh="应急电源", en="Emergency power"),
}


def meaning(device_class: str, point: str) -> PointMeaning:
    """Raises UnknownPoint."""
    known = DEVICE_CLASSES.get(device_class)
    if known is None or point not in known.points:
        raise UnknownPoint(f"{device_class} has no point {point!r}")
    return known.points[point]
