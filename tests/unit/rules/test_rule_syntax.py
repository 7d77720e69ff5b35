"""The grammar of conditions: what it understands, and what it says when it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.check import compile_condition
from rules.expression import Moment
from rules.syntax import Binary, ExpressionInvalid, Name, Unary, parse
from tests.unit.rules.judged import CASE, T0, moment_after, said

NAMES = ["temp.control", "out.compressor", "state.mode", "limit", "defrost", "avg", "held", "quality", "silent", "rate"]
SIGNS = ["true", "false", "and", "or", "not", "(", ")", ",", "+", "-", "*", "/", "<", "<=", "==", "!="]
OTHERS = ["1", "0", "2.5", "10m", '"off"', ".", "=", "!", "\x00", "度", "（"]
WORDS = st.sampled_from(NAMES + SIGNS + OTHERS)
NOTHING_KNOWN = Moment(at=T0, points={}, windows={}, params={}, silent=None)
SOUP = st.lists(WORDS, max_size=200).map(" ".join)


def invalid(text: str) -> ExpressionInvalid:
    with pytest.raises(ExpressionInvalid) as caught:
        compile_condition(text, CASE)
    return caught.value


def test_it_binds_not_before_and_before_or() -> None:
    node = parse("not a and b or c")
    assert isinstance(node, Binary)
    assert node.operator == "or"
    assert isinstance(node.left, Binary)
    assert isinstance(node.left.left, Unary)


def test_it_binds_a_sign_before_times_before_plus_before_comparison() -> None:
    node = parse("a + b * -c > d")
    assert isinstance(node, Binary)
    assert isinstance(node.left, Binary)
    assert node.left.operator == "+"
    assert isinstance(node.left.right, Binary)
    assert isinstance(node.left.right.right, Unary)


def test_it_takes_what_stands_left_first() -> None:
    node = parse("a - b - c")
    assert isinstance(node, Binary)
    assert node.right == Name(9, "c")


@pytest.mark.parametrize(
    ("text", "column", "fix"),
    [
        ("temp.control > ", 16, "a name, a number or ( belongs here"),
        ("(temp.control > 1", 18, "close the parenthesis with )"),
        ("temp.control = 1", 14, "write =="),
        ("temp.control ＞ 1", 14, "write >"),
        ("out.compressor && out.fan", 16, "write and"),
        ("0 < temp.control < 8", 18, "write a < b and b < c"),
        ("temp.control > 1 out.fan", 18, "write and or or between the two parts"),
        ("and out.fan", 1, "a condition is missing before it"),
        ("temp.control > 1 #", 18, "remove it"),
        ("avg(temp.control 10m) > 1", 18, "separate with a comma, end with )"),
        ("temp.control > 1" + " or out.fan" * 80, 824, "use at most 150 names, numbers and operators"),
        ("(" * 60 + "out.fan" + ")" * 60, 42, "make it several rules"),
        ("temp.control < " + "9" * 400, 16, "write a value that can be measured"),
    ],
)
def test_it_says_where_and_what_would_be_right(text: str, column: int, fix: str) -> None:
    error = invalid(text)
    assert (error.column, error.fix.en) == (column, fix)
    assert error.what.zh
    assert error.fix.zh


@given(st.one_of(st.text(), SOUP))
def test_it_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        answer = compile_condition(text, CASE).holds(NOTHING_KNOWN)
    except ExpressionInvalid as error:
        column = error.column
    else:
        column = 1
        assert answer in {True, False, None}
    assert 1 <= column <= len(text) + 1


def test_it_bears_the_deepest_tree_that_it_allows() -> None:
    assert parse("-" * 40 + "1")
    expression = compile_condition("temp.control > " + "1 + " * 70 + "1", CASE)
    assert expression.holds(moment_after(expression, [said(0, temp_control=80.0)])) is True
