"""Why an alarm changed and what may be behind it, in sentences with the values of that moment put in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from math import prod

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Device, Quality, Value
from edge_agent.contract.text import Language, Text
from edge_agent.contract.words import called
from rules.expression import Expression, Moment
from rules.model import Cause, Diagnosis, Evidence, EvidenceValue, Number, Param, Rule, Sign

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)\}")
DURATIONS = frozenset({"for", "held_for"})
"""Placeholders that every text may use beside points and params."""

_UNKNOWN = "—"
_NOTHING = Text(zh="", en="")
_NO_NUMBERS: Mapping[str, Number] = {}
_FLAGS: Mapping[bool, Text] = {True: Text(zh="是", en="yes"), False: Text(zh="否", en="no")}
_SEPARATOR: Mapping[Language, str] = {"zh": "，", "en": ", "}
_COLON: Mapping[Language, str] = {"zh": "：", "en": ": "}

NOT_NAMED = 0.25
"""What a cause is worth under an alarm of the same family whose rule does not name it."""
RULED_OUT = 0.02
"""A contradicted cause that is less likely than this is listed as excluded, and its likelihood is 0."""
MOST_TOLD = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A cause with its likelihood, the signs that were seen and those that were found missing."""

    cause: Cause
    likelihood: float
    moment: Moment
    seen: tuple[Sign, ...]
    missing: tuple[Sign, ...]

    @property
    def ruled_out(self) -> bool:
        contradicted = self.missing or any(sign.ratio < 1 for sign in self.seen)
        return self.likelihood < RULED_OUT and bool(contradicted)


def rank(rule: Rule, beside: Iterable[Rule], device: Device, moment: Moment) -> tuple[Ranked, ...]:
    """The causes of all that is raised, likeliest first: prior weights times what each alarm and each sign is worth.

    `beside` are the other rules whose alarms of the device are raised; those of the family of `rule` bring their causes
    in. A sign that is unknown says nothing.
    """
    raised = [rule, *(other for other in beside if other.id != rule.id)]
    kin = [each for each in raised if each.family == rule.family]
    ids = frozenset(each.id for each in raised)
    weighed = [_weigh(cause, kin, ids, device, moment) for cause in _candidates(kin, device)]
    total = sum(each.likelihood for each in weighed) or 1.0
    shared = [replace(each, likelihood=each.likelihood / total) for each in weighed]
    return tuple(sorted(shared, key=lambda each: -each.likelihood))


def _candidates(kin: Iterable[Rule], device: Device) -> Iterable[Cause]:
    every = (suspect.cause for rule in kin for suspect in rule.suspects.get(device.device_class, ()))
    return {cause.id: cause for cause in every if cause.fits(device.duty)}.values()


def _weigh(cause: Cause, kin: Iterable[Rule], raised: frozenset[str], device: Device, moment: Moment) -> Ranked:
    """With a likelihood that is not yet a share."""
    own = replace(moment, params=cause.params_of(device.duty))
    found = [(sign, _seen(sign, raised, own)) for sign in cause.signs]
    seen = tuple(sign for sign, verdict in found if verdict is True)
    missing = tuple(sign for sign, verdict in found if verdict is False and sign.otherwise < 1)
    named = [_ratio(rule, cause, device.device_class) for rule in kin]
    worth = prod(sign.ratio for sign in seen) * prod(sign.otherwise for sign in missing)
    return Ranked(cause=cause, likelihood=cause.weight * prod(named) * worth, moment=own, seen=seen, missing=missing)


def _ratio(rule: Rule, cause: Cause, device_class: str) -> float:
    suspects = rule.suspects.get(device_class, ())
    return next((suspect.ratio for suspect in suspects if suspect.cause.id == cause.id), NOT_NAMED)


def _seen(sign: Sign, raised: frozenset[str], moment: Moment) -> bool | None:
    if sign.when is not None:
        return sign.when.holds(moment)
    return True if sign.raised in raised else None


def evidence_of(
    rule: Rule, device_class: str, moment: Moment, held_for: timedelta, ranked: Iterable[Ranked] = ()
) -> Evidence:
    """`excluded` are the causes that the readings rule out, and the mask that was off."""
    speaker = _Speaker(device_class, moment, rule.params, _durations(rule, held_for))
    excluded = [_excluded(each, device_class, rule, held_for) for each in ranked if each.ruled_out]
    if rule.unless is not None and rule.unless.when.holds(moment) is False:
        excluded.insert(0, speaker.with_observation(rule.unless.text, rule.unless.when))
    return Evidence(
        condition=speaker.fill(rule.condition),
        held_for=held_for,
        values=tuple(_value(point, moment) for point in rule.evidence if point in moment.points),
        params=dict(moment.params),
        excluded=tuple(excluded),
    )


