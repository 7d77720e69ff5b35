"""`product_classes.yaml` → what which devices keep, and how warm it may become."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from configs.documents import Document, Fault, Faulty, Location, build, read_document
from configs.durations import Duration
from edge_agent.contract.catalogue import DUTIES
from edge_agent.contract.text import Text
from rules.food import DutyFood, FoodTable, ProductClass
from rules.naming import suggestion

SHIPPED = Path(__file__).parent / "product_classes.yaml"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassShape(_Shape):
    text: Text
    limit: FiniteFloat
    coldest: FiniteFloat | None = None
    discard_after: Duration


class DutyShape(_Shape):
    product_class: str = Field(alias="class")
    frozen: str = ""
    lag: Duration


class TableShape(_Shape):
    classes: dict[str, ClassShape] = Field(min_length=1)
    duties: dict[str, DutyShape] = {}


def food_file(root: Path) -> Path:
    """That of a folder of rules, if it has one: the chain's own classes; else the one that ships with storewarden."""
    own = root / SHIPPED.name
    return own if own.exists() else SHIPPED


def load_food(path: Path = SHIPPED) -> FoodTable:
    """Raises Faulty."""
    document = read_document(path)
    shape = build(TableShape, document)
    faults = [*_unknown_duties(document, shape), *_unknown_classes(document, shape), *_odd(document, shape)]
    if faults:
        raise Faulty(faults)
    classes = {id_: ProductClass(id=id_, **dict(each)) for id_, each in shape.classes.items()}
    return FoodTable(classes=classes, duties={duty: DutyFood(**dict(each)) for duty, each in shape.duties.items()})


def _unknown_duties(document: Document, shape: TableShape) -> list[Fault]:
    return [
        document.fault(
            ("duties", duty), Text(zh=f"没有用途 {duty}", en=f"there is no duty {duty}"), _near(duty, DUTIES)
        )
        for duty in shape.duties
        if duty not in DUTIES
    ]


def _unknown_classes(document: Document, shape: TableShape) -> list[Fault]:
    said = [(duty, key, name) for duty, each in shape.duties.items() for key, name in _classes_of(each)]
    return [
        document.fault(
            _at(duty, key), Text(zh=f"没有类别 {name}", en=f"there is no class {name}"), _near(name, shape.classes)
        )
        for duty, key, name in said
        if name not in shape.classes
    ]


def _odd(document: Document, shape: TableShape) -> list[Fault]:
    what = Text(zh="最低温度不低于限值", en="the coldest is not below the limit")
    return [
        document.fault(("classes", id_, "coldest"), what, Text(zh="请交换两者", en="exchange the two"))
        for id_, each in shape.classes.items()
        if each.coldest is not None and each.coldest >= each.limit
    ] + [
        document.fault(
            ("duties", duty, "lag"),
            Text(zh="时间常数为零", en="food without a lag"),
            Text(zh="例如 45m", en="write 45m"),
        )
        for duty, each in shape.duties.items()
        if not each.lag
    ]


def _classes_of(shape: DutyShape) -> list[tuple[str, str]]:
    return [("class", shape.product_class)] + ([("frozen", shape.frozen)] if shape.frozen else [])


def _at(duty: str, key: str) -> Location:
    return ("duties", duty, key)


def _near(name: str, known: Mapping[str, object]) -> Text:
    return suggestion(name, known)
