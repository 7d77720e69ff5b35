"""Polls as stores make them, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from collector.telemetry.block import Poll, in_order

HOUR_MS = 3_600_000
WINDOW = 496_000
"""An hour of 2026."""

_GOOD = st.one_of(
    st.floats(min_value=-50, max_value=50).map(lambda number: round(number, 1)),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.sampled_from(["cooling", "defrost", ""]),
)
_READING = st.one_of(_GOOD.map(lambda value: (value, 0)), st.integers(1, 5).map(lambda code: (None, code)))


@st.composite
def _poll(draw: st.DrawFn) -> Poll:
    readings = draw(st.dictionaries(st.integers(1, 4), _READING, min_size=1, max_size=4))
    codes = bytes(code for _, code in readings.values())
    at_ms = WINDOW * HOUR_MS + draw(st.integers(0, HOUR_MS - 1))
    values = [value for value, _ in readings.values()]
    return Poll(at_ms, draw(st.integers(1, 40)), list(readings), values, codes if any(codes) else b"")


POLLS = st.lists(_poll(), min_size=1, max_size=25)
"""As they came: in no order, some of them twice, all of one device and hour."""


def said(polls: list[Poll]) -> list[tuple[int, int, int, object, int]]:
    """Everything that they say: instant, number, point, value, code; each once."""
    told = []
    for poll in in_order(polls):
        codes = poll.codes or bytes(len(poll.points))
        readings = zip(poll.points, poll.values, codes, strict=True)
        told += [(poll.at_ms, poll.seq, point, value, code) for point, value, code in sorted(readings, key=str)]
    return sorted(told, key=lambda one: one[:3])
