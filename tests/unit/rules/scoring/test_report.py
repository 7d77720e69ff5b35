"""The score is told in a table for people of both languages and in rows for programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rules.scoring.match import match
from rules.scoring.report import bars, rows, table
from rules.scoring.score import score
from tests.unit.rules.scoring.test_match import LABEL, STORE, TICKET

SCORE = score(match([LABEL], [TICKET], {"s1": STORE}), {"s1": timedelta(days=30)})


def test_the_table_has_a_line_for_each_kind_and_each_bar() -> None:
    text = table(SCORE, "en")
    assert "evaporator_fan_dead  1       1      1.00    60 min" in text
    assert "✓ recall, sudden faults" in text
    assert "1 tickets, 0 false, 1.00 for each fault found; 1.0 store-months, 0.0 of them healthy" in text


def test_the_columns_stand_below_each_other_in_chinese() -> None:
    head, line = table(SCORE, "zh").splitlines()[:2]
    assert head.index("发现") + sum(ord(one) > 0x2E7F for one in head[: head.index("发现")]) == line.index("1  ", 25)


def test_what_could_not_be_measured_is_no_pass() -> None:
    creeping = next(bar for bar in bars(SCORE) if bar.name.en == "recall, creeping faults")
    assert (creeping.value, creeping.ok) == (None, False)


def test_a_bar_is_met_at_its_very_value() -> None:
    exact = replace(SCORE, precision=0.95, healthy_false=1.0)
    met = {bar.name.en: bar.ok for bar in bars(exact)}
    assert met["precision of tickets"]
    assert met["false tickets, healthy store and quarter"]


def test_programs_get_rows_with_name_value_bar_and_ok() -> None:
    first, *_, last = rows(SCORE)
    assert (first["name"], first["value"], first["bar"], first["ok"]) == ("recall, sudden faults", 1.0, 0.97, True)
    assert (last["name"], last["unit"]) == ("recall, evaporator_fan_dead", "of 1")
