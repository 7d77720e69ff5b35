"""A store with a freezer and a lamp whose alarms a test raises by hand, told or held back as the desk would."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from collector.desk import note_change
from collector.domain.line_faults import LineFault
from collector.domain.office_faults import OFFICE_FAULTS
from collector.lifecycle import note
from collector.record import Recorder
from collector.store import alarms
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text, same
from rules.book import book_of
from rules.food import Food
from rules.model import Change, Evidence, Rule
from tests.integration.collector.bench import BOOK, FREEZER, NOW, STORE, TOO_WARM, Bench, status
from tests.integration.collector.visitor import Visitor

LAMP = replace(
    FREEZER, id="lamp-1", device_class="lighting_circuit", duty="sales_lighting", name=Text(zh="灯", en="Lamp")
)
WELDED = replace(BOOK.by_id[TOO_WARM], id="test.welded", severity="high", title=Text(zh="粘连", en="Relay welded"))
WARM = replace(WELDED, id="test.warm", severity="critical", title=Text(zh="过热", en="Too warm"))
ALARMS = "/api/v1/alarms"
SUPPRESSIONS = "/api/v1/suppressions"

_DEVICES = {one.id: one for one in (FREEZER, LAMP)}
_FOOD = Food(
    product_class="L1",
    name=same("frozen"),
    temperature=-14,
    measured=False,
    limit=-12,
    minutes_to_limit=40,
    minutes_above=0,
)
_TOLD = {"told", "reminded", "out_of_service_over"}
_WHY = Evidence(condition=same("c"), held_for=timedelta(minutes=30), values=(), params={}, excluded=())


class Alarming:
    """`rules` are those in force, by id."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rules = {rule.id: rule for rule in (WELDED, WARM)}
        bench.book = book_of([*BOOK.rules, *self.rules.values()], food=BOOK.food)
        bench.send((1, status(FREEZER, LAMP)))

    @property
    def now(self) -> datetime:
        return self.bench.clock.now()

    def pass_by(self, **duration: float) -> None:
        self.bench.hand.seconds += timedelta(**duration).total_seconds()

    def raise_alarm(self, rule: str = WELDED.id, device: Device = LAMP) -> bool:
        """Whether it was told."""
        change = Change(
            rule=rule,
            device=device.id,
            kind="raised",
            at=self.now,
            since=NOW,
            severity=self.rules[rule].severity,
            evidence=_WHY,
            diagnosis=(),
            priority="high",
            food=_FOOD if device is FREEZER else None,
        )
        return self._tell(change)

    def clear_alarm(self, rule: str = WELDED.id, device: Device = LAMP) -> None:
        severity = self.rules[rule].severity
        self._tell(
            Change(
                rule=rule,
                device=device.id,
                kind="cleared",
                at=self.now,
                since=NOW,
                severity=severity,
                evidence=_WHY,
                diagnosis=(),
            )
        )

    def release(self) -> list[str]:
        """The rules of what was told at last."""
        before = self._told()
        recorder = Recorder(book_of(list(self.rules.values())), self.bench.telemetry)
        recorder.release(self.bench.database, self.now)
        return self._told()[len(before) :]

    def _told(self) -> list[str]:
        with self.bench.database.reading() as connection:
            audit = alarms.audit(connection, store_id=STORE, limit=500)
        return [one.rule or one.kind for one in reversed(audit) if one.kind in _TOLD]

    def _tell(self, change: Change) -> bool:
        fault: Rule | LineFault = OFFICE_FAULTS.get(change.rule) or self.rules[change.rule]
        with self.bench.database.writing() as connection:
            telling = note(connection, STORE, change, fault, fault.title, self.now, BOOK.food)
            if telling.now:
                note_change(connection, change, fault, _DEVICES[change.device], STORE, self.now)
        return telling.now


def listed(visitor: Visitor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = visitor.get(ALARMS).json()["alarms"]
    return found


def act(visitor: Visitor, what: str, alarm: dict[str, Any] | None = None, **asked: Any) -> httpx.Response:
    one = listed(visitor)[0] if alarm is None else alarm
    return visitor.post(f"{ALARMS}/{one['id']}/acts", json={"act": what, "revision": one["revision"], **asked})


def shelve(visitor: Visitor, until: datetime, reason: str = "配件明天到") -> httpx.Response:
    return act(visitor, "shelve", until=until.isoformat(), reason=reason)


def hold(visitor: Visitor, kind: str, until: datetime, device: str = LAMP.id, **asked: Any) -> httpx.Response:
    body = {"kind": kind, "store": STORE, "device": device, "until": until.isoformat(), "reason": "保养", **asked}
    return visitor.post(SUPPRESSIONS, json=body)


def audit(visitor: Visitor) -> list[tuple[str, str]]:
    """Who did what, the oldest first."""
    entries = visitor.get(f"{ALARMS}/audit").json()["entries"]
    return [(one["actor"], one["kind"]) for one in reversed(entries)]
