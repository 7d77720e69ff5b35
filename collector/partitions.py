"""Which stores a collector serves where several divide them: the partition stands in every topic of a store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from edge_agent.contract.topics import ROOT, partition

LAST = 255
_RANGE = re.compile(r"(\d{1,3})-(\d{1,3})")
_ZH = {"zh": "请写 0 到 255 之间的范围，例如 0-127"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """A closed range of 0..255."""

    first: int = 0
    last: int = LAST

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @property
    def all(self) -> bool:
        return self.first == 0 and self.last == LAST

    def holds(self, store: str) -> bool:
        return self.first <= int(partition(store), 16) <= self.last

    def overlap(self, other: Partitions) -> bool:
        return self.first <= other.last and other.first <= self.last

    def topics(self, leaf: str) -> list[str]:
        """Filters that match what the stores of these partitions send as `leaf`."""
        if self.all:
            return [f"{ROOT}/+/+/up/{leaf}"]
        return [f"{ROOT}/{number:02x}/+/up/{leaf}" for number in range(self.first, self.last + 1)]


ALL = Partitions()


def partitions_of(text: str) -> Partitions:
    """The inverse of `str`. Raises ValueError."""
    match = _RANGE.fullmatch(text)
    if match is None or not int(match[1]) <= int(match[2]) <= LAST:
        raise ValueError(f"no range within 0 and {LAST}: {text!r}")
    return Partitions(first=int(match[1]), last=int(match[2]))


def _validate(value: Any) -> Partitions:
    if isinstance(value, Partitions):
        return value
    try:
        return partitions_of(value if isinstance(value, str) else "")
    except ValueError as error:
        raise PydanticCustomError("partitions", "write a range within 0 and 255, such as 0-127", _ZH) from error


PartitionRange = Annotated[Partitions, BeforeValidator(_validate)]
"""For the settings: the YAML says `0-127`."""
