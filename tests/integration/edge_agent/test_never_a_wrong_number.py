"""Every fault of a line, thousands of transactions: no reading has a value that the device did not hold.

The whole bar, a million, is `make bench`; a run of a seed is repeated by `python -m tests.bench.correctness`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.drivers import rtu_line
from tests.bench.correctness import on_pty, on_rtu, on_rtu_tcp, on_tcp
from tests.conversations import Outcome


@pytest.mark.parametrize("play", [on_rtu, on_tcp, on_rtu_tcp])
@pytest.mark.parametrize("seed", [1, 2])
def test_in_virtual_time(play: Callable[[int, int], Outcome], seed: int) -> None:
    outcome = play(3400, seed)
    assert outcome.wrong == []
    assert outcome.readings > 2 * outcome.asked
    assert min(outcome.no_answers, outcome.refusals) > 0


def test_on_a_pseudo_terminal_in_real_time() -> None:
    outcome = on_pty(400, 1)
    assert outcome.wrong == []
    assert outcome.readings > 2 * outcome.asked


def test_the_bar_is_missed_by_a_driver_that_does_not_wait_for_late_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtu_line, "LATE_ANSWER", -60.0)
    assert on_rtu(3400, 1).wrong
