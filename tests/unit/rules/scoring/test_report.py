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
    first, *_ = rows(SCORE)
    assert (first["name"], first["value"], first["bar"], first["ok"]) == ("recall, sudden faults", 1.0, 0.97, True)


def test_programs_get_the_counts_of_each_kind_and_of_each_rule() -> None:
    *_, kind, rule = rows(SCORE)
    assert (kind["name"], kind["unit"], kind["fault"]) == ("recall, evaporator_fan_dead", "of 1", "evaporator_fan_dead")
    assert (kind["labels"], kind["found"], kind["first"], kind["among_three"]) == (1, 1, 0, 1)
    assert kind["median_after_s"] == 3600
    assert (rule["rule"], rule["right"], rule["false"], rule["value"]) == (TICKET.rule, 1, 0, 1.0)


def test_the_precision_of_a_rule_counts_the_tickets_that_it_opened() -> None:
    other = replace(TICKET, device="nobody", opened_at=TICKET.opened_at + timedelta(days=9))
    told = score(match([LABEL], [TICKET, other], {"s1": STORE}), {"s1": timedelta(days=30)})
    assert [(one.rule, one.right, one.false, one.precision) for one in told.rules] == [(TICKET.rule, 1, 1, 0.5)]
