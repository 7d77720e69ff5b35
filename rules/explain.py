"""Why the alarm of a rule is up, or is not: each part of its conditions with what it comes to, and what stands beside.

All of it is asked of a memory as it is after a telemetry; asking changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Device, Quality, Value
from rules.alarm import Alarm, State
from rules.book import RuleBook
from rules.check import Checker, Scope
from rules.compile import function_of
from rules.engine import moment_of
from rules.expression import Expression, Moment
from rules.memory import DeviceMemory
from rules.model import Rule
from rules.neighbours import ALONE, Neighbours
from rules.syntax import Binary, Call, ExpressionInvalid, Literal, Name, Node, Unary, parse, spelled

_STANDARD_REACH = timedelta(hours=4)
_TIMERS_REACH = timedelta(days=1)
USUAL_REACH = timedelta(days=16)
"""What is usual is unknown for two weeks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """A point, a param or a function of a condition; `value` is None where it is unknown. `quality` and `at` are of the
    newest report of a point; None where there never was one."""

    text: str
    value: Value | None
    unit: str = ""
    quality: Quality | None = None
    at: datetime | None = None
    is_point: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Of a condition, `depth` levels below it; `text` is and, or, not, or what is asked. None: unknown."""

    text: str
    answer: bool | None
    depth: int
    values: tuple[ShownValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`role` is what it is for in the rule: when, normal, or unless."""

    role: str
    answer: bool | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenParam:
    """`origin`: rule, duty, chain, store, device."""

    name: str
    value: float
    unit: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """As it stands `at` the last telemetry that was judged. `applies` is False where the rule is none of this device,
    and then nothing else is said. `inhibitors` tells the state of each alarm that may hold this one back."""

    rule: str
    device: str
    at: datetime | None
    applies: bool
    state: State = State.CLEAR
    alarm: Alarm | None = None
    hold: timedelta = timedelta()
    normal_for: timedelta = timedelta()
    conditions: tuple[Condition, ...] = ()
    inhibitors: Mapping[str, State]
    params: tuple[GivenParam, ...] = ()
    anew: bool = False
    """Other rules judged last: what is followed over time begins, and what follows here is of those."""

    def answer(self, role: str) -> bool | None:
        return next((one.answer for one in self.conditions if one.role == role), None)

    @property
    def inhibited(self) -> bool:
        return any(state in {State.ACTIVE, State.CLEARING} for state in self.inhibitors.values())


def explain(
    book: RuleBook, rule: Rule, device: Device, memory: DeviceMemory, neighbours: Neighbours = ALONE
) -> Explanation:
    store = neighbours.setting.id
    plan = book.plan(device, store)
    if memory.at is None or rule.id not in plan.positions:
        applies = rule.id in plan.positions
        return Explanation(rule=rule.id, device=device.id, at=memory.at, applies=applies, inhibitors={})
    params = book.params(rule, device, store)
    moment = moment_of(book, device, memory, memory.at, params, neighbours)
    alarm = memory.alarms.get(rule.id)
    return Explanation(
        rule=rule.id,
        device=device.id,
        at=memory.at,
        applies=True,
        state=_state(memory, rule.id),
        alarm=alarm,
        hold=rule.hold,
        normal_for=rule.normal_for,
        conditions=tuple(_Asking(rule, device, moment).conditions()),
        inhibitors={other: _state(memory, other) for other in rule.inhibited_by},
        params=tuple(_given(book, rule, device, store, params)),
        anew=memory.judged_by != plan.id,
    )


def reach_of(rule: Rule) -> timedelta:
    """How far back telemetry has to go so that nothing in the rule's conditions is unknown for the lack of it."""
    expressions = _conditions(rule).values()
    return rule.hold + rule.normal_for + max(map(_reach, expressions), default=_STANDARD_REACH)


def asks_neighbours(rule: Rule) -> bool:
    """Whether other devices have a say in it."""
    return any(each.neighbours or _is_usual(each) for each in _conditions(rule).values())


def _reach(expression: Expression) -> timedelta:
    """Of tracks inside each other all; of timers a day; never less than food needs to be known."""
    if _is_usual(expression):
        return USUAL_REACH
    followed = sum((timedelta(seconds=track.seconds) for track in expression.tracks), timedelta())
    timers = _TIMERS_REACH if any(track.kind == "timer" for track in expression.tracks) else timedelta()
    return max(_STANDARD_REACH, followed + timers, *expression.windows.values())


