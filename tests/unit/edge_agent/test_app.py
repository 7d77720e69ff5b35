"""What the wiring itself decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.app import AgentRunsAlready, boot_name, sole_use, system_clock
from edge_agent.core.trust import RELEASED_AT


def test_a_store_has_one_agent(tmp_path: Path) -> None:
    with sole_use(tmp_path / "state"), pytest.raises(AgentRunsAlready), sole_use(tmp_path / "state"):
        pass
    with sole_use(tmp_path / "state"):
        pass


def test_every_run_has_its_own_name() -> None:
    one, other = boot_name(), boot_name()
    assert one != other
    assert one.split(".")[0] == other.split(".")[0]


def test_the_clock_goes() -> None:
    clock = system_clock()
    assert clock.now() > RELEASED_AT
    assert clock.mono() <= clock.mono()
