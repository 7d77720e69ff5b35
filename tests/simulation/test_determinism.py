"""A seed is a run: the same messages at the same instants, and the same database, in any process."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.simulation.world import simulate


def test_it_repeats_two_days_exactly_whatever_the_hashes_of_the_process() -> None:
    told = "from tests.simulation.world import simulate; print(simulate('7', 2).digest)"
    other = subprocess.run(
        [sys.executable, "-c", told],
        env=os.environ | {"PYTHONHASHSEED": "17"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    outcome = simulate("7", 2)
    assert outcome.kept > 1_000
    assert other.stdout.strip() == outcome.digest


def test_another_seed_is_another_run() -> None:
    assert simulate("8", 1).digest != simulate("9", 1).digest
