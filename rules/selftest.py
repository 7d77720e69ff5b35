"""Runs the tests that stand in the rule files, with the engine that judges the stores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_agent.contract.readings import Coordinates, Device, Reading, Telemetry
from edge_agent.contract.text import same
from rules.alarm import State
from rules.book import RuleBook
from rules.build import RuleTest
from rules.engine import judge
from rules.memory import DeviceMemory
from rules.model import Change
from rules.neighbours import Neighbours, Setting

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""Eight in the morning of a winter's Thursday in Shanghai, where the device of every test stands alone in a store."""
_TIMEZONE, _LOCATION = "Asia/Shanghai", Coordinates(latitude=31.23, longitude=121.47)


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


def run_tests(book: RuleBook, tests: Iterable[RuleTest]) -> tuple[Outcome, ...]:
    return tuple(run_test(book, test) for test in tests)


def run_test(book: RuleBook, test: RuleTest) -> Outcome:
    """All rules of the book are in force, so that those that inhibit the tested one do."""
    device, memory = _device(test), DeviceMemory()
    setting = Setting(id="store-of-the-test", timezone=_TIMEZONE, location=_LOCATION, devices={device.id: device})
    store = Neighbours(setting=setting)
    got: list[str] = []
    changes: list[Change] = []
    for step in range(len(test.expect)):
        readings = _readings(test, step)
        if readings:
            judgement = judge(book, device, memory, _telemetry(device, test, step, readings), store)
            memory = judgement.memory
            changes += judgement.changes
        alarm = memory.alarms.get(test.rule)
        got.append(State.CLEAR if alarm is None else alarm.state)
    raised = [change for change in changes if change.rule == test.rule and change.diagnosis]
    return Outcome(test=test, got=tuple(got), first_cause=raised[0].diagnosis[0].id if raised else None)


def _device(test: RuleTest) -> Device:
    return Device(
        id="device-1",
        device_class=test.device_class,
        duty=test.duty,
        profile="of-the-test",
        profile_version=1,
        proven=True,
        name=same("device-1"),
    )


def _readings(test: RuleTest, step: int) -> tuple[Reading, ...]:
    samples = ((point, series[step]) for point, series in test.series.items())
    return tuple(
        Reading(point=point, value=sample.value, quality=sample.quality)
        for point, sample in samples
        if sample is not None
    )


def _telemetry(device: Device, test: RuleTest, step: int, readings: tuple[Reading, ...]) -> Telemetry:
    at = _BEGIN + step * test.every
    mono = (step * test.every).total_seconds()
    return Telemetry(device=device.id, at=at, boot="of-the-test", mono=mono, clock_trusted=True, readings=readings)
