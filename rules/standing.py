"""What is raised of a device, told anew on the evidence of now: for whoever was not told when it was raised."""

from __future__ import annotations

from collections.abc import Collection

from edge_agent.contract.clock import EPOCH
from edge_agent.contract.readings import Device
from rules.alarm import Alarm, Step
from rules.book import RuleBook
from rules.engine import change_of, moment_of
from rules.memory import DeviceMemory
from rules.model import Change
from rules.neighbours import ALONE, Neighbours


def restate(
    book: RuleBook, device: Device, memory: DeviceMemory, rules: Collection[str], neighbours: Neighbours = ALONE
) -> tuple[Change, ...]:
    """Of the raised alarms of `rules` in the order of the book, each with its beginning, as of the last telemetry."""
    at = memory.at or EPOCH
    plan = book.plan(device, neighbours.setting.id)
    moment = moment_of(book, device, memory, at, {}, neighbours)
    raised = [(rule, params) for rule, params in plan.rules if _is_raised(memory.alarms.get(rule.id))]
    beside = [rule for rule, _ in raised]
    changes: list[Change] = []
    for rule, params in raised:
        if rule.id in rules:
            moment.params = params
            changes.append(change_of(rule, device, _raised(memory.alarms[rule.id], memory), moment, beside))
    return tuple(changes)


def _is_raised(alarm: Alarm | None) -> bool:
    return alarm is not None and alarm.raised


def _raised(alarm: Alarm, memory: DeviceMemory) -> Step:
    until = memory.at or alarm.since
    return Step(alarm=alarm, change="raised", since=alarm.since, until=until, at_least=alarm.at_least)
