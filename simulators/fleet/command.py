"""`simulate fleet`: record a fleet on disk, or put one through the rules and print the score."""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from edge_agent.contract.readings import Device
from edge_agent.contract.text import Language
from rules.kinship import kinship_of
from rules.load import load_rules
from rules.scoring.data import INVENTORY, TELEMETRY, inventory_line, inventory_of, telemetry_line
from rules.scoring.fleet import Judged, Scored, judged_of, scored
from rules.scoring.labels import FILE, Label, write_labels
from rules.scoring.replay import Replay
from rules.scoring.report import bars, false_lines, missed_lines, rows, table
from rules.shared import OTHERS
from simulators.fleet.fleet import FULL, JUDGING, SHORT, TUNING, FleetSpec, fleet, status_of
from simulators.fleet.run import Heard, StoreRun

log = logging.getLogger(__name__)

_SEEDS = {"tuning": TUNING, "judging": JUDGING}
_TOGETHER = 500
"""Polls in a line of telemetry.jsonl."""


def add_fleet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, help="数据文件夹;不写则直接评分 / record here; else score at once"
    )
    parser.add_argument("--seeds", choices=_SEEDS, default="tuning", help="种子 / which seeds (tuning)")
    parser.add_argument(
        "--short", action="store_true", help="短 / two stores of some weeks instead of sixty store-months"
    )
    for name in ("healthy", "faulty", "days", "episodes"):
        parser.add_argument(f"--{name}", type=int, help=f"{name} (FleetSpec)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="进程数 / processes")
    parser.add_argument("--json", action="store_true", help="供程序读取 / for programs")
    parser.add_argument("--out", type=Path, help="结果写入 / write the rows here")
    parser.set_defaults(run=run_fleet)


def run_fleet(arguments: argparse.Namespace, language: Language) -> int:
    """Exit status 1 where a bar is missed; a short fleet has too few faults for bars."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    spec = _spec(arguments)
    if arguments.folder is not None:
        return _record(spec, arguments.folder)
    found = score_fleet(spec, arguments.workers)
    told = rows(found.score)
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    if arguments.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        lines = [table(found.score, language), *false_lines(found.outcome), *missed_lines(found.outcome)]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if arguments.short or all(bar.ok for bar in bars(found.score)) else 1


def score_fleet(spec: FleetSpec, workers: int) -> Scored:
    """Simulated and judged store by store, each in one process."""
    judged: list[Judged] = []
    labels: list[Label] = []
    devices: dict[str, Sequence[Device]] = {}
    with ProcessPoolExecutor(max(1, min(workers, spec.stores)), mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_live, spec, number) for number in _longest_first(spec)]):
            one, own, listed = done.result()
            judged.append(one)
            labels += own
            devices[one.store] = listed
            log.info("judged store=%s readings=%d tickets=%d", one.store, one.readings, len(one.tickets))
    return scored(judged, labels, devices)


def _live(spec: FleetSpec, number: int) -> tuple[Judged, list[Label], Sequence[Device]]:
    run = fleet(spec)[number]
    book, status = load_rules(), status_of(run)
    one = Replay(book, kinship_of(book.rules, OTHERS), inventory_of(run.store, status))
    for heard in run.heard():
        one.take(heard.telemetry, heard.arrives_at)
    return judged_of(one), run.labels, status.devices


def _longest_first(spec: FleetSpec) -> Iterator[int]:
    """Faulty stores take longer."""
    return reversed(range(spec.stores))


def _record(spec: FleetSpec, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    labels: list[Label] = []
    with (
        gzip.open(folder / f"{TELEMETRY}.gz", "wb", compresslevel=3) as telemetry,
        (folder / INVENTORY).open("wb") as inventory,
    ):
        for run in fleet(spec):
            inventory.write(inventory_line(run.store, status_of(run)))
            for line in _lines(run):
                telemetry.write(line)
            labels += run.labels
            log.info("recorded store=%s", run.store)
    write_labels(folder / FILE, labels)
    return 0


def _lines(run: StoreRun) -> Iterator[bytes]:
    """Polls that arrived together stand in one line; a line says when, as `at` alone does not tell a late one."""
    together: list[Heard] = []
    count = 1
    for heard in run.heard():
        if together and (heard.arrives_at != together[0].arrives_at or len(together) >= _TOGETHER):
            yield _line(run.store, count, together)
            count += len(together)
            together = []
        together.append(heard)
    if together:
        yield _line(run.store, count, together)


def _line(store: str, first: int, together: Sequence[Heard]) -> bytes:
    bodies = [heard.telemetry for heard in together]
    return telemetry_line(store, "of-the-fleet", first, bodies, together[0].arrives_at)


def _spec(arguments: argparse.Namespace) -> FleetSpec:
    given = {name: getattr(arguments, name) for name in ("healthy", "faulty", "days", "episodes")}
    spec = SHORT if arguments.short else FULL
    return replace(spec, seed=_SEEDS[arguments.seeds], **{name: n for name, n in given.items() if n is not None})
