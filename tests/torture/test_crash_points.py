"""Every crash point once: the short form of what `make torture` does for hours."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.torture.crash_points import crash_at_each


@pytest.mark.timeout(240)
def test_killed_at_every_step_it_loses_nothing_and_opens_one_ticket(tmp_path: Path) -> None:
    reckoning = crash_at_each(tmp_path, random.Random(4))
    assert (reckoning.lost, reckoning.duplicated) == (0, 0)
    assert not reckoning.broken
    assert reckoning.committed > 300