def _is_usual(expression: Expression) -> bool:
    return any(track.kind == "usual" for track in expression.tracks)


def _conditions(rule: Rule) -> dict[str, Expression]:
    mask = None if rule.unless is None else rule.unless.when
    every = {"when": rule.when, "normal": rule.normal, "unless": mask}
    return {role: each for role, each in every.items() if each is not None}


def _state(memory: DeviceMemory, rule: str) -> State:
    alarm = memory.alarms.get(rule)
    return State.CLEAR if alarm is None else alarm.state


def _given(book: RuleBook, rule: Rule, device: Device, store: str, params: Mapping[str, float]) -> Iterator[GivenParam]:
    overrides = book.overrides
    places = (
        ("device", overrides.devices.get(f"{store}/{device.id}", {}).get(rule.id, {})),
        ("store", overrides.stores.get(store, {}).get(rule.id, {})),
        ("chain", overrides.chain.get(rule.id, {})),
        ("duty", rule.params_for.get(device.duty, {})),
    )
    for name, value in params.items():
        origin = next((place for place, given in places if name in given), "rule")
        yield GivenParam(name=name, value=value, unit=rule.params[name].unit, origin=origin)


class _Asking:
    """The conditions of a rule, taken apart and asked part by part."""

    def __init__(self, rule: Rule, device: Device, moment: Moment) -> None:
        self._rule, self._moment = rule, moment
        classes = tuple(DEVICE_CLASSES[name] for name in sorted(rule.device_classes))
        self._scope = Scope(classes=classes, params=frozenset(rule.params))
        self._meanings = DEVICE_CLASSES[device.device_class].points

    def conditions(self) -> Iterator[Condition]:
        for role, expression in _conditions(self._rule).items():
            parts = tuple(self._parts(parse(expression.text), 1))
            yield Condition(role=role, answer=expression.holds(self._moment), parts=parts)

    def _parts(self, node: Node, depth: int, within: str = "") -> Iterator[Part]:
        """`a and b and c` is one `and` with three parts."""
        match node:
            case Binary(operator="and" | "or" as word):
                if word != within:
                    yield Part(text=word, answer=self._holds(node), depth=depth)
                    depth += 1
                for side in (node.left, node.right):
                    yield from self._parts(side, depth, word)
            case Unary(operator="not"):
                yield Part(text="not", answer=self._holds(node), depth=depth)
                yield from self._parts(node.operand, depth + 1)
            case _:
                values = {value.text: value for value in self._values(node)}
                text = _bare(spelled(node))
                yield Part(text=text, answer=self._holds(node), depth=depth, values=tuple(values.values()))

    def _values(self, node: Node) -> Iterator[ShownValue]:
        """Of a function itself and then of what it is of."""
        match node:
            case Name():
                if (value := self._named(node.name)) is not None:
                    yield value
            case Binary():
                yield from self._values(node.left)
                yield from self._values(node.right)
            case Unary():
                yield from self._values(node.operand)
            case Call():
                yield ShownValue(text=spelled(node), value=self._value(node))
                for argument in node.arguments:
                    yield from self._values(argument)
            case Literal():
                pass

    def _named(self, name: str) -> ShownValue | None:
        """None for a word, and for a point of another device."""
        if name in self._rule.params:
            return ShownValue(text=name, value=self._moment.params[name], unit=self._rule.params[name].unit)
        meaning = self._meanings.get(name)
        if meaning is None:
            return None
        last, value = self._moment.points.get(name), self._value(Name(0, name))
        quality, at = (None, None) if last is None else (last.quality, last.at)
        return ShownValue(text=name, value=value, unit=meaning.unit, quality=quality, at=at, is_point=True)

    def _holds(self, node: Node) -> bool | None:
        answer = self._value(node)
        return None if answer is None else answer is True

    def _value(self, node: Node) -> Value | None:
        try:
            term, _ = Checker(self._scope).typed(node)
        except ExpressionInvalid:  # of another device, or only to be understood beside what it is compared with
            return None
        return function_of(term)(self._moment)


def _bare(text: str) -> str:
    """Without the parentheses that are around all of it."""
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text
