"""The short form of the overload: a second of ten times too much."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.torture.overload import RSS_AT_MOST, TIMES, strain_office


@pytest.mark.timeout(240)
def test_ten_times_too_much_is_bounded_and_passes(tmp_path: Path) -> None:
    strain = strain_office(tmp_path, 1.0, random.Random(5))
    assert strain.lost == 0
    assert strain.sent > TIMES * strain.rate
    assert strain.rss_at_most < RSS_AT_MOST
    assert not strain.broken
