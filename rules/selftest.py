"""Runs the tests that stand in the rule files, with the engine that judges the stores."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from edge_agent.contract.readings import Coordinates, Device, Reading, Telemetry
from edge_agent.contract.text import same
from rules.alarm import State
from rules.book import RuleBook
from rules.build import RuleTest
from rules.engine import judge
from rules.memory import DeviceMemory
from rules.model import Change
from rules.neighbours import Neighbourhood, Neighbours, Setting, note
from rules.series import Series

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""Eight in the morning of a winter's Thursday in Shanghai, where the device of a test stands in a store by itself."""
_TIMEZONE, _LOCATION = "Asia/Shanghai", Coordinates(latitude=31.23, longitude=121.47)

MOST_COLUMNS = 12
"""Of a test that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`got` has a state for each step of the test; `first_cause` is what the first diagnosis put first."""

    test: RuleTest
    got: tuple[str, ...]
    first_cause: str | None

    @property
    def states_right(self) -> bool:
        return self.got == self.test.expect

    @property
    def cause_right(self) -> bool:
        return self.test.first_cause is None or self.test.first_cause == self.first_cause

    @property
    def passed(self) -> bool:
        return self.states_right and self.cause_right


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Steps of a test in a row, of which all were expected to be alike and all came alike; `step` is the first."""

    step: int
    steps: int
    expected: str
    got: str


def stretches(outcome: Outcome) -> list[Stretch]:
    """Each step by itself where there are few of them."""
    pairs = list(enumerate(zip(outcome.test.expect, outcome.got, strict=True)))
    if len(pairs) <= MOST_COLUMNS:
        return [Stretch(step=step, steps=1, expected=want, got=got) for step, (want, got) in pairs]
    groups = [list(group) for _, group in groupby(pairs, key=operator.itemgetter(1))]
    return [
        Stretch(step=group[0][0], steps=len(group), expected=group[0][1][0], got=group[0][1][1]) for group in groups
    ]


def run_tests(book: RuleBook, tests: Iterable[RuleTest]) -> tuple[Outcome, ...]:
    return tuple(run_test(book, test) for test in tests)


def run_test(book: RuleBook, test: RuleTest) -> Outcome:
    """All rules of the book are in force, so that those that inhibit the tested one do."""
    device, memory = _device(test, "device-1"), DeviceMemory()
    beside = _device(test, "device-2")
    devices = {one.id: one for one in (device, beside) if one is device or test.beside}
    setting = Setting(id="store-of-the-test", timezone=_TIMEZONE, location=_LOCATION, devices=devices)
    asked, known = book.asked_of(device.device_class), Neighbourhood()
    got: list[str] = []
    changes: list[Change] = []
    for step in range(len(test.expect)):
        if said := _readings(test.beside, step):
            known = note(known, asked, _telemetry(beside, test, step, said))
        if readings := _readings(test.series, step):
            telemetry = _telemetry(device, test, step, readings)
            known = note(known, asked, telemetry)
            judgement = judge(book, device, memory, telemetry, Neighbours(setting=setting, known=known))
            memory = judgement.memory
            changes += judgement.changes
        alarm = memory.alarms.get(test.rule)
        got.append(State.CLEAR if alarm is None else alarm.state)
    raised = [change for change in changes if change.rule == test.rule and change.diagnosis]
    return Outcome(test=test, got=tuple(got), first_cause=raised[0].diagnosis[0].id if raised else None)


def _device(test: RuleTest, id_: str) -> Device:
    return Device(
        id=id_,
        device_class=test.device_class,
        duty=test.duty,
        profile="of-the-test",
        profile_version=1,
        proven=True,
        name=same(id_),
    )


def _readings(told: Mapping[str, Series], step: int) -> tuple[Reading, ...]:
    samples = ((point, series[step]) for point, series in told.items())
    return tuple(
        Reading(point=point, value=sample.value, quality=sample.quality)
        for point, sample in samples
        if sample is not None
    )


def _telemetry(device: Device, test: RuleTest, step: int, readings: tuple[Reading, ...]) -> Telemetry:
    at = _BEGIN + step * test.every
    mono = (step * test.every).total_seconds()
    return Telemetry(device=device.id, at=at, boot="of-the-test", mono=mono, clock_trusted=True, readings=readings)
