"""The agent's commands as an installer meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.__main__ import main

DEMO = "configs/sites/demo-store.yaml"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    text = Path(DEMO).read_text(encoding="utf-8").replace("Asia/Shanghai", "Asia/Shanghi").replace("unit: 3", "unit: 1")
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "site.yaml")


def test_a_good_site_file_is_said_to_be_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DEMO]) == 0
    out = capsys.readouterr().out
    assert out.startswith("OK: 7 devices on 2 buses\n")
    assert "danfoss_ekc204a1: no capture" in out
    assert "danfoss_ekc202b" not in out


def test_a_port_whose_name_may_change_is_noted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = Path(DEMO).read_text(encoding="utf-8").replace("port: ./line-a", "port: /dev/ttyUSB0")
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    assert main(["check", str(tmp_path / "site.yaml")]) == 0
    assert "/dev/serial/by-id/" in capsys.readouterr().out
    assert main(["check", "--json", str(tmp_path / "site.yaml")]) == 0
    (note,) = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("bus line-a: /dev/ttyUSB0 may be another adapter")


def test_it_speaks_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["check", DEMO]) == 0
    assert capsys.readouterr().out.startswith("正常:2 条总线上 7 台设备\n")


def test_every_fault_is_a_line(capsys: pytest.CaptureFixture[str], faulty: str) -> None:
    assert main(["check", faulty]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{faulty}:4:", f"{faulty}:15:"]


def test_faults_can_be_read_by_a_machine(capsys: pytest.CaptureFixture[str], faulty: str) -> None:
    assert main(["check", "--json", faulty]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [fault["line"] for fault in answer["faults"]] == [4, 15]
    assert set(answer["faults"][0]["fix"]) == {"zh", "en"}


def test_a_good_answer_can_be_read_by_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DEMO, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["devices"], answer["buses"]) == (True, 7, 2)


def test_a_device_that_is_not_in_the_store_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", DEMO, "freezer-9"]) == 2
    assert "freezer-1" in capsys.readouterr().err


def test_reading_from_a_dead_bus_fails_and_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(Path(DEMO).read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["read", str(tmp_path / "site.yaml"), "freezer-1", "--json"]) == 1
    answer, trouble = capsys.readouterr()
    assert {reading["quality"] for reading in json.loads(answer)} == {"bus_down"}
    assert "line-a is down" in trouble


def test_a_faulty_site_is_not_run(capsys: pytest.CaptureFixture[str], faulty: str) -> None:
    assert main(["run", faulty]) == 1
    assert "Asia/Shanghi" in capsys.readouterr().err


def test_a_wrong_clock_argument_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", DEMO, "--clock", "noon"]) == 2
    assert "--clock" in capsys.readouterr().err
