"""A recorded fleet through the rules: store by store, on all cores."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

from edge_agent.contract.readings import Device
from rules.kinship import kinship_of
from rules.load import load_rules
from rules.scoring.data import INVENTORY, read_inventory, read_telemetry
from rules.scoring.labels import FILE, Label, read_labels
from rules.scoring.match import Outcome, ScoredAlarm, ScoredTicket, match
from rules.scoring.replay import Replay
from rules.scoring.score import Score, score
from rules.shared import OTHERS

CREEPING = frozenset(
    {
        *("refrigerant_leak_slow", "refrigerant_leak_fast", "condenser_fouled", "evaporator_iced", "curtain_blocked"),
        *("probe_drifting", "overload", "phase_imbalance", "lamp_out"),
        *("ac_filter_clogged", "ac_low_on_charge", "ac_outdoor_unit_hot"),
    }
)
"""Kinds of fault that grow; all others are there at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judging one store brought. `length` is the event time that its telemetry spans."""

    store: str
    tickets: tuple[ScoredTicket, ...]
    alarms: tuple[ScoredAlarm, ...]
    readings: int
    length: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    score: Score
    outcome: Outcome
    readings: int


def score_folder(folder: Path, rules: Path | None = None, workers: int | None = None) -> Scored:
    """`folder` has telemetry.jsonl, inventory.jsonl and labels.csv; `rules` None means the shipped. Raises Faulty."""
    load_rules(rules)
    inventory, labels = read_inventory(folder), read_labels(folder / FILE)
    count = max(1, min(workers or os.cpu_count() or 1, len(inventory)))
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        parts = pool.map(_judge_part, *zip(*((folder, rules, part, count) for part in range(count)), strict=True))
        judged = [store for part in parts for store in part]
    return scored(judged, labels, {store: one.devices for store, one in inventory.items()})


def scored(judged: Sequence[Judged], labels: Sequence[Label], devices: Mapping[str, Sequence[Device]]) -> Scored:
    tickets = [ticket for store in judged for ticket in store.tickets]
    outcome = match(labels, tickets, devices)
    lengths = {store.store: store.length for store in judged}
    return Scored(
        score=score(outcome, lengths, sudden=lambda fault: fault not in CREEPING),
        outcome=outcome,
        readings=sum(store.readings for store in judged),
    )


def judged_of(one: Replay) -> Judged:
    begin = one.first_at or one.last_at
    return Judged(
        store=one.store,
        tickets=tuple(one.tickets),
        alarms=one.alarms,
        readings=one.readings,
        length=one.last_at - begin,
    )


def is_listed(store: str, inventory: Container[str]) -> bool:
    """Raises ValueError: of a store without devices nothing can be judged, and each of its labels would be missed."""
    if store not in inventory:
        raise ValueError(f"{INVENTORY} does not name the store {store!r}")
    return True


def _judge_part(folder: Path, rules: Path | None, part: int, parts: int) -> list[Judged]:
    book, inventory = load_rules(rules), read_inventory(folder)
    kinship = kinship_of(book.rules, OTHERS)
    mine = {store: one for store, one in inventory.items() if crc32(store.encode()) % parts == part}
    replays = {store: Replay(book, kinship, one) for store, one in mine.items()}
    for line in read_telemetry(folder, lambda store: is_listed(store, inventory) and store in mine):
        replays[line.store].take(line.telemetry, line.arrived_at)
    return [judged_of(one) for one in replays.values()]
