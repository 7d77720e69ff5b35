"""The rules in force, and what they take for each kind of device, for each with the params that are meant for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from edge_agent.contract.catalogue import DEVICE_CLASSES, DUTIES
from edge_agent.contract.readings import Device
from edge_agent.contract.text import same
from rules.food import NO_FOOD, FoodTable
from rules.model import Cause, Rule
from rules.neighbours import OUTDOOR
from rules.overrides import NO_OVERRIDES, Overrides
from rules.plan import NOTHING_TO_JUDGE, Plan, plan_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules in force, each after those that inhibit it; `by_id` finds one.

    `store_causes` are what may befall a whole store, `food` is what devices keep; `creeping` are the causes that grow,
    also those that no rule names.
    """

    rules: tuple[Rule, ...]
    by_id: Mapping[str, Rule]
    overrides: Overrides = NO_OVERRIDES
    store_causes: Mapping[str, Cause] = field(default_factory=dict)
    food: FoodTable = NO_FOOD
    creeping: frozenset[str] = frozenset()
    _plans: dict[tuple[str, ...], Plan] = field(default_factory=dict, init=False, repr=False, compare=False)
    _asked: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def named(self) -> frozenset[str]:
        """The causes that its alarms may tell."""
        suspects = (suspect for rule in self.rules for own in rule.suspects.values() for suspect in own)
        return frozenset({suspect.cause.id for suspect in suspects} | self.store_causes.keys())

    def plan(self, device: Device, store: str = "") -> Plan:
        """A duty that this release does not know is judged by the rules that ask for none. Made once for each kind."""
        if device.device_class not in DEVICE_CLASSES:
            return NOTHING_TO_JUDGE
        key = (device.device_class, _known(device.duty), *self.overrides.meant_for(store, device.id))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._plan_of(device, store)
        return plan

    def make_plans(self) -> None:
        """Of every kind of device that it has rules for, so that none has to be made while stores wait."""
        for device_class in sorted({name for rule in self.rules for name in rule.device_classes}):
            for duty in ("", *DUTIES):
                self.plan(_any_of(device_class, duty))

    def params(self, rule: Rule, device: Device, store: str = "") -> dict[str, float]:
        """The rule's params as they are meant for that device."""
        return rule.params_of(_known(device.duty)) | self.overrides.params(rule.id, store, device.id)

    def asked_of(self, device_class: str) -> frozenset[str]:
        """The points of such a device that rules ask for when they judge others."""
        asked = self._asked.get(device_class)
        if asked is None:
            points = (point for name, point in self._neighbours() if name in {"", device_class})
            asked = self._asked[device_class] = frozenset(points)
        return asked

    def _plan_of(self, device: Device, store: str) -> Plan:
        duty = _known(device.duty)
        return plan_of(self.rules, device.device_class, duty, lambda rule: self.params(rule, device, store))

    def _neighbours(self) -> Iterator[tuple[str, str]]:
        for rule in self.rules:
            for device_class in rule.device_classes:
                for expression, _ in rule.asked(device_class, ""):
                    yield from expression.neighbours
                    if any(track.kind == "usual" for track in expression.tracks):
                        yield from ((name, point) for name, _, point in OUTDOOR)


def book_of(
    rules: Sequence[Rule],
    overrides: Overrides = NO_OVERRIDES,
    store_causes: Mapping[str, Cause] = MappingProxyType({}),
    food: FoodTable = NO_FOOD,
    creeping: frozenset[str] = frozenset(),
) -> RuleBook:
    """`rules` come each after those that inhibit it."""
    by_id = {rule.id: rule for rule in rules}
    return RuleBook(
        rules=tuple(rules),
        by_id=by_id,
        overrides=overrides,
        store_causes=store_causes,
        food=food,
        creeping=creeping,
    )


def _any_of(device_class: str, duty: str) -> Device:
    name = same(device_class)
    return Device(id="", device_class=device_class, duty=duty, profile="", profile_version=1, proven=False, name=name)


def _known(duty: str) -> str:
    return duty if duty in DUTIES else ""
