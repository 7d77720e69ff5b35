"""The agent's commands as an installer meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.__main__ import main

SHIPPED = Path("configs/sites/demo-store.yaml").read_text(encoding="utf-8")
DEMO = "demo/site.yaml"


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At home beside the demo store, as a demo has it."""
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path)
    Path("demo").mkdir()
    Path("demo/broker.password").write_text("secret", encoding="ascii")
    Path(DEMO).write_text(SHIPPED, encoding="utf-8")


def edited(*changes: tuple[str, str]) -> str:
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    Path("demo/edited.yaml").write_text(text, encoding="utf-8")
    return "demo/edited.yaml"


@pytest.fixture
def faulty() -> str:
    return edited(("Asia/Shanghai", "Asia/Shanghi"), ("unit: 3", "unit: 1"))


def test_a_good_site_file_is_said_to_be_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DEMO]) == 0
    out = capsys.readouterr().out
    assert out.startswith("OK: 7 devices on 2 buses\n")
    assert "  read-only: freezer-1: no capture of a real unit confirms the map danfoss_ekc204a1 yet" in out
    assert "cold-room-1" not in out


def test_a_device_that_was_commissioned_is_not_said_to_be_read_only(capsys: pytest.CaptureFixture[str]) -> None:
    done = "{by: Li, at: 2026-11-20, profile_version: %d, shown: [{point: temp.control, value: -20}]}"
    site = edited(("unit: 3,", f"unit: 3, commissioned: {done % 1},"))
    assert main(["check", site, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert "freezer-1" not in answer["read_only"]
    assert "open-chiller-1" in answer["read_only"]
    assert main(["check", edited(("unit: 3,", f"unit: 3, commissioned: {done % 7},"))]) == 0
    assert "freezer-1: it was commissioned (Li, 2026-11-20) with version 7 of the map" in capsys.readouterr().out


def test_a_port_whose_name_may_change_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    site = edited(("port: ./line-a", "port: /dev/ttyUSB0"))
    assert main(["check", site]) == 0
    assert "/dev/serial/by-id/" in capsys.readouterr().out
    assert main(["check", "--json", site]) == 0
    note, *_ = json.loads(capsys.readouterr().out)["notes"]
    assert note.startswith("bus line-a: /dev/ttyUSB0 may be another adapter")


def test_it_speaks_chinese(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["check", DEMO]) == 0
    assert capsys.readouterr().out.startswith("正常:2 条总线上 7 台设备\n")


def test_every_fault_is_a_line(capsys: pytest.CaptureFixture[str], faulty: str) -> None:
    assert main(["check", faulty]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{faulty}:4:", f"{faulty}:16:"]


def test_a_check_says_that_the_password_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    site = edited(("./broker.password", "./none"))
    assert main(["check", site]) == 1
    assert "edited.yaml:7: the broker's password cannot be read" in capsys.readouterr().out
    assert main(["read", site, "freezer-9"]) == 2


def test_faults_can_be_read_by_a_machine(capsys: pytest.CaptureFixture[str], faulty: str) -> None:
    assert main(["check", "--json", faulty]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [fault["line"] for fault in answer["faults"]] == [4, 16]
    assert set(answer["faults"][0]["fix"]) == {"zh", "en"}


def test_a_good_answer_can_be_read_by_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DEMO, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["devices"], answer["buses"]) == (True, 7, 2)


def test_a_device_that_is_not_in_the_store_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", DEMO, "freezer-9"]) == 2
    assert "freezer-1" in capsys.readouterr().err


def test_reading_from_a_dead_bus_fails_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", DEMO, "freezer-1", "--json"]) == 1
    answer, trouble = capsys.readouterr()
    assert {reading["quality"] for reading in json.loads(answer)} == {"bus_down"}
    assert "line-a is down" in trouble


def test_a_faulty_site_is_not_run(capsys: pytest.CaptureFixture[str], faulty: str) -> None:
    assert main(["run", faulty]) == 1
    assert "Asia/Shanghi" in capsys.readouterr().err


def test_a_wrong_clock_argument_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", DEMO, "--clock", "noon"]) == 2
    assert "--clock" in capsys.readouterr().err
