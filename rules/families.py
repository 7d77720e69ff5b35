"""The families of alarms: of one device there is one ticket for all of a family, and whose ticket takes it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from configs.documents import Document, Fault, Faulty, Location, build, read_document
from configs.durations import Duration
from edge_agent.contract.text import Text
from rules.document import AboveShape
from rules.model import Above
from rules.naming import suggestion

SHIPPED = Path(__file__).parent / "families.yaml"

FOUND_BY_HEAD_OFFICE = frozenset({"bus.down", "store.power_cut", "store.offline", "stores.unheard"})
"""What no rule of one device raises, and what alarms may yet fold under."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FamilyShape(_Shape):
    text: Text
    folds_under: list[AboveShape] = []
    recovers_within: Duration = Field(default="0s", validate_default=True)


class FamiliesShape(_Shape):
    families: dict[str, FamilyShape] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What people call it, under whom its alarms fold where their rule does not say, and how long they may stand when
    that is mended."""

    text: Text
    folds_under: tuple[Above, ...] = ()
    recovers_within: timedelta = timedelta()


def load_families(path: Path = SHIPPED) -> Mapping[str, Family]:
    """Raises Faulty."""
    document = read_document(path)
    shapes = build(FamiliesShape, document).families
    faults = [
        fault
        for name, shape in shapes.items()
        for fault in above_faults(document, ("families", name, "folds_under"), shape.folds_under, shapes)
    ]
    if faults:
        raise Faulty(faults)
    return {name: _family(shape) for name, shape in shapes.items()}


def _family(shape: FamilyShape) -> Family:
    return Family(text=shape.text, folds_under=above_of(shape.folds_under), recovers_within=shape.recovers_within)


def above_of(shapes: Iterable[AboveShape]) -> tuple[Above, ...]:
    return tuple(Above(of=shape.of, rule=shape.rule, family=shape.family) for shape in shapes)


def above_faults(
    document: Document, at: Location, shapes: Iterable[AboveShape], families: Iterable[str]
) -> Iterable[Fault]:
    """Each names a rule or a family; whether there is such a rule is known when all are read."""
    known = set(families)
    for n, shape in enumerate(shapes):
        if bool(shape.rule) == bool(shape.family):
            what = Text(zh="需要 rule 或 family 之一", en="this has either rule or family")
            yield document.fault((*at, n), what, Text(zh="例如 family: supply", en="write family: supply, for example"))
        elif shape.family and shape.family not in known:
            yield document.fault((*at, n, "family"), *unknown_family(shape.family, known))


def unknown_family(name: str, known: Iterable[str]) -> tuple[Text, Text]:
    return Text(zh=f"没有 {name} 这一类报警", en=f"there is no family {name}"), suggestion(name, known)
