"""One line of the table, and how its figure is taken: medians of alternating runs, with their spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`value` is the ratio ours / peer (lower is better); `bar` the most it may be; `spread` half the range of it.

    `detail` has the figures that the ratio was made of.
    """

    name: str
    value: float
    spread: float
    unit: str
    bar: float
    peer: str
    ok: bool
    detail: str = ""


def ratio(name: str, bar: float, peer_name: str, ours: Callable[[], object], peer: Callable[[], object]) -> Row:
    """Both in turn, so that a busy machine slows both; the ratio of each pair, then the median of the ratios."""
    ratios = [seconds(ours) / seconds(peer) for _ in range(ROUNDS)]
    value = statistics.median(ratios)
    spread = (max(ratios) - min(ratios)) / 2
    return Row(name=name, value=value, spread=spread, unit="×", bar=bar, peer=peer_name, ok=value <= bar)


def quotient(name: str, value: float, spread: float, bar: float, peer_name: str, detail: str) -> Row:
    """A ratio that was measured elsewhere."""
    ok = value <= bar
    return Row(name=name, value=value, spread=spread, unit="×", bar=bar, peer=peer_name, ok=ok, detail=detail)


def missing(name: str, bar: float, peer_name: str, reason: str) -> Row:
    """A peer that is not there is a bar missed."""
    return quotient(name, float("inf"), 0.0, bar, peer_name, reason)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def table(rows: Sequence[Row]) -> str:
    width = max(44, *(len(row.name) for row in rows))
    head = f"{'benchmark':{width}} {'ours/peer':>16} {'bar':>7}  peer\n"
    return head + "".join(
        f"{row.name:{width}} {row.value:8.2f} ± {row.spread:4.2f} {row.unit} {row.bar:6.2f}  {row.peer}"
        f"{'' if row.ok else '   MISSED'}\n" + (f"    {row.detail}\n" if row.detail else "")
        for row in rows
    )
