"""`simulate fleet` as people call it: fleets that cannot be, and folders that are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.scoring.data import TELEMETRY
from simulators.__main__ import main
from simulators.fleet.fleet import TUNING, FleetSpec, fleet

NO_STORE = ["--healthy", "0", "--faulty", "0"]


@pytest.mark.parametrize(
    "asked",
    [
        NO_STORE,
        ["--healthy", "-1"],
        ["--faulty", "-1"],
        ["--episodes", "-1"],
        ["--days", "0"],
        ["--days", "16", "--faulty", "1", "--episodes", "1"],
    ],
    ids=" ".join,
)
def test_a_fleet_that_cannot_be_is_wrong_usage(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", *asked]) == 2
    assert "--days" in capsys.readouterr().err


def test_it_says_so_in_chinese(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["fleet", *NO_STORE]) == 2
    assert "至少要有一家门店" in capsys.readouterr().err


def test_a_fleet_may_be_healthy_altogether() -> None:
    runs = fleet(FleetSpec(seed=TUNING, healthy=2, faulty=0, days=1, episodes=15))
    assert [run.episodes for run in runs] == [(), ()]


def test_recorded_data_are_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / TELEMETRY).write_text("mine", encoding="utf-8")
    assert main(["fleet", str(tmp_path), "--healthy", "1", "--faulty", "0", "--days", "1"]) == 1
    assert f"{TELEMETRY}:1: this folder holds recorded data already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [TELEMETRY]