def diagnose(rule: Rule, device_class: str, held_for: timedelta, ranked: Iterable[Ranked]) -> tuple[Diagnosis, ...]:
    """The causes as people read them, at most `MOST_TOLD`, with what speaks for and against each."""
    durations = _durations(rule, held_for)
    told = list(ranked)[:MOST_TOLD]
    return tuple(_diagnosis(each, _speaker(each, device_class, durations)) for each in told)


def duration_words(duration: timedelta) -> Text:
    """Whole minutes, or seconds below one: `1 h 5 min`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    if not minutes:
        return Text(zh=f"{seconds} 秒", en=f"{seconds} s")
    hours, minutes = divmod(minutes, 60)
    zh = " ".join([f"{hours} 小时"] * bool(hours) + [f"{minutes} 分钟"] * bool(minutes))
    return Text(zh=zh, en=" ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)))


def _durations(rule: Rule, held_for: timedelta) -> Mapping[str, Text]:
    return {"for": duration_words(rule.hold), "held_for": duration_words(held_for)}


def _diagnosis(ranked: Ranked, speaker: _Speaker) -> Diagnosis:
    cause = ranked.cause
    against = [speaker.reason(sign.because, sign) for sign in ranked.seen if sign.ratio < 1]
    against += [speaker.reason(sign.otherwise_because, sign) for sign in ranked.missing]
    return Diagnosis(
        id=cause.id,
        cause=cause.text,
        likelihood=0.0 if ranked.ruled_out else round(ranked.likelihood, 3),
        supports=_told(speaker.reason(sign.because, sign) for sign in ranked.seen if sign.ratio > 1),
        contradicts=_told(against),
        staff_checks=tuple(speaker.fill(check) for check in cause.staff_checks),
        checks=tuple(speaker.fill(check) for check in cause.checks),
        parts=tuple(speaker.fill(part) for part in cause.parts),
        tools=tuple(speaker.fill(tool) for tool in cause.tools),
        food_at_risk=cause.food_at_risk,
    )


def _speaker(ranked: Ranked, device_class: str, durations: Mapping[str, Text]) -> _Speaker:
    return _Speaker(device_class, ranked.moment, ranked.cause.params, durations, ranked.cause.numbers)


def _told(reasons: Iterable[Text]) -> tuple[Text, ...]:
    """Each once, and none that says nothing."""
    return tuple(dict.fromkeys(reason for reason in reasons if reason.en))


def _excluded(ranked: Ranked, device_class: str, rule: Rule, held_for: timedelta) -> Text:
    speaker = _speaker(ranked, device_class, _durations(rule, held_for))
    against = _diagnosis(ranked, speaker).contradicts
    text = ranked.cause.text
    return Text(zh=f"{text.zh}（{against[0].zh}）", en=f"{text.en} ({against[0].en})") if against else text


def _value(point: str, moment: Moment) -> EvidenceValue:
    last = moment.points[point]
    value = last.value if last.quality is Quality.GOOD else None
    return EvidenceValue(point=point, value=value, quality=last.quality, at=last.at)


class _Speaker:
    """Puts values into texts, as people of both languages read them."""

    def __init__(
        self,
        device_class: str,
        moment: Moment,
        params: Mapping[str, Param],
        durations: Mapping[str, Text],
        numbers: Mapping[str, Number] = _NO_NUMBERS,
    ) -> None:
        self._moment, self._params, self._durations, self._numbers = moment, params, durations, numbers
        self._meanings = DEVICE_CLASSES[device_class].points

    def fill(self, text: Text) -> Text:
        return Text(zh=self._filled(text.zh, "zh"), en=self._filled(text.en, "en"))

    def reason(self, text: Text | None, sign: Sign) -> Text:
        """What an author says of a sign, or else what the points of its condition say."""
        if text is not None:
            return self.fill(text)
        return _NOTHING if sign.when is None else self.observation(sign.when)

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
            return _number(self._moment.params[name], self._params[name])
        if name in self._numbers:
            value = self._numbers[name].value.number(self._moment)
            return _UNKNOWN if value is None else f"{value:.{self._numbers[name].digits}f}"
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
