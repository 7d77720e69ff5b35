"""A recorded fleet through the rules: store by store, on all cores."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from edge_agent.contract.text import Text
from rules.book import RuleBook
from rules.kinship import kinship_of
from rules.load import load_rules
from rules.scoring.completing import Unusable
from rules.scoring.data import INVENTORY, StoreInventory, read_inventory, read_telemetry
from rules.scoring.doubts import doubts
from rules.scoring.labels import FILE, Label, read_labels
from rules.scoring.match import Outcome, ScoredAlarm, ScoredTicket, match
from rules.scoring.replay import Replay
from rules.scoring.score import Score, score
from rules.shared import OTHERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judging one store brought. `length` is the event time that its telemetry spans from `first_at` on. Polls of
    devices that are `unlisted` decide nothing; those that came `out_of_order`, older than what was judged of their
    device, hardly any.
    """

    store: str
    tickets: tuple[ScoredTicket, ...]
    alarms: tuple[ScoredAlarm, ...]
    readings: int
    length: timedelta
    first_at: datetime | None = None
    unlisted: Mapping[str, int] = field(default_factory=dict)
    out_of_order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """`doubts` are what makes the score worse than the rules are: data that do not fit together."""

    score: Score
    outcome: Outcome
    readings: int
    doubts: tuple[Text, ...] = ()


def score_folder(folder: Path, rules: Path | None = None, workers: int | None = None) -> Scored:
    """`folder` has telemetry.jsonl, inventory.jsonl and labels.csv; `rules` None means the shipped. Raises Faulty."""
    book = load_rules(rules)
    inventory, labels = read_inventory(folder), read_labels(folder / FILE)
    dealt = _dealt({store: len(one.devices) for store, one in inventory.items()}, workers or os.cpu_count() or 1)
    with ProcessPoolExecutor(len(dealt), mp_context=get_context("spawn")) as pool:
        judged = [store for part in pool.map(_judge_part, repeat(folder), repeat(rules), dealt) for store in part]
    return scored(judged, labels, inventory, book)


def _dealt(sizes: Mapping[str, int], workers: int) -> list[frozenset[str]]:
    """The stores in parts of about as many devices; none is empty, but the only one of an empty inventory."""
    parts = [set[str]() for _ in range(max(1, min(workers, len(sizes))))]
    for store in sorted(sizes, key=lambda store: (-sizes[store], store)):
        min(parts, key=lambda part: sum(sizes[each] for each in part)).add(store)
    return [frozenset(part) for part in parts]


def scored(
    judged: Sequence[Judged], labels: Sequence[Label], inventory: Mapping[str, StoreInventory], book: RuleBook
) -> Scored:
    """By `book`, which has judged them. A label that stands there twice counts once."""
    tickets = [ticket for store in judged for ticket in store.tickets]
    devices = {store: one.devices for store, one in inventory.items()}
    outcome = match(dict.fromkeys(labels), tickets, devices)
    lengths = {store.store: store.length for store in judged}
    return Scored(
        score=score(outcome, lengths, sudden=lambda fault: fault not in book.creeping),
        outcome=outcome,
        readings=sum(store.readings for store in judged),
        doubts=tuple(doubts(judged, labels, inventory, book.named)),
    )


def judged_of(one: Replay) -> Judged:
    begin = one.first_at or one.last_at
    return Judged(
        store=one.store,
        tickets=tuple(one.tickets),
        alarms=one.alarms,
        readings=one.readings,
        length=one.last_at - begin,
        first_at=one.first_at,
        unlisted=dict(one.unlisted),
        out_of_order=one.out_of_order,
    )


def is_listed(store: str, inventory: Container[str]) -> bool:
    """Raises Unusable: of a store without devices nothing can be judged, and each of its labels would be missed."""
    if store not in inventory:
        what = Text(zh=f"{INVENTORY} 中没有门店 {store!r}", en=f"{INVENTORY} does not name the store {store!r}")
        raise Unusable(what)
    return True


def _judge_part(folder: Path, rules: Path | None, stores: frozenset[str]) -> list[Judged]:
    book, inventory = load_rules(rules), read_inventory(folder)
    kinship = kinship_of(book.rules, OTHERS)
    replays = {store: Replay(book, kinship, one) for store, one in inventory.items() if store in stores}
    for line in read_telemetry(folder, lambda store: is_listed(store, inventory) and store in stores):
        replays[line.store].take(line.telemetry, line.arrived_at)
    return [judged_of(one) for one in replays.values()]
