"""Eight hours offline: the short form of the week that `make torture` replays."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.torture.history_replay import replay_outage


@pytest.mark.timeout(240)
def test_the_truth_comes_first_and_what_is_over_alarms_nobody(tmp_path: Path) -> None:
    replay = replay_outage(tmp_path, timedelta(hours=8), random.Random(8))
    assert (replay.lost, replay.duplicated, len(replay.notifications)) == (0, 0, 1)
    assert replay.since_right
    assert replay.past_episodes == 1
    assert not replay.broken
