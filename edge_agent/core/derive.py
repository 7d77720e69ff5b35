"""Points that a controller tells only through others: in every case true, false or unknown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from edge_agent.contract.readings import Quality, Reading, Value
from edge_agent.core.condition import Condition, is_other, seen
from edge_agent.core.profile import Derived


def derive(rules: Iterable[Derived], asked: Mapping[str, Reading], known: Mapping[str, Value]) -> Iterator[Reading]:
    """Of every rule that rests on something which was asked now; nothing where a source was never heard of.

    A source that this variant does not have (refused) is left out of `any`, `all` and sums, unless all are.
    """
    for rule in rules:
        if not any(name in asked for name in rule.sources):
            continue
        found = [seen(name, asked, known) for name in rule.sources]
        sources = {reading.point: reading for reading in found if reading}
        if len(sources) == len(rule.sources):
            yield _derived(rule, sources)


def _derived(rule: Derived, sources: Mapping[str, Reading]) -> Reading:
    if rule.source:
        return _by_word(rule, sources[rule.source])
    there = {name: reading for name, reading in sources.items() if reading.quality is not Quality.REFUSED}
    if not there:
        return _nothing(rule, Quality.REFUSED)
    if rule.sum_of:
        return _sum(rule, [there[name] for name in rule.sum_of if name in there])
    if rule.any_of:
        return _decided(rule, rule.any_of, there, by=True)
    return _decided(rule, rule.all_of, there, by=False)


def _by_word(rule: Derived, source: Reading) -> Reading:
    if source.value is None:
        return _nothing(rule, source.quality)
    if is_other(source.value):
        return _nothing(rule, Quality.OUT_OF_RANGE)
    return Reading(point=rule.name, value=source.value in rule.one_of)


def _decided(rule: Derived, conditions: Iterable[Condition], there: Mapping[str, Reading], *, by: bool) -> Reading:
    """One term that is `by` decides; else an unknown one leaves it open; else all of them are the opposite."""
    present = [condition for condition in conditions if condition.point in there]
    answers = [_holds(condition, there[condition.point]) for condition in present]
    if by in answers:
        return Reading(point=rule.name, value=by)
    unknown = [there[one.point].quality for one, answer in zip(present, answers, strict=True) if answer is None]
    if unknown:
        return _nothing(rule, Quality.OUT_OF_RANGE if unknown[0] is Quality.GOOD else unknown[0])
    return Reading(point=rule.name, value=not by)


def _holds(condition: Condition, reading: Reading) -> bool | None:
    return None if reading.value is None else condition.holds(reading.value)


def _sum(rule: Derived, parts: list[Reading]) -> Reading:
    unknown = [part.quality for part in parts if part.value is None]
    if unknown:
        return _nothing(rule, unknown[0])
    total = sum(float(part.value) for part in parts if isinstance(part.value, float)) * rule.scale
    if not math.isfinite(total):
        return _nothing(rule, Quality.OUT_OF_RANGE)
    return Reading(point=rule.name, value=float(f"{total:.10g}") + 0.0)


def _nothing(rule: Derived, quality: Quality) -> Reading:
    return Reading(point=rule.name, value=None, quality=quality)
