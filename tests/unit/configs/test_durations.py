"""Durations mean what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.durations import DurationInvalid, duration_text, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("300ms", 0.3), ("10s", 10), ("5m", 300), ("15 m", 900), ("1h", 3600), ("1.5h", 5400), ("7d", 604800), ("0s", 0)],
)
def test_it_reads_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1 week", "1e3s", "10S", "1h30m", " 1s", "1٣s", "999999999999d"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(DurationInvalid):
        parse_duration(text)


@given(st.integers(0, 10**11).map(lambda milliseconds: timedelta(milliseconds=milliseconds)))
def test_it_reads_what_it_writes(duration: timedelta) -> None:
    assert parse_duration(duration_text(duration)) == duration
