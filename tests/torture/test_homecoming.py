"""Twenty stores come back at once: the short form of the thousand of `make torture`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.torture.homecoming import bring_home

STORES, WRONG = 20, 4


@pytest.mark.timeout(240)
def test_stores_that_come_back_tell_what_is_wrong_first_and_what_was_in_silence(tmp_path: Path) -> None:
    home = bring_home(tmp_path, STORES, 4.0, random.Random(7))
    found = home.findings
    assert (found.lost, found.duplicated, found.unseen, found.stale) == (0, 0, 0, 0)
    assert (found.odd, found.episodes_missing, found.quarantined) == (0, 0, 0)
    assert len(found.truths) == WRONG
    assert home.broken == 0
