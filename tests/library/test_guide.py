"""What docs/add-a-rule.md tells an engineer to write is a rule, and its tests pass."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rules.faults_document import faults_document
from rules.load import load_library
from rules.scoring.report import rows
from rules.selftest import run_tests
from tests.unit.rules.scoring.test_report import SCORE

DOCS = Path(__file__).parents[2] / "docs"


def test_the_rule_of_the_guide_is_one_and_passes_its_tests(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "add-a-rule.md").read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "refrigeration_case"
    folder.mkdir()
    (folder / "room_light_left_on.yaml").write_text(text, encoding="utf-8")
    library = load_library(tmp_path)
    assert [outcome for outcome in run_tests(library.book, library.tests) if not outcome.passed] == []


def test_the_list_of_faults_is_that_of_the_library_with_the_score_that_was_kept() -> None:
    kept = DOCS / "score.json"
    score = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else ()
    assert (DOCS / "faults.md").read_text(encoding="utf-8") == faults_document(score)


def test_the_list_of_faults_says_how_well_each_is_found_and_how_often_each_rule_is_right() -> None:
    of_rule = {"rule": "food.at_risk", "right": 3, "false": 1}
    page = faults_document([*rows(SCORE), of_rule])
    assert "| `evaporator_fan_dead` | 1 | 1 | 60 min | 0.00 | 1.00 |" in page
    assert "/ 3 of the 4 tickets that it opened were right |" in page
