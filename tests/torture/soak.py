"""Weeks of simulated life in one process: whether agent and head office together keep their size."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from tests.simulation.ledger import Broken
from tests.simulation.world import simulate
from tests.torture.toll import Toll

WEEK = 7
GROWTH_AT_MOST_MIB = 1.0
"""For each simulated week after the first."""
DESCRIPTORS_AT_MOST = 3
"""More than at the end of the first week: a database opens as many as its readers need."""


def soak(rounds: int, seed: str) -> Toll:
    """`rounds` are simulated weeks, two at least."""
    sizes: list[tuple[float, int]] = []

    def weigh(day: int) -> None:
        if (day + 1) % WEEK == 0:
            gc.collect()
            sizes.append((_resident_mib(), sum(1 for _ in Path("/proc/self/fd").iterdir())))

    broken = 0
    try:
        simulate(seed, rounds * WEEK, tick=weigh)
    except Broken:
        broken = 1
    growth = _growth(sizes)
    more = max((count for _, count in sizes), default=0) - (sizes[0][1] if sizes else 0)
    broken += growth > GROWTH_AT_MOST_MIB or more > DESCRIPTORS_AT_MOST
    figures = f"{growth:+.2f} MiB a week after the first, {more:+d} descriptors"
    return Toll(
        promise="memory and descriptors stay, by simulated weeks", rounds=rounds, broken=broken, figures=figures
    )


def _growth(sizes: list[tuple[float, int]]) -> float:
    """MiB a week, from the first to the last."""
    return (sizes[-1][0] - sizes[0][0]) / (len(sizes) - 1) if len(sizes) > 1 else 0.0


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
