"""A short score in every run of the tests: one small healthy store and a faulty one, judged as `make score` judges."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest

from rules.kinship import kinship_of
from rules.load import load_rules
from rules.scoring.data import StoreInventory
from rules.scoring.fleet import Scored, judged_of, scored
from rules.scoring.replay import Replay
from rules.shared import OTHERS
from simulators.faults import kind_of
from simulators.fleet.plan import Ground, plan
from simulators.fleet.run import StoreRun
from simulators.plants.setting import Setting
from simulators.reference import inventory, reference_store
from tests.stories.parts import PLACE, ZONE, machines_of

SEED = 3_000
"""Neither tuning's nor judging's."""
BEGIN = datetime(2026, 9, 1, tzinfo=ZONE)
HEALTHY, FAULTY = "healthy", "faulty"
LEARNED, LENGTH = timedelta(days=1), timedelta(days=5)
FAULTS = (
    *(("compressor_dead", "refrigeration_case"), ("probe_open", "refrigeration_case")),
    *(("controller_silent", "refrigeration_case"), ("phase_lost", "energy_meter")),
)


@pytest.mark.timeout(600)
def test_it_finds_every_fault_with_its_cause_among_the_first_three() -> None:
    findings = short_score().outcome.findings
    assert sorted(finding.label.fault for finding in findings) == sorted(fault for fault, _ in FAULTS)
    assert [finding.label.fault for finding in findings if not finding.found] == []
    assert [finding.label.fault for finding in findings if (finding.rank or 9) > 3] == []


@pytest.mark.timeout(600)
def test_it_tells_nobody_of_what_is_none() -> None:
    assert [(one.store, one.device, one.rule) for one in short_score().outcome.false] == []


@pytest.mark.timeout(600)
def test_no_food_spoils_unseen() -> None:
    assert short_score().score.food_missed == 0


@cache
def short_score() -> Scored:
    book = load_rules()
    runs = [store(HEALTHY, SEED), store(FAULTY, SEED + 1)]
    known = {run.store: known_of(run) for run in runs}
    judged = []
    for run in runs:
        one = Replay(book, kinship_of(book.rules, OTHERS), known[run.store])
        for heard in run.heard():
            one.take(heard.telemetry, heard.arrives_at)
        judged.append(judged_of(one))
    labels = [label for run in runs for label in run.labels]
    return scored(judged, labels, known, book)


def known_of(run: StoreRun) -> StoreInventory:
    return StoreInventory(store=run.store, timezone=str(ZONE), location=PLACE, devices=inventory(run.reference))


def store(name: str, seed: int) -> StoreRun:
    machines = machines_of("freezers")
    kinds = [kind_of(*fault) for fault in FAULTS] if name == FAULTY else []
    ground = Ground(machines=machines, begin=BEGIN + LEARNED, end=BEGIN + LENGTH, outdoors=lambda *_: 25.0)
    return StoreRun(
        store=name,
        reference=replace(reference_store(), machines=machines),
        world=Setting(seed=seed),
        timezone=ZONE,
        location=PLACE,
        begin=BEGIN,
        end=BEGIN + LENGTH,
        episodes=plan(ground, kinds, seed).episodes,
    )
