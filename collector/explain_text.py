"""An explanation as people read it, in the store's own time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from collector.domain.episodes import Episode
from collector.domain.suppression import Kind
from collector.domain.tickets import STATE_NAMES
from collector.explain import Explained
from configs.durations import duration_text
from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Quality, Value
from edge_agent.contract.text import Language, Text
from edge_agent.contract.words import called
from rules.alarm import State
from rules.diagnosis import duration_words
from rules.explain import Condition, Explanation, Part, ShownValue
from rules.neighbours import zone

_ANSWERS = {
    True: Text(zh="是", en="true"),
    False: Text(zh="否", en="false"),
    None: Text(zh="未知", en="unknown"),
}
_STATES = {
    State.CLEAR: Text(zh="没有报警", en="no alarm"),
    State.PENDING: Text(zh="等待确认", en="pending"),
    State.ACTIVE: Text(zh="报警中", en="active"),
    State.CLEARING: Text(zh="正在恢复", en="clearing"),
}
_ROLES = {
    "when": Text(zh="故障条件 when", en="when"),
    "normal": Text(zh="恢复条件 normal", en="normal"),
    "unless": Text(zh="屏蔽条件 unless", en="unless"),
}
_ORIGINS = {
    "rule": Text(zh="规则", en="the rule"),
    "duty": Text(zh="设备用途", en="the duty"),
    "chain": Text(zh="连锁", en="the chain"),
    "store": Text(zh="门店", en="the store"),
    "device": Text(zh="设备", en="the device"),
}
_WITHHELD: dict[str, Text] = {
    Kind.SHELVED: Text(zh="报警已搁置", en="shelved"),
    Kind.BY_DESIGN: Text(zh="设备已临时屏蔽", en="masked for a while"),
    Kind.OUT_OF_SERVICE: Text(zh="设备停用中", en="out of service"),
    Kind.SHADOW: Text(zh="规则处于影子模式", en="the rule is in shadow"),
}
_WITHHELD_SOMEHOW = Text(zh="报警被抑制", en="withheld")
_QUALITIES = {
    Quality.NO_ANSWER: Text(zh="设备无应答 no_answer", en="no_answer"),
    Quality.BUS_DOWN: Text(zh="总线中断 bus_down", en="bus_down"),
    Quality.REFUSED: Text(zh="设备拒绝读取 refused", en="refused"),
    Quality.PROBE_FAULT: Text(zh="探头故障 probe_fault", en="probe_fault"),
    Quality.OUT_OF_RANGE: Text(zh="超出量程 out_of_range", en="out_of_range"),
}
"""As conditions write them."""
_NEVER = Text(zh="从未上报", en="never reported")
_OLD = Text(zh="太久没有上报", en="too old")


def lines(explained: Explained, language: Language) -> Iterator[str]:
    """The verdict first, then what it rests on."""
    one, rule, teller = explained.explanation, explained.rule, _Teller(explained, language)
    yield f"{rule.id} {rule.title.in_(language)}"
    yield f"{explained.store.id} / {explained.device.id} {explained.device.name.in_(language)}"
    yield from (text.in_(language) for text in teller.verdict())
    if not one.applies or one.at is None:
        return
    for condition in one.conditions:
        yield from teller.condition(condition)
    yield from teller.hold()
    for other, state in one.inhibitors.items():
        told = Text(zh=f"抑制它的规则 {other}", en=f"inhibited by {other}")
        yield f"{told.in_(language)}: {_STATES[state].in_(language)}"
    for param in one.params:
        yield f"{param.name} = {param.value:g} {param.unit}".rstrip() + f" ({_ORIGINS[param.origin].in_(language)})"


class _Teller:
    def __init__(self, explained: Explained, language: Language) -> None:
        self._explained, self._language = explained, language
        self._one: Explanation = explained.explanation
        self._zone = zone(explained.store.timezone) or UTC
        known = DEVICE_CLASSES.get(explained.device.device_class)  # head office's own devices are of none
        self._meanings = {} if known is None else known.points

    def verdict(self) -> Iterator[Text]:
        one, explained = self._one, self._explained
        if not one.applies:
            kind = f"{explained.device.device_class} {explained.device.duty}".rstrip()
            yield Text(zh=f"此规则不用于这种设备({kind})", en=f"The rule is not meant for such a device ({kind})")
            return
        if one.at is None:
            yield Text(zh="没有该设备的遥测", en="Nothing was judged of this device")
            return
        yield self._basis(one.at)
        if one.anew:
            yield Text(
                zh="规则已更改:长时统计从头开始,以下按现在的规则", en="Other rules judged last: statistics begin anew"
            )
        why, state = self._why(), _STATES[one.state]
        yield Text(zh=f"{state.zh}:{why.zh}", en=f"{state.en}: {why.en}")
        yield from self._told()

    def condition(self, condition: Condition) -> Iterator[str]:
        answer, role = _ANSWERS[condition.answer], _ROLES[condition.role]
        yield f"{role.in_(self._language)}: {answer.in_(self._language)}"
        for part in condition.parts:
            yield from self._part(part)

    def hold(self) -> Iterator[str]:
        one = self._one
        texts = [Text(zh=f"持续 for: {duration_text(one.hold)}", en=f"for: {duration_text(one.hold)}")]
        if one.alarm is not None and one.at is not None:
            held = duration_words(one.at - one.alarm.since)
            at_least = Text(zh="至少", en="at least ") if one.alarm.at_least else Text(zh="", en="")
            texts.append(Text(zh=f"已{at_least.zh}持续 {held.zh}", en=f"true for {at_least.en}{held.en}"))
        yield Text(zh=",".join(each.zh for each in texts), en=", ".join(each.en for each in texts)).in_(self._language)

    def _basis(self, at: datetime) -> Text:
        when, since = self._time(at), self._explained.since
        if since is None:
            return Text(zh=f"截至最近一次判断 {when}", en=f"As it was judged last, at {when}")
        begin = self._time(since)
        return Text(
            zh=f"按 {begin} 至 {when} 的存储遥测,用现在的规则",
            en=f"By the rules of today on what was stored from {begin} to {when}; what is older is unknown to it",
        )

    def _why(self) -> Text:
        alarm = self._one.alarm
        if alarm is None:
            return self._why_none()
        if alarm.normal_since is not None:
            normal, length = self._time(alarm.normal_since), duration_text(self._one.normal_for)
            return Text(
                zh=f"{normal} 起正常,满 {length} 后解除", en=f"normal since {normal}, over after {length} of it"
            )
        since = self._time(alarm.since)
        began = Text(zh=f"条件自 {since} 成立", en=f"the condition began at {since}")
        if alarm.raised:
            return began
        due = self._time(alarm.since + self._one.hold)
        later = Text(zh=f"{due} 报警", en=f"it rises at {due}")
        if self._one.inhibited:
            later = Text(zh="被另一个报警抑制", en="another alarm inhibits it")
        return Text(zh=f"{began.zh},{later.zh}", en=f"{began.en}, {later.en}")

    def _why_none(self) -> Text:
        when = self._one.answer("when")
        if when is not True:
            return Text(zh=f"条件为{_ANSWERS[when].zh}", en=f"the condition is {_ANSWERS[when].en}")
        if self._one.answer("unless") is True:
            return Text(zh="被 unless 屏蔽", en="masked by unless")
        return Text(zh="条件成立,下一次询问时开始计时", en="true; the hold begins when it is asked next")

    def _told(self) -> Iterator[Text]:
        explained = self._explained
        episode, ticket = explained.episode, explained.ticket
        if episode is not None:
            yield self._recorded(episode)
        elif explained.since is not None:
            yield Text(zh="当时的记录:没有报警", en="On record: no alarm at that time")
        if ticket is not None:
            stands = STATE_NAMES[ticket.state]
            yield Text(zh=f"工单 {ticket.number}({stands.zh})", en=f"Ticket {ticket.number} ({stands.en})")
        if explained.withheld:
            why = _WITHHELD.get(explained.withheld, _WITHHELD_SOMEHOW)
            yield Text(zh=f"未通知任何人:{why.zh}", en=f"Nobody was told: {why.en}")

    def _recorded(self, episode: Episode) -> Text:
        raised = self._time(episode.raised_at)
        if episode.cleared_at is None:
            return Text(
                zh=f"当时的记录:{raised} 报警,尚未解除", en=f"On record: raised at {raised}, it has not cleared since"
            )
        over = self._time(episode.cleared_at)
        return Text(zh=f"当时的记录:{raised} 报警,{over} 解除", en=f"On record: raised at {raised}, cleared {over}")

    def _part(self, part: Part) -> Iterator[str]:
        indent = "  " * part.depth
        yield f"{indent}{part.text}: {_ANSWERS[part.answer].in_(self._language)}"
        yield from (f"{indent}    {self._value(value)}" for value in part.values)

    def _value(self, shown: ShownValue) -> str:
        said = self._said(shown.value, shown.text)
        told = f"{shown.text} = {said} {shown.unit if shown.value is not None else ''}".rstrip()
        if not shown.is_point:
            return told
        if shown.at is None or shown.quality is None:
            return f"{told} ({_NEVER.in_(self._language)})"
        why = ""
        if shown.quality is not Quality.GOOD:
            why = f", {_QUALITIES[shown.quality].in_(self._language)}"
        elif shown.value is None:
            why = f", {_OLD.in_(self._language)}"
        return f"{told} ({self._time(shown.at)}{why})"

    def _said(self, value: Value | None, text: str) -> str:
        if value is None or isinstance(value, bool):
            return _ANSWERS[value].in_(self._language)
        if isinstance(value, str):
            return called(value).in_(self._language)
        meaning = self._meanings.get(text)
        return f"{value:.{meaning.digits}f}" if meaning is not None else f"{value:.4g}"

    def _time(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M}"
