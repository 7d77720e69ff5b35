"""Params of rules that differ by chain, store or device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Params = Mapping[str, float]
ByRule = Mapping[str, Params]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """By rule and param; the nearer wins: of the device, of its store, of the chain, of its duty.

    `devices` go by store and device: `store-1/freezer-2`.
    """

    chain: ByRule = field(default_factory=dict)
    stores: Mapping[str, ByRule] = field(default_factory=dict)
    devices: Mapping[str, ByRule] = field(default_factory=dict)

    def meant_for(self, store: str, device: str) -> tuple[str, str]:
        """The store and the device if there is something of their own, else empty: what tells plans apart."""
        name = f"{store}/{device}"
        return store if store in self.stores else "", name if name in self.devices else ""

    def params(self, rule: str, store: str, device: str) -> dict[str, float]:
        places = (self.chain, self.stores.get(store, {}), self.devices.get(f"{store}/{device}", {}))
        return {name: value for place in places for name, value in place.get(rule, {}).items()}


NO_OVERRIDES = Overrides()
