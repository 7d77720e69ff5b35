"""Why an alarm changed and what may be behind it, in sentences with the values of that moment put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Quality, Value
from edge_agent.contract.text import Language, Text
from edge_agent.contract.words import called
from rules.expression import Expression, Moment
from rules.model import Cause, Diagnosis, Evidence, EvidenceValue, Param, Rule

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
DURATIONS = frozenset({"for", "held_for"})
"""Placeholders that every text may use beside points and params."""

_UNKNOWN = "—"
_FLAGS: Mapping[bool, Text] = {True: Text(zh="是", en="yes"), False: Text(zh="否", en="no")}
_SHARES: Mapping[bool | None, float] = {True: 5.0, None: 1.0, False: 0.0}
"""How much more a cause weighs that the readings show than one that they say nothing of."""
_SEPARATOR: Mapping[Language, str] = {"zh": "，", "en": ", "}
_COLON: Mapping[Language, str] = {"zh": "：", "en": ": "}


def evidence_of(rule: Rule, device_class: str, moment: Moment, held_for: timedelta) -> Evidence:
    """`excluded` are the causes that the readings contradict, and the mask that was off."""
    speaker = _Speaker(rule, device_class, moment, held_for)
    ruled_out = [cause for cause in rule.causes if cause.when is not None and cause.when.holds(moment) is False]
    excluded = [speaker.with_observation(cause.text, cause.when) for cause in ruled_out if cause.when is not None]
    if rule.unless is not None and rule.unless.when.holds(moment) is False:
        excluded.insert(0, speaker.with_observation(rule.unless.text, rule.unless.when))
    return Evidence(
        condition=speaker.fill(rule.condition),
        held_for=held_for,
        values=tuple(_value(point, moment) for point in rule.evidence if point in moment.points),
        params=dict(moment.params),
        excluded=tuple(excluded),
    )


def diagnose(rule: Rule, device_class: str, moment: Moment, held_for: timedelta) -> tuple[Diagnosis, ...]:
    """The causes, likeliest first: those the readings show, those they do not speak of, those they contradict."""
    speaker = _Speaker(rule, device_class, moment, held_for)
    shown = [(cause, None if cause.when is None else cause.when.holds(moment)) for cause in rule.causes]
    shares = [cause.weight * _SHARES[verdict] for cause, verdict in shown]
    total = sum(shares) or 1.0
    ranked = sorted(zip(shown, shares, strict=True), key=lambda each: (_ORDER[each[0][1]], -each[1]))
    return tuple(_diagnosis(cause, verdict, share / total, speaker) for (cause, verdict), share in ranked)


def duration_words(duration: timedelta) -> Text:
    """Whole minutes, or seconds below one: `1 h 5 min`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    if not minutes:
        return Text(zh=f"{seconds} 秒", en=f"{seconds} s")
    hours, minutes = divmod(minutes, 60)
    zh = " ".join([f"{hours} 小时"] * bool(hours) + [f"{minutes} 分钟"] * bool(minutes))
    return Text(zh=zh, en=" ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)))


_ORDER: Mapping[bool | None, int] = {True: 0, None: 1, False: 2}


def _diagnosis(cause: Cause, verdict: bool | None, likelihood: float, speaker: _Speaker) -> Diagnosis:
    reason = () if cause.when is None else (speaker.observation(cause.when),)
    because = (speaker.fill(cause.because),) if cause.because is not None else reason
    return Diagnosis(
        cause=cause.text,
        likelihood=round(likelihood, 3),
        supports=because if verdict is True else (),
        contradicts=reason if verdict is False else (),
        checks=tuple(speaker.fill(check) for check in cause.checks),
        parts=tuple(speaker.fill(part) for part in cause.parts),
    )


def _value(point: str, moment: Moment) -> EvidenceValue:
    last = moment.points[point]
    value = last.value if last.quality is Quality.GOOD else None
    return EvidenceValue(point=point, value=value, quality=last.quality, at=last.at)


class _Speaker:
    """Puts values into texts, as people of both languages read them."""

    def __init__(self, rule: Rule, device_class: str, moment: Moment, held_for: timedelta) -> None:
        self._rule, self._moment = rule, moment
        self._meanings = DEVICE_CLASSES[device_class].points
        self._durations = {"for": duration_words(rule.hold), "held_for": duration_words(held_for)}

    def fill(self, text: Text) -> Text:
        return Text(zh=self._filled(text.zh, "zh"), en=self._filled(text.en, "en"))

    def observation(self, expression: Expression) -> Text:
        """What the points of a condition say: `Evaporator temperature -3.2 °C, Cooling relay: yes`."""
        return Text(zh=self._observed(expression, "zh"), en=self._observed(expression, "en"))

    def with_observation(self, text: Text, expression: Expression) -> Text:
        text, seen = self.fill(text), self.observation(expression)
        return Text(zh=f"{text.zh}（{seen.zh}）", en=f"{text.en} ({seen.en})") if seen.en else text

    def _filled(self, template: str, language: Language) -> str:
        return PLACEHOLDER.sub(lambda match: self._word(match[1], language), template)

    def _word(self, name: str, language: Language) -> str:
        if name in self._durations:
            return self._durations[name].in_(language)
        if name in self._moment.params:
            return _number(self._moment.params[name], self._rule.params[name])
        return self._shown(name, language)

    def _shown(self, point: str, language: Language) -> str:
        last = self._moment.points.get(point)
        if last is None or last.value is None or last.quality is not Quality.GOOD:
            return _UNKNOWN
        return _value_words(last.value, self._meanings[point].digits, language)

    def _observed(self, expression: Expression, language: Language) -> str:
        return _SEPARATOR[language].join(self._labelled(point, language) for point in expression.points)

    def _labelled(self, point: str, language: Language) -> str:
        meaning = self._meanings[point]
        space = " " if meaning.type == "number" else _COLON[language]
        return f"{meaning.label.in_(language)}{space}{self._shown(point, language)} {meaning.unit}".rstrip()


def _value_words(value: Value, digits: int, language: Language) -> str:
    if isinstance(value, bool):
        return _FLAGS[value].in_(language)
    return called(value).in_(language) if isinstance(value, str) else f"{value:.{digits}f}"


def _number(value: float, param: Param) -> str:
    return f"{value:g}" if param.digits is None else f"{value:.{param.digits}f}"
