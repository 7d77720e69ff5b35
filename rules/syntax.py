"""The words and grammar of a condition: text → syntax tree, or one error that says where and what would be right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from configs.durations import duration_text, parse_duration
from edge_agent.contract.text import Text

LONGEST = 150
"""Names, numbers and operators of one condition; more belongs in two rules."""
DEEPEST = 40
"""Parentheses and signs inside each other."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<duration>\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d)\b)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    |(?P<word>"[^"]*"|'[^']*')
    |(?P<operator>==|!=|<=|>=|[-+*/()<>,])
    |(?P<end>$))""",
    re.VERBOSE | re.ASCII,
)
_INSTEAD = {"=": "==", "&": "and", "|": "or", "!": "not", "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/"}
_INSTEAD |= dict(
    zip("（）＞＜，＝＋－＊／“”", ["(", ")", ">", "<", ",", "==", "+", "-", "*", "/", '"', '"'], strict=True)
)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_BINDING = {"or": 1, "and": 2, **dict.fromkeys(_COMPARISONS, 4), "+": 5, "-": 5, "*": 6, "/": 6}
_NOT, _SIGN = 3, 7


class ExpressionInvalid(ValueError):
    """The text is no condition; `column` counts from 1."""

    def __init__(self, column: int, what: Text, fix: Text) -> None:
        self.column, self.what, self.fix = column, what, fix
        super().__init__(f"column {column}: {what.en} — {fix.en}")


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, true or false, a word in quotes, or a length of time."""

    column: int
    value: float | bool | str | timedelta


@dataclass(frozen=True, slots=True)
class Name:
    """A point, a param, or a word without quotes: only who knows the catalogue can say."""

    column: int
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    column: int
    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    column: int
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    column: int
    function: str
    arguments: tuple[Node, ...]


Node = Literal | Name | Unary | Binary | Call


@dataclass(frozen=True, slots=True)
class Token:
    column: int
    kind: str
    text: str


def spelled(node: Node) -> str:
    """One text for all ways to write the same; so two rules that ask the same know it."""
    match node:
        case Literal(value=value):
            return duration_text(value) if isinstance(value, timedelta) else repr(value)
        case Name(name=name):
            return name
        case Unary(operator=operator, operand=operand):
            return f"({operator} {spelled(operand)})"
        case Binary(operator=operator, left=left, right=right):
            return f"({spelled(left)} {operator} {spelled(right)})"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(spelled(each) for each in arguments)})"


def parse(text: str) -> Node:
    """Raises ExpressionInvalid, and nothing else whatever the text is."""
    parser = _Parser(_tokens(text))
    node = parser.expression(0, 0)
    parser.expect("end", Text(zh="请在两部分之间写 and 或 or", en="write and or or between the two parts"))
    return node


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _unknown_character(text, position)
        tokens.append(Token(match.start(match.lastgroup) + 1, match.lastgroup, match[match.lastgroup]))
        position = match.end()
        if len(tokens) > LONGEST:
            what = Text(zh="条件太长", en="the condition is too long")
            fix = Text(zh=f"最多 {LONGEST} 个词和符号", en=f"use at most {LONGEST} names, numbers and operators")
            raise ExpressionInvalid(tokens[-1].column, what, fix)
    return tokens


def _unknown_character(text: str, position: int) -> ExpressionInvalid:
    column = position + len(text[position:]) - len(text[position:].lstrip())
    character = text[column]
    instead = _INSTEAD.get(character)
    what = Text(zh=f"不认识字符 {character!r}", en=f"{character!r} means nothing here")
    if instead is None:
        return ExpressionInvalid(column + 1, what, Text(zh="请删除它", en="remove it"))
    return ExpressionInvalid(column + 1, what, Text(zh=f"请写 {instead}", en=f"write {instead}"))


class _Parser:
    """Precedence climbing over a list of tokens that ends with `end`."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def expression(self, binding: int, depth: int) -> Node:
        """An expression whose operators bind tighter than `binding`."""
        if depth > DEEPEST:
            what = Text(zh="括号或符号嵌套太深", en="too many parentheses or signs inside each other")
            raise ExpressionInvalid(self._peek().column, what, Text(zh="请拆成几条规则", en="make it several rules"))
        left, compared = self._operand(depth), False
        while (power := _BINDING.get(self._peek().text, 0)) > binding and self._peek().kind in {"operator", "name"}:
            operator = self._take()
            if compared and operator.text in _COMPARISONS:
                raise ExpressionInvalid(operator.column, *_CHAINED)
            compared = operator.text in _COMPARISONS
            left = Binary(operator.column, operator.text, left, self.expression(power, depth + 1))
        return left

    def expect(self, kind: str, fix: Text, text: str | None = None) -> Token:
        token = self._take()
        if token.kind != kind or (text is not None and token.text != text):
            raise _unexpected(token, fix)
        return token

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _operand(self, depth: int) -> Node:
        token = self._take()
        if read := _LITERALS.get(token.kind):
            return Literal(token.column, read(token))
        if token.kind == "name":
            return self._named(token, depth)
        if token.text == "-":
            return Unary(token.column, "-", self.expression(_SIGN, depth + 1))
        if token.text == "(":
            inside = self.expression(0, depth + 1)
            self.expect("operator", Text(zh="请补上右括号 )", en="close the parenthesis with )"), ")")
            return inside
        raise _unexpected(token, Text(zh="此处应为名称、数字或左括号", en="a name, a number or ( belongs here"))

    def _named(self, token: Token, depth: int) -> Node:
        if token.text in {"true", "false"}:
            return Literal(token.column, token.text == "true")
        if token.text == "not":
            return Unary(token.column, "not", self.expression(_NOT, depth + 1))
        if token.text in {"and", "or"}:
            raise _unexpected(token, Text(zh="此处缺少一个条件", en="a condition is missing before it"))
        if self._peek().text == "(":
            return self._call(token, depth)
        return Name(token.column, token.text)

    def _call(self, function: Token, depth: int) -> Node:
        self._take()
        arguments: list[Node] = []
        while self._peek().text != ")" or self._peek().kind != "operator":
            if arguments:
                self.expect("operator", Text(zh="请用逗号分隔，用 ) 结束", en="separate with a comma, end with )"), ",")
            arguments.append(self.expression(0, depth + 1))
        self._take()
        return Call(function.column, function.text, tuple(arguments))


def _unexpected(token: Token, fix: Text) -> ExpressionInvalid:
    if token.kind == "end":
        return ExpressionInvalid(token.column, Text(zh="条件在此中断", en="the condition ends too early"), fix)
    return ExpressionInvalid(
        token.column, Text(zh=f"此处不应出现 {token.text}", en=f"{token.text} is out of place"), fix
    )


def _number(token: Token) -> float:
    value = float(token.text)
    if not math.isfinite(value):
        raise ExpressionInvalid(token.column, Text(zh="数字太大", en="the number is too large"), _NO_MEASURED_VALUE)
    return value


_CHAINED = (
    Text(zh="比较不能连写", en="comparisons cannot be chained"),
    Text(zh="请写 a < b and b < c", en="write a < b and b < c"),
)
_NO_MEASURED_VALUE = Text(zh="请写可能测到的值", en="write a value that can be measured")
_LITERALS: dict[str, Callable[[Token], float | str | timedelta]] = {
    "number": _number,
    "duration": lambda token: parse_duration(token.text),
    "word": lambda token: token.text[1:-1],
}
