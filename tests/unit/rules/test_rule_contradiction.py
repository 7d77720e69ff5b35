"""Conditions that nothing can meet are found in plain cases, and no others are taken for such."""

from __future__ import annotations

import pytest

from rules.check import compile_condition
from rules.contradiction import contradicts_itself
from tests.unit.rules.judged import CASE


@pytest.mark.parametrize(
    "text",
    [
        "temp.control > 5 and temp.control < 3",
        "temp.control > 5 and out.fan and 3 > temp.control",
        "temp.control > 5 and temp.control <= 5",
        "temp.control == 5 and temp.control == 6",
        "temp.control > -3 and temp.control < -5",
        "state.mode == cooling and state.mode == defrost",
        "out.fan and not out.fan",
        "out.fan or temp.control > 5 and temp.control < 3",
        "not (temp.control > 5 and temp.control < 3)",
        "avg(temp.control, 1h) > 5 and avg(temp.control, 1h) < 3",
    ],
)
def test_what_can_never_be_true_is_found(text: str) -> None:
    assert contradicts_itself(compile_condition(text, CASE).term)


@pytest.mark.parametrize(
    "text",
    [
        "temp.control > 3 and temp.control < 5",
        "temp.control >= 5 and temp.control <= 5",
        "temp.control > 5 or temp.control < 3",
        "temp.control > 5 and temp.evaporator < 3",
        "temp.control > limit and temp.control < 3",
        "temp.control != 5 and temp.control != 6",
        "temp.control == 5 and temp.control > 3",
        "state.mode == cooling and state.mode != defrost",
        "out.fan and not out.compressor",
        "avg(temp.control, 1h) > 5 and avg(temp.control, 2h) < 3",
    ],
)
def test_what_may_be_true_is_let_be(text: str) -> None:
    assert not contradicts_itself(compile_condition(text, CASE).term)
