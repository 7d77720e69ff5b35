"""The program `fault-rules`, as authors of rules use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rules.__main__ import main
from tests.unit.rules.judged import rule_text

LONG = """
  - it: goes on for twelve days
    every: 10m
    device: {duty: freezer}
    temp.control: -20x1800 -5x6 -20x48
    expect: EXPECTED
"""


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")


def folder_with(tmp_path: Path, text: str) -> str:
    (tmp_path / "rule.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path)


def test_check_finds_nothing_in_the_shipped_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "nothing to mend" in capsys.readouterr().out


def test_check_says_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", folder_with(tmp_path, rule_text("unless: defrost"))]) == 1
    assert f"{tmp_path}/rule.yaml:13: column 1" in capsys.readouterr().err


def test_check_speaks_chinese(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["check", folder_with(tmp_path, rule_text("unless: defrost"))]) == 1
    assert "没有名为 defrost 的点" in capsys.readouterr().err


def test_test_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", folder_with(tmp_path, rule_text())]) == 0
    assert capsys.readouterr().out.splitlines() == ["✓ refrigeration.too_warm: waits", "1 tests passed, 0 failed"]


def test_test_shows_expected_and_got_below_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = rule_text().replace("pendingx3 active", "pendingx2 activex2")
    assert main(["test", folder_with(tmp_path, text)]) == 1
    rows = capsys.readouterr().out.splitlines()
    assert rows[1] == f"  {tmp_path}/rule.yaml:15"
    assert rows[2:6] == [
        "            0s        10m       20m       30m",
        "  expected  pending   pending   active    active",
        "  got       pending   pending   pending   active",
        "                                ^",
    ]


def test_a_long_test_that_failed_is_shown_by_its_stretches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = rule_text() + LONG.replace("EXPECTED", "clearx1800 pendingx3 activex51")
    assert main(["test", folder_with(tmp_path, text)]) == 1
    assert capsys.readouterr().out.splitlines()[3:7] == [
        "            0s         300h       18030m     301h",
        "  expected  clearx1800 pendingx3  activex3   activex48",
        "  got       clearx1800 pendingx3  activex3   clearx48",
        "                                             ^",
    ]


def test_a_test_that_fails_all_over_is_cut_to_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = rule_text() + LONG.replace("EXPECTED", "clearx1700 " + "clear pending " * 77)
    assert main(["test", folder_with(tmp_path, text)]) == 1
    rows = capsys.readouterr().out.splitlines()[3:7]
    assert all(len(row) < 200 for row in rows)
    assert rows[1].endswith("…")


def test_test_shows_a_cause_that_did_not_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    causes = "causes: [{door_left_open: 0.01}, set_point_changed]"
    text = rule_text(causes).replace("every: 10m", "every: 10m\n    first_cause: door_left_open")
    assert main(["test", folder_with(tmp_path, text)]) == 1
    assert "first cause door_left_open ≠ set_point_changed" in capsys.readouterr().out


def test_test_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--json", folder_with(tmp_path, rule_text())]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["rule"], row["passed"], row["got"][-1]) == ("refrigeration.too_warm", True, "active")


def test_list_names_the_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert "device.silent" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["refrigeration.air_temperature_high"]["for"] == "30m"


def test_wrong_usage_is_two() -> None:
    with pytest.raises(SystemExit) as left:
        main(["mend"])
    assert left.value.code == 2
