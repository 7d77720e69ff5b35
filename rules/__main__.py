"""`fault-rules check | test | list | score | backtest`: the rules as their authors work with them."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from configs.documents import Faulty
from configs.durations import duration_text
from edge_agent.contract.text import Language, Text, language_of
from rules.load import Library, load_library
from rules.model import Rule
from rules.scoring.backtest_command import add_backtest, backtest
from rules.scoring.fleet import score_folder
from rules.scoring.report import bars, report, rows
from rules.selftest import MOST_COLUMNS, Outcome, run_tests, stretches

_COMMANDS = {
    "check": "检查规则文件 / find every fault of the rule files",
    "test": "运行规则自带的测试 / run the tests that stand in the rule files",
    "list": "列出规则 / list the rules",
}
_WORDS = {
    "fine": Text(zh="{rules} 条规则，{tests} 个测试，没有错误", en="{rules} rules with {tests} tests, nothing to mend"),
    "faults": Text(zh="{faults} 处需要修改", en="{faults} to mend"),
    "passed": Text(zh="{passed} 个测试通过，{failed} 个失败", en="{passed} tests passed, {failed} failed"),
    "expected": Text(zh="期望", en="expected"),
    "got": Text(zh="实际", en="got"),
    "first_cause": Text(zh="首要原因", en="first cause"),
    "none": Text(zh="没有", en="none"),
}

_BEFORE = 3
"""Columns before the first difference."""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 all right, 1 a fault, a failed test or a missed bar, 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    language = language_of(os.environ)
    try:
        if arguments.command == "score":
            return _score(arguments, language)
        if arguments.command == "backtest":
            return backtest(arguments, language)
        library = load_library(arguments.folder)
    except Faulty as error:
        _print_faults(error, language)
        return 1
    if arguments.command == "test":
        return _test(library, arguments.json, language)
    if arguments.command == "list":
        return _list(library, arguments.json, language)
    print(_WORDS["fine"].in_(language).format(rules=len(library.book.rules), tests=len(library.tests)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fault-rules", description="故障规则 / the rules of what counts as a fault")
    commands = parser.add_subparsers(dest="command", required=True, metavar="check | test | list | score | backtest")
    for name, about in _COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument(
            "folder", nargs="?", type=Path, help="规则文件夹，默认为自带的规则 / default: the shipped rules"
        )
        if name != "check":
            command.add_argument("--json", action="store_true", help="供程序读取 / for programs")
    _add_score(commands)
    add_backtest(commands)
    return parser


def _add_score(commands: Any) -> None:
    about = "用故障已知的数据给规则评分 / how good the rules are on a fleet whose faults are known"
    command = commands.add_parser("score", help=about, description=about)
    command.add_argument("folder", nargs="?", type=Path, help="规则文件夹 / default: the shipped rules")
    command.add_argument(
        "--data", required=True, type=Path, help="telemetry.jsonl, inventory.jsonl, labels.csv (docs/recorded-data.md)"
    )
    command.add_argument("--workers", type=int, help="进程数 / processes")
    command.add_argument("--json", action="store_true", help="供程序读取 / for programs")


def _score(arguments: argparse.Namespace, language: Language) -> int:
    found = score_folder(arguments.data, arguments.folder, arguments.workers)
    for doubt in found.doubts:
        print(doubt.in_(language), file=sys.stderr)
    if arguments.json:
        print(json.dumps(rows(found.score), ensure_ascii=False))
    else:
        print(report(found, language))
    return 0 if all(bar.ok for bar in bars(found.score)) else 1


def _print_faults(error: Faulty, language: Language) -> None:
    for fault in error.faults:
        print(fault.sentence(language), file=sys.stderr)
    print(_WORDS["faults"].in_(language).format(faults=len(error.faults)), file=sys.stderr)


def _test(library: Library, as_json: bool, language: Language) -> int:
    outcomes = run_tests(library.book, library.tests)
    failed = sum(not outcome.passed for outcome in outcomes)
    if as_json:
        print(json.dumps([_outcome(outcome) for outcome in outcomes], ensure_ascii=False))
    else:
        for outcome in outcomes:
            print("\n".join(_report(outcome, language)))
        print(_WORDS["passed"].in_(language).format(passed=len(outcomes) - failed, failed=failed))
    return 1 if failed else 0


def _report(outcome: Outcome, language: Language) -> list[str]:
    """One line for a test that passed; for one that did not, also both rows of states, a column each step."""
    test = outcome.test
    lines = [f"{'✓' if outcome.passed else '✗'} {test.rule}: {test.it}"]
    if not outcome.states_right:
        lines += [f"  {test.file}:{test.line}", *_aligned(outcome, language)]
    if not outcome.cause_right and test.first_cause is not None:
        got = outcome.first_cause or _label("none", language)
        lines.append(f"  {_label('first_cause', language)} {test.first_cause} ≠ {got}")
    return lines


def _aligned(outcome: Outcome, language: Language) -> list[str]:
    """Of a long test a column is a stretch in which nothing changes, and only those about the first difference are
    shown."""
    every = stretches(outcome)
    first = next(n for n, one in enumerate(every) if one.got != one.expected)
    begin = max(0, min(first - _BEFORE, len(every) - MOST_COLUMNS))
    shown = every[begin : begin + MOST_COLUMNS]
    rows = {
        " ": [duration_text(outcome.test.every * one.step) for one in shown],
        _label("expected", language): [_told(one.expected, one.steps) for one in shown],
        _label("got", language): [_told(one.got, one.steps) for one in shown],
        "": ["^" if one.got != one.expected else "" for one in shown],
    }
    cut = "… " if begin else "", " …" if begin + len(shown) < len(every) else ""
    width = max(9, *(len(cell) for row in rows.values() for cell in row))
    return [
        f"  {label:<10}{cut[0]}{' '.join(f'{cell:<{width}}' for cell in row)}{cut[1]}".rstrip()
        for label, row in rows.items()
    ]


def _told(state: str, steps: int) -> str:
    """As authors write it."""
    return f"{state}x{steps}" if steps > 1 else state


def _label(word: str, language: Language) -> str:
    return _WORDS[word].in_(language)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    test = outcome.test
    where = {"rule": test.rule, "it": test.it, "file": test.file, "line": test.line}
    states = {"expected": list(test.expect), "got": list(outcome.got)}
    return {**where, "passed": outcome.passed, **states, "first_cause": outcome.first_cause}


def _list(library: Library, as_json: bool, language: Language) -> int:
    rows = [_row(rule) for rule in library.book.rules]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    for rule in library.book.rules:
        kinds = ", ".join(sorted(rule.duties or rule.device_classes))
        print(f"{rule.id:<38} {rule.severity:<9} {rule.title.in_(language)} ({kinds})")
    return 0


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "severity": rule.severity,
        "title": {"zh": rule.title.zh, "en": rule.title.en},
        "why": {"zh": rule.why.zh, "en": rule.why.en},
        "device_classes": sorted(rule.device_classes),
        "duties": sorted(rule.duties),
        "when": rule.when.text,
        "for": duration_text(rule.hold),
        "file": rule.file,
    }


if __name__ == "__main__":
    raise SystemExit(main())
