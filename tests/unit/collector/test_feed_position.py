"""Where a page that comes back goes on in the feed."""

from __future__ import annotations

import pytest

from collector.api.feed import position_of


@pytest.mark.parametrize("told", ["", "x", "-1", "1.5", "²", "9" * 30])
def test_it_tells_everything_to_who_names_no_position_of_ours(told: str) -> None:
    assert position_of(told) == 0


def test_it_goes_on_where_the_page_left() -> None:
    assert position_of("41") == 41
