"""What a point and a device class are: the forms that the vocabulary is written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.contract.text import Text

PointType = Literal["number", "flag", "word"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMeaning:
    """`unit` is empty for flags and words; `digits` is how many decimals a person should see. `words` are all that it
    may say; empty where that is not known beforehand."""

    name: str
    type: PointType
    unit: str
    digits: int
    label: Text
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClass:
    name: str
    label: Text
    points: dict[str, PointMeaning]


def number(name: str, unit: str, zh: str, en: str, digits: int = 1) -> PointMeaning:
    return PointMeaning(name=name, type="number", unit=unit, digits=digits, label=Text(zh=zh, en=en))


def flag(name: str, zh: str, en: str) -> PointMeaning:
    return PointMeaning(name=name, type="flag", unit="", digits=0, label=Text(zh=zh, en=en))


def word(name: str, zh: str, en: str, *words: str) -> PointMeaning:
    return PointMeaning(name=name, type="word", unit="", digits=0, label=Text(zh=zh, en=en), words=frozenset(words))


def device_class(name: str, zh: str, en: str, *points: PointMeaning) -> DeviceClass:
    return DeviceClass(name=name, label=Text(zh=zh, en=en), points={point.name: point for point in points})
