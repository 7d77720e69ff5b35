"""`simulate fleet`: record a fleet on disk, or put one through the rules and print the score."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from edge_agent.contract.text import Language, Text
from rules.kinship import kinship_of
from rules.load import load_rules
from rules.scoring.data import INVENTORY, TELEMETRY, StoreInventory, inventory_line, inventory_of, telemetry_line
from rules.scoring.fleet import Judged, Scored, judged_of, scored
from rules.scoring.labels import FILE, Label, write_labels
from rules.scoring.recording import recording
from rules.scoring.replay import Replay
from rules.scoring.report import bars, report, rows
from rules.shared import OTHERS
from simulators.fleet.fleet import FULL, JUDGING, LEARNING, SHORT, TUNING, FleetSpec, fleet, status_of
from simulators.fleet.run import Heard, StoreRun

Say = Callable[[Text], None]

_SEEDS = {"tuning": TUNING, "judging": JUDGING}
_USAGE = 2
_COUNTS = {
    "healthy": "没有故障的门店数 / stores without a fault",
    "faulty": "有故障的门店数 / stores with faults",
    "days": "天数 / days of each store",
    "episodes": "每种故障的次数,分布在有故障的门店 / faults of each kind, spread over the faulty stores",
}
_TOGETHER = 500
"""Polls in a line of telemetry.jsonl."""


def add_fleet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        help="写入此新文件夹(docs/recorded-data.md);不写则直接评分 / record into this folder; else score at once",
    )
    parser.add_argument("--seeds", choices=_SEEDS, default="tuning", help="种子 / which seeds (tuning)")
    parser.add_argument(
        "--short", action="store_true", help="短 / two stores of some weeks instead of sixty store-months"
    )
    for name, about in _COUNTS.items():
        parser.add_argument(f"--{name}", type=int, help=about)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="进程数 / processes")
    parser.add_argument("--json", action="store_true", help="供程序读取 / for programs")
    parser.add_argument("--out", type=Path, help="结果写入 / write the rows here")
    parser.set_defaults(run=run_fleet)


def run_fleet(arguments: argparse.Namespace, language: Language) -> int:
    """Exit status 1 where a bar is missed; a short fleet has too few faults for bars. 2: there is no such fleet."""
    spec = _spec(arguments)

    def say(text: Text) -> None:
        sys.stderr.write(f"{text.in_(language)}\n")

    if amiss := impossible(spec):
        say(amiss)
        return _USAGE
    if arguments.folder is not None:
        return _record(spec, arguments.folder, say)
    found = score_fleet(spec, arguments.workers, say)
    for doubt in found.doubts:
        say(doubt)
    told = rows(found.score)
    if arguments.out is not None:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    sys.stdout.write(json.dumps(told, ensure_ascii=False) if arguments.json else report(found, language))
    sys.stdout.write("\n")
    return 0 if arguments.short or all(bar.ok for bar in bars(found.score)) else 1


def impossible(spec: FleetSpec) -> Text | None:
    """Why there is no such fleet; None where there is one."""
    if min(spec.healthy, spec.faulty, spec.episodes) < 0 or spec.stores < 1 or spec.days < 1:
        return Text(
            zh="至少要有一家门店和一天:--healthy、--faulty、--episodes 不小于 0,--days 不小于 1",
            en="a fleet has at least a store and a day: --healthy, --faulty, --episodes from 0 on, --days from 1 on",
        )
    if spec.faulty and spec.episodes and spec.days <= LEARNING.days:
        return Text(
            zh=f"前 {LEARNING.days} 天没有故障:--days 应大于 {LEARNING.days}",
            en=f"no fault begins in the first {LEARNING.days} days: --days must be more than {LEARNING.days}",
        )
    return None


def score_fleet(spec: FleetSpec, workers: int, say: Say) -> Scored:
    """Simulated and judged store by store, each in one process."""
    judged: list[Judged] = []
    labels: list[Label] = []
    inventory: dict[str, StoreInventory] = {}
    with ProcessPoolExecutor(max(1, min(workers, spec.stores)), mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_live, spec, number) for number in _longest_first(spec)]):
            one, own, listed = done.result()
            judged.append(one)
            labels += own
            inventory[one.store] = listed
            say(
                Text(
                    zh=f"已判断 {one.store}:{one.readings} 条读数,{len(one.tickets)} 张工单",
                    en=f"judged {one.store}: {one.readings} readings, {len(one.tickets)} tickets",
                )
            )
    return scored(judged, labels, inventory, load_rules())


def _live(spec: FleetSpec, number: int) -> tuple[Judged, list[Label], StoreInventory]:
    run, book = fleet(spec)[number], load_rules()
    inventory = inventory_of(run.store, status_of(run))
    one = Replay(book, kinship_of(book.rules, OTHERS), inventory)
    for heard in run.heard():
        one.take(heard.telemetry, heard.arrives_at)
    return judged_of(one), run.labels, inventory


def _longest_first(spec: FleetSpec) -> Iterator[int]:
    """Faulty stores take longer."""
    return reversed(range(spec.stores))


def _record(spec: FleetSpec, folder: Path, say: Say) -> int:
    labels: list[Label] = []
    with recording(folder) as unfinished:
        with (
            gzip.open(unfinished / f"{TELEMETRY}.gz", "wb", compresslevel=3) as telemetry,
            (unfinished / INVENTORY).open("wb") as inventory,
        ):
            for run in fleet(spec):
                inventory.write(inventory_line(run.store, status_of(run)))
                for line in _lines(run):
                    telemetry.write(line)
                labels += run.labels
                say(Text(zh=f"已记录 {run.store}", en=f"recorded {run.store}"))
        write_labels(unfinished / FILE, labels)
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
