"""What docs/add-a-rule.md tells an engineer to write is a rule, and its tests pass."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from rules.faults_document import faults_document
from rules.load import SHIPPED, load_library
from rules.scoring.backtest import judge_alike
from rules.scoring.report import rows
from rules.selftest import run_tests
from tests.unit.rules.judged import freezer
from tests.unit.rules.scoring.test_report import SCORE

DOCS = Path(__file__).parents[2] / "docs"


RULE = "refrigeration_case/defrosts_too_long.yaml"


def test_the_rule_of_the_guide_is_one_and_passes_its_tests(tmp_path: Path) -> None:
    (tmp_path / RULE).parent.mkdir()
    (tmp_path / RULE).write_text(rule_of_the_guide(), encoding="utf-8")
    library = load_library(tmp_path)
    assert [outcome for outcome in run_tests(library.book, library.tests) if not outcome.passed] == []


def test_the_candidate_of_the_guide_is_the_shipped_rules_and_the_new_one(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "my-rules")
    (tmp_path / "my-rules" / RULE).write_text(rule_of_the_guide(), encoding="utf-8")
    present, candidate = load_library().book, load_library(tmp_path / "my-rules").book
    assert candidate.by_id.keys() - present.by_id.keys() == {"refrigeration.defrosts_too_long"}
    assert not judge_alike(present, candidate, freezer(), "store-1")


def rule_of_the_guide() -> str:
    guide = (DOCS / "add-a-rule.md").read_text(encoding="utf-8")
    assert f"build/my-rules/{RULE}" in guide
    assert "--candidate build/my-rules" in guide
    (text,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    return str(text)


def test_the_list_of_faults_is_that_of_the_library_with_the_score_that_was_kept() -> None:
    kept = DOCS / "score.json"
    score = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else ()
    assert (DOCS / "faults.md").read_text(encoding="utf-8") == faults_document(score)


def test_the_list_of_faults_says_how_well_each_is_found_and_how_often_each_rule_is_right() -> None:
    of_rule = {"rule": "food.at_risk", "right": 3, "false": 1}
    page = faults_document([*rows(SCORE), of_rule])
    assert "| `evaporator_fan_dead` | 1 | 1 | 60 min | 0.00 | 1.00 |" in page
    assert "/ 3 of the 4 tickets that it opened were right |" in page
    assert "with known faults (1.0 store-months, 0.0 of them healthy;" in page
    assert "| right cause first | 0.000 | 0.8 | ✗ |" in page
