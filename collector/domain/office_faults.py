"""What head office tells about its own alarms: a rule that cries wolf, a device that is out of service for too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from collector.domain.budget import DEFAULT, Budget, Record
from collector.domain.events import RULE_DUTY
from collector.domain.line_faults import LineFault
from collector.domain.suppression import Suppression
from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from rules.alarm import ChangeKind
from rules.model import Change, Evidence

_RULE = Device(
    id="_rule",
    device_class="gateway",
    duty="rule",
    profile="storewarden",
    profile_version=1,
    proven=True,
    name=RULE_DUTY,
)

RULE_OVER_BUDGET = LineFault(
    id="office.rule_over_budget",
    device=_RULE,
    title=Text(zh="规则误报过多", en="A rule raises too many false alarms"),
    severity="low",
    diagnosis=(),
)

OUT_OF_SERVICE_LONG = LineFault(
    id="device.out_of_service_long",
    device=_RULE,
    title=Text(zh="设备停用时间过长", en="Device out of service for long"),
    severity="low",
    diagnosis=(),
)

OFFICE_FAULTS = {fault.id: fault for fault in (RULE_OVER_BUDGET, OUT_OF_SERVICE_LONG)}


def device_of(rule: str, title: Text) -> Device:
    """What a ticket about a rule stands on."""
    return replace(_RULE, id=f"_rule.{rule}", name=title)


def over_budget(kind: ChangeKind, record: Record, at: datetime, *, shadowed: bool, budget: Budget = DEFAULT) -> Change:
    """That a rule is right too seldom, or is heard again."""
    percent = round(100 * (record.precision or 0))
    zh = f"规则 {record.rule}：90 天内 {record.judged} 张工单中 {record.right} 张属实（{percent} %），"
    en = f"Rule {record.rule}: {record.right} of {record.judged} tickets in 90 days were right ({percent} %); "
    zh += "已转入影子模式，不再开工单" if shadowed else "涉及食品安全，仍照常报警"
    en += "it is in shadow now and opens no tickets" if shadowed else "it is about food at risk and goes on as before"
    params = {"precision": record.precision or 0.0, "budget": budget.precision, "tickets": float(record.judged)}
    evidence = Evidence(condition=Text(zh=zh, en=en), held_for=timedelta(), values=(), params=params, excluded=())
    return _change(RULE_OVER_BUDGET, f"_rule.{record.rule}", kind, at, at, evidence)


def out_of_service_long(kind: ChangeKind, standing: Suppression, at: datetime) -> Change:
    """That a device is still out of service, or is not any more."""
    lasted = at - standing.begins_at
    hours = round(lasted / timedelta(hours=1))
    condition = Text(
        zh=f"{standing.actor} 停用该设备已 {hours} 小时：{standing.reason}",
        en=f"{standing.actor} took it out of service {hours} h ago: {standing.reason}",
    )
    evidence = Evidence(condition=condition, held_for=lasted, values=(), params={}, excluded=())
    return _change(OUT_OF_SERVICE_LONG, standing.device, kind, at, standing.begins_at, evidence)


def _change(fault: LineFault, device: str, kind: ChangeKind, at: datetime, since: datetime, why: Evidence) -> Change:
    return Change(
        rule=fault.id,
        device=device,
        kind=kind,
        at=at,
        since=since,
        severity=fault.severity,
        evidence=why,
        diagnosis=fault.diagnosis,
        priority="low",
    )
