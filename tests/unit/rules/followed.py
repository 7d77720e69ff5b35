"""What a number of a condition is after some telemetry: asked of a rule that is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Device, Telemetry
from edge_agent.contract.text import same
from rules.book import RuleBook, book_of
from rules.check import Scope, compile_condition
from rules.compile import function_of
from rules.engine import judge, moment_of
from rules.memory import DeviceMemory
from rules.model import Param, Rule
from rules.neighbours import ALONE, Neighbours
from rules.terms import Answer, Comparison
from tests.unit.rules.judged import MINUTE, T0, freezer

NEVER = " == 12345.678"
Params = Mapping[str, float]
NONE: Params = MappingProxyType({})


def rule_of(
    when: str, id_: str = "test.rule", *, device_class: str = "refrigeration_case", params: Params = NONE
) -> Rule:
    """A rule that raises at once."""
    scope = Scope(classes=(DEVICE_CLASSES[device_class],), params=frozenset(params))
    return Rule(
        id=id_,
        title=same(id_),
        why=same(id_),
        severity="low",
        device_classes=frozenset({device_class}),
        duties=frozenset(),
        condition=same(id_),
        when=compile_condition(when, scope),
        hold=timedelta(),
        normal=None,
        normal_for=timedelta(),
        unless=None,
        inhibited_by=(),
        params={name: Param(value=value) for name, value in params.items()},
        params_for={},
        evidence=(),
        key_value=None,
        limit=None,
    )


def book_for(*numbers: str, device_class: str = "refrigeration_case", params: Params = NONE) -> RuleBook:
    """Rules that ask for these numbers, and raise nothing."""
    rules = [
        rule_of(number + NEVER, f"test.number{n}", device_class=device_class, params=params)
        for n, number in enumerate(numbers)
    ]
    return book_of(rules)


def judged(
    book: RuleBook,
    told: Iterable[Telemetry],
    memory: DeviceMemory | None = None,
    device: Device | None = None,
    neighbours: Neighbours = ALONE,
) -> DeviceMemory:
    memory = memory or DeviceMemory()
    for each in told:
        memory = judge(book, device or freezer(), memory, each, neighbours).memory
    return memory


def says(
    book: RuleBook,
    memory: DeviceMemory,
    minute: float | None = None,
    device: Device | None = None,
    neighbours: Neighbours = ALONE,
) -> tuple[Any, ...]:
    """What each number of the book is, at the minute or right after the newest telemetry."""
    device = device or freezer()
    at = (memory.at or T0) if minute is None else T0 + minute * MINUTE
    moment = moment_of(book, device, memory, at, {}, neighbours)
    answers: list[Answer] = []
    for rule, params in book.plan(device, neighbours.setting.id).rules:
        assert isinstance(rule.when.term, Comparison)
        answers.append(function_of(rule.when.term.left)(replace(moment, params=params)))
    return tuple(answers)


def number(text: str, told: Iterable[Telemetry], **params: float) -> Any:
    book = book_for(text, params=params)
    (answer,) = says(book, judged(book, told))
    return answer
