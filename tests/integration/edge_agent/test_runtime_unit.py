"""The agent's systemd unit is valid, and opens no more of the machine than it needs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[3] / "systemd" / "storewarden-edge-agent.service"


def setting(name: str) -> str:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))


@pytest.mark.parametrize(
    ("name", "value"),
    [("Type", "notify"), ("Restart", "always"), ("StartLimitIntervalSec", "0"), ("NoNewPrivileges", "yes")],
)
def test_it_is_started_again_for_ever_and_may_gain_nothing(name: str, value: str) -> None:
    assert setting(name) == value


def test_a_reload_is_a_word_to_the_agent_and_no_restart() -> None:
    assert setting("ExecReload") == "/bin/kill -HUP $MAINPID"


def test_it_has_longer_to_stop_than_it_takes() -> None:
    assert int(setting("TimeoutStopSec")) > 5


def test_systemd_finds_it_tight() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout
