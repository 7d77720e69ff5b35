"""Stored telemetry through two rule sets at once: it is read once, and what both judge alike is judged once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from edge_agent.contract.readings import Device, Telemetry
from edge_agent.contract.text import Text
from rules.book import RuleBook
from rules.kinship import kinship_of
from rules.load import load_rules
from rules.model import Rule
from rules.scoring.data import StoreInventory, read_inventory, read_telemetry
from rules.scoring.difference import Difference, difference
from rules.scoring.doubts import doubts
from rules.scoring.fleet import Judged, Scored, is_listed, judged_of, scored
from rules.scoring.labels import FILE, Label, read_labels
from rules.scoring.replay import Replay
from rules.shared import OTHERS


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Folders as `load_rules` takes them; `overrides` None means those among the rules."""

    rules: Path | None = None
    overrides: Path | None = None

    def load(self) -> RuleBook:
        """Raises Faulty."""
        return load_rules(self.rules, self.overrides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """`present` and `candidate` are scored where there are labels; `doubts` are of data that do not fit together, or of
    faults for which neither has a name."""

    stores: int
    store_days: float
    readings: int
    alarms: Difference
    tickets: Difference
    present: Scored | None = None
    candidate: Scored | None = None
    doubts: tuple[Text, ...] = ()


class SideBySide:
    """One store under two rule books."""

    def __init__(self, present: RuleBook, candidate: RuleBook, inventory: StoreInventory) -> None:
        self.present, self.candidate = _replay(present, inventory), _replay(candidate, inventory)
        self._alike = {
            device.id for device in inventory.devices if judge_alike(present, candidate, device, inventory.store)
        }

    def take(self, telemetry: Telemetry, arrived_at: datetime | None = None) -> None:
        judged = self.present.take(telemetry, arrived_at)
        self.candidate.take(telemetry, arrived_at, judged if telemetry.device in self._alike else None)


def judge_alike(present: RuleBook, candidate: RuleBook, device: Device, store: str) -> bool:
    """Whether both come to the same of every telemetry of that device, causes and food included."""
    return present.food == candidate.food and _asked(present, device, store) == _asked(candidate, device, store)


def backtest_folder(folder: Path, present: RuleSet, candidate: RuleSet, workers: int | None = None) -> Backtest:
    """`folder` as for `score_folder`; without labels.csv there is no score. Raises Faulty."""
    books = present.load(), candidate.load()
    inventory = read_inventory(folder)
    labels = read_labels(folder / FILE) if (folder / FILE).exists() else None
    return compared(_judge_all(folder, sorted(inventory), (present, candidate), workers), labels, inventory, books)


def compared(
    judged: Iterable[tuple[Judged, Judged]],
    labels: Sequence[Label] | None,
    inventory: Mapping[str, StoreInventory],
    books: tuple[RuleBook, RuleBook],
) -> Backtest:
    """Of each store what came of it under the present rules and under the candidate's; `books` are of both."""
    befores, afters = zip(*judged, strict=True)
    present, candidate = books
    days = sum(one.length.total_seconds() for one in befores) / 86400
    return Backtest(
        stores=len(befores),
        store_days=days,
        readings=sum(one.readings for one in befores),
        alarms=difference(*((alarm for one in side for alarm in one.alarms) for side in (befores, afters))),
        tickets=difference(*((ticket for one in side for ticket in one.tickets) for side in (befores, afters))),
        present=None if labels is None else scored(befores, labels, inventory, present),
        candidate=None if labels is None else scored(afters, labels, inventory, candidate),
        doubts=tuple(doubts(befores, labels or (), inventory, present.named | candidate.named)),
    )


def _judge_all(
    folder: Path, stores: Sequence[str], sets: tuple[RuleSet, RuleSet], workers: int | None
) -> list[tuple[Judged, Judged]]:
    """Stores are divided among the processes; where those are more, each rule set has a process of its own."""
    count = max(1, workers or os.cpu_count() or 1)
    parts = [tuple(stores[n :: min(count, len(stores))]) for n in range(min(count, len(stores)))]
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        if count >= 2 * len(parts):
            sides = [[pool.submit(_judge_part, folder, part, one) for part in parts] for one in sets]
            present, candidate = ([one for part in side for one in part.result()] for side in sides)
            return list(zip(present, candidate, strict=True))
        pairs = [pool.submit(_judge_pairs, folder, part, sets) for part in parts]
        return [pair for part in pairs for pair in part.result()]


def _judge_part(folder: Path, stores: Sequence[str], rules: RuleSet) -> list[Judged]:
    book, inventory = rules.load(), read_inventory(folder)
    replays = {store: _replay(book, inventory[store]) for store in stores}
    for line in read_telemetry(folder, lambda store: is_listed(store, inventory) and store in replays):
        replays[line.store].take(line.telemetry, line.arrived_at)
    return [judged_of(one) for one in replays.values()]


def _judge_pairs(folder: Path, stores: Sequence[str], sets: tuple[RuleSet, RuleSet]) -> list[tuple[Judged, Judged]]:
    (present, candidate), inventory = (one.load() for one in sets), read_inventory(folder)
    pairs = {store: SideBySide(present, candidate, inventory[store]) for store in stores}
    for line in read_telemetry(folder, lambda store: is_listed(store, inventory) and store in pairs):
        pairs[line.store].take(line.telemetry, line.arrived_at)
    return [(judged_of(one.present), judged_of(one.candidate)) for one in pairs.values()]


def _replay(book: RuleBook, inventory: StoreInventory) -> Replay:
    return Replay(book, kinship_of(book.rules, OTHERS), inventory)


def _asked(book: RuleBook, device: Device, store: str) -> list[tuple[Rule, dict[str, float]]]:
    """Wherever their files lie."""
    return [(replace(rule, file=""), params) for rule, params in book.plan(device, store).rules]
