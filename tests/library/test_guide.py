"""What docs/add-a-rule.md tells an engineer to write is a rule, and its tests pass."""

from __future__ import annotations

import re
from pathlib import Path

from rules.faults_document import faults_document
from rules.load import load_library
from rules.selftest import run_tests

DOCS = Path(__file__).parents[2] / "docs"


def test_the_rule_of_the_guide_is_one_and_passes_its_tests(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "add-a-rule.md").read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "refrigeration_case"
    folder.mkdir()
    (folder / "room_light_left_on.yaml").write_text(text, encoding="utf-8")
    library = load_library(tmp_path)
    assert [outcome for outcome in run_tests(library.book, library.tests) if not outcome.passed] == []


def test_the_list_of_faults_is_that_of_the_library() -> None:
    assert (DOCS / "faults.md").read_text(encoding="utf-8") == faults_document()
