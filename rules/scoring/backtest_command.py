"""`fault-rules backtest`: what other rules, or other limits, would have made of what was recorded."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge_agent.contract.text import Language
from rules.scoring.backtest import RuleSet, backtest_folder
from rules.scoring.backtest_report import as_json, text

EXAMPLES = 5


def add_backtest(commands: Any) -> None:
    about = "候选规则会带来什么变化 / what a candidate would change, on recorded telemetry"
    command = commands.add_parser("backtest", help=about, description=about)
    command.add_argument(
        "--data", required=True, type=Path, help="同 score,labels.csv 可选 / as for score, without labels.csv too"
    )
    command.add_argument("--candidate", type=Path, help="候选规则文件夹 / folder of the candidate (the shipped rules)")
    command.add_argument(
        "--candidate-overrides", type=Path, help="候选的参数文件夹 / its params by chain, store, device"
    )
    command.add_argument("--rules", type=Path, help="现有规则文件夹 / folder of the present rules (the shipped rules)")
    command.add_argument("--overrides", type=Path, help="现有的参数文件夹 / their params")
    command.add_argument("--workers", type=int, help="进程数 / processes")
    command.add_argument("--examples", type=int, default=EXAMPLES, help="每类示例数 / examples of each kind (5)")
    command.add_argument("--json", action="store_true", help="供程序读取 / for programs")
    command.set_defaults(wrong_usage=command.error)


def backtest(arguments: argparse.Namespace, language: Language) -> int:
    """Raises Faulty."""
    candidate = RuleSet(rules=arguments.candidate, overrides=arguments.candidate_overrides)
    if candidate == RuleSet():
        arguments.wrong_usage("--candidate / --candidate-overrides")
    present = RuleSet(rules=arguments.rules, overrides=arguments.overrides)
    found = backtest_folder(arguments.data, present, candidate, arguments.workers)
    for doubt in found.doubts:
        sys.stderr.write(f"{doubt.in_(language)}\n")
    told = (
        json.dumps(as_json(found), ensure_ascii=False) if arguments.json else text(found, language, arguments.examples)
    )
    sys.stdout.write(f"{told}\n")
    return 0
