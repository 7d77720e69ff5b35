"""A few kills at random moments: the short form of what `make torture` does sixty times."""

from __future__ import annotations

import pytest

from tests.torture.kills import kill_agent, kill_broker, kill_office


@pytest.mark.timeout(240)
def test_killing_head_office_loses_nothing() -> None:
    toll = kill_office(3, "short")
    assert toll.ok, toll


@pytest.mark.timeout(240)
def test_killing_the_broker_loses_nothing() -> None:
    toll = kill_broker(3, "short")
    assert toll.ok, toll


@pytest.mark.timeout(240)
def test_killing_the_agent_loses_nothing_that_it_committed() -> None:
    toll = kill_agent(4, "short")
    assert toll.ok, toll
