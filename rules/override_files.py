"""Documents in which a chain says which limits of a rule differ for all of it, for a store, or for one device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat, StrictStr

from configs.documents import Document, Fault, Faulty, Location, build, read_document
from edge_agent.contract.text import Text, same
from edge_agent.contract.topics import STORE_ID
from rules.model import Rule
from rules.naming import suggestion
from rules.overrides import Overrides

FOLDER = "overrides"
"""A folder of this name among rules holds such documents."""

_Values = dict[StrictStr, FiniteFloat]


class OverridesShape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: StrictStr
    chain: _Values = {}
    stores: dict[StrictStr, _Values] = {}
    devices: dict[StrictStr, _Values] = {}


def load_overrides(folder: Path, rules: Mapping[str, Rule]) -> Overrides:
    """Every document of the folder; `rules` are those in force, by id. Raises Faulty."""
    reader = _Reader(rules)
    for path in sorted(folder.rglob("*.yaml")):
        try:
            document = read_document(path)
            reader.take(document, build(OverridesShape, document))
        except Faulty as error:
            reader.faults += error.faults
    if reader.faults:
        raise Faulty(reader.faults)
    return Overrides(chain=reader.chain, stores=reader.stores, devices=reader.devices)


@dataclass(slots=True)
class _Reader:
    rules: Mapping[str, Rule]
    faults: list[Fault] = field(default_factory=list)
    chain: dict[str, dict[str, float]] = field(default_factory=dict)
    stores: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    devices: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def take(self, document: Document, shape: OverridesShape) -> None:
        rule = self.rules.get(shape.rule)
        if rule is None:
            what = Text(zh=f"没有规则 {shape.rule}", en=f"there is no rule {shape.rule}")
            self.faults.append(document.fault(("rule",), what, suggestion(shape.rule, self.rules)))
            return
        self.faults += [*_unknown_params(document, rule, shape), *_wrong_names(document, shape)]
        self._put(document, ("chain",), self.chain, rule.id, shape.chain)
        for kind, known, given in (("stores", self.stores, shape.stores), ("devices", self.devices, shape.devices)):
            for name, values in given.items():
                self._put(document, (kind, name), known.setdefault(name, {}), rule.id, values)

    def _put(
        self, document: Document, at: Location, known: dict[str, dict[str, float]], rule: str, values: _Values
    ) -> None:
        mine = known.setdefault(rule, {}) if values else {}
        for param, value in values.items():
            if param in mine:
                what = Text(zh=f"{param} 已在另一文件中给出", en=f"another file gives {param} for the same already")
                self.faults.append(document.fault((*at, param), what, Text(zh="请只写一次", en="say it once")))
            mine[param] = value


def _unknown_params(document: Document, rule: Rule, shape: OverridesShape) -> Iterator[Fault]:
    for at, values in _places(shape):
        for param in values.keys() - rule.params.keys():
            what = Text(zh=f"规则 {rule.id} 没有参数 {param}", en=f"{rule.id} has no param {param}")
            yield document.fault((*at, param), what, suggestion(param, rule.params))


def _wrong_names(document: Document, shape: OverridesShape) -> Iterator[Fault]:
    for name in shape.stores:
        if not STORE_ID.fullmatch(name):
            what = Text(zh=f"{name} 不是门店编号", en=f"{name} is no id of a store")
            yield document.fault(("stores", name), what, same("store-0001"))
    for name in shape.devices:
        store, _, device = name.partition("/")
        if not (STORE_ID.fullmatch(store) and STORE_ID.fullmatch(device)):
            what = Text(zh=f"{name} 不是“门店/设备”", en=f"{name} is no store and device")
            yield document.fault(("devices", name), what, same("store-0001/freezer-1"))


def _places(shape: OverridesShape) -> Iterable[tuple[Location, _Values]]:
    yield ("chain",), shape.chain
    yield from ((("stores", name), values) for name, values in shape.stores.items())
    yield from ((("devices", name), values) for name, values in shape.devices.items())
