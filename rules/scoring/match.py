"""Tickets against labels: what was found and how early, what was missed, what was cried for nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.contract.readings import Device
from rules.scoring.labels import WHOLE_BUS, WHOLE_STORE, Label
from rules.shared import GATEWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTicket:
    """`causes` are fault ids, likeliest first, as they were told when the ticket was opened. `ended_at` is when it was
    closed or merged, None where it never was."""

    store: str
    device: str
    rule: str
    opened_at: datetime
    causes: tuple[str, ...] = ()
    family: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAlarm(ScoredTicket):
    """An alarm by itself: opened when it was raised, ended when it was cleared; its family is its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a label; `tickets` are those that match it, first one first."""

    label: Label
    tickets: tuple[ScoredTicket, ...] = ()

    @property
    def found(self) -> bool:
        return bool(self.tickets)

    @property
    def after(self) -> timedelta | None:
        """From the physical earliest to the first ticket; not below zero."""
        if not self.tickets:
            return None
        return max(timedelta(0), self.tickets[0].opened_at - self.label.shown_at)

    @property
    def rank(self) -> int | None:
        """Where the first ticket had the right cause among its causes, from 1; None where it had it not."""
        if not self.tickets or self.label.fault not in self.tickets[0].causes:
            return None
        return self.tickets[0].causes.index(self.label.fault) + 1

    @property
    def left(self) -> float | None:
        """The share of the time from the observable onset to the product's limit that was left at the first ticket."""
        limit = self.label.product_limit_at
        if limit is None or limit <= self.label.shown_at:
            return None
        if not self.tickets:
            return 0.0
        whole = limit - self.label.shown_at
        return min(1.0, max(0.0, (limit - self.tickets[0].opened_at) / whole))

    @property
    def food_missed(self) -> bool:
        """The food left its class and nobody had been told."""
        limit = self.label.product_limit_at
        return limit is not None and not any(ticket.opened_at <= limit for ticket in self.tickets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`false` are the tickets that no label explains."""

    findings: tuple[Finding, ...]
    false: tuple[ScoredTicket, ...]


def match(labels: Iterable[Label], tickets: Sequence[ScoredTicket], devices: Mapping[str, Sequence[Device]]) -> Outcome:
    """A ticket matches a label of its device, or of a device whose fault affects it, between onset and end.

    `devices` are those of each store. A ticket that fits several labels of its time speaks for the one of its own
    device first, then for the latest onset.
    """
    by_store: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_store[label.store].append(label)
    reaches = {store: _Reach(devices.get(store, ())) for store in {*by_store, *(one.store for one in tickets)}}
    matched: dict[Label, list[ScoredTicket]] = defaultdict(list)
    false: list[ScoredTicket] = []
    for ticket in sorted(tickets, key=lambda one: one.opened_at):
        fitting = [
            label
            for label in by_store[ticket.store]
            if label.stands(ticket.opened_at) and reaches[ticket.store].affects(label, ticket.device)
        ]
        if not fitting:
            false.append(ticket)
        for label in _spoken_for(fitting, ticket):
            matched[label].append(ticket)
    every = (label for store in by_store.values() for label in store)
    findings = tuple(Finding(label=label, tickets=tuple(matched.get(label, ()))) for label in every)
    return Outcome(findings=findings, false=tuple(false))


def _spoken_for(fitting: Sequence[Label], ticket: ScoredTicket) -> Sequence[Label]:
    own = [label for label in fitting if label.device == ticket.device]
    return own or sorted(fitting, key=lambda label: label.onset_at)[-1:]


class _Reach:
    """Which devices of a store suffer from a fault of one of them."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self._devices = {device.id: device for device in devices}
        self._wired = any(device.fed_by for device in devices)
        self._fed: dict[str, frozenset[str]] = {}

    def affects(self, label: Label, device: str) -> bool:
        if label.device in {device, GATEWAY} or label.fault in WHOLE_STORE:
            return True
        here, there = self._devices.get(label.device), self._devices.get(device)
        if label.fault in WHOLE_BUS:
            bus = label.device if here is None else here.bus
            return device == GATEWAY or there is None or not bus or bus == there.bus
        if here is None or there is None:
            return False
        if not self._wired and here.device_class == "condensing_unit":
            return there.device_class == "refrigeration_case"
        return here.duty == "store_supply" or device in self._below(here.id)

    def _below(self, device: str) -> frozenset[str]:
        """What it feeds, and what that feeds."""
        if device not in self._fed:
            below: set[str] = set()
            ring = {device}
            while ring := {one.id for one in self._devices.values() if one.fed_by in ring} - below:
                below |= ring
            self._fed[device] = frozenset(below)
        return self._fed[device]
