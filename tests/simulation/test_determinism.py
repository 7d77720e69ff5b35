"""A seed is a run: the same messages at the same instants, and the same database, in any process."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.simulation.world import simulate

TOLD = "from tests.simulation.world import simulate; outcome = simulate('7', 2); print(outcome.kept, outcome.digest)"


def test_it_repeats_two_days_exactly_whatever_the_hashes_of_the_process() -> None:
    first, second = run("17"), run("42")
    assert int(first.split()[0]) > 1_000
    assert first == second


def run(hash_seed: str) -> str:
    """In a process of its own, as `make simulate` does: what earlier runs left in memory is another matter."""
    return subprocess.run(
        [sys.executable, "-c", TOLD],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout


def test_another_seed_is_another_run() -> None:
    assert simulate("8", 1).digest != simulate("9", 1).digest
