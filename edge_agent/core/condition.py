"""One comparison with a point of the same device, true, false or unknown: what validity and derived flags rest on."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.contract.readings import Quality, Reading, Value

_COMPARED = re.compile(r"^([a-z][a-z0-9_.]*) (==|!=|<|<=|>|>=) (\S+)$")
_FLAG = re.compile(r"^(not )?([a-z][a-z0-9_.]*)$")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`point` compared with a constant: a flag with True or False, a word with == or !=, a number with any of six."""

    point: str
    compare: str
    value: Value

    def holds(self, found: Value) -> bool | None:
        """None: that value cannot be compared, such as an unknown word of the controller with a known one."""
        if type(found) is not type(self.value) or is_other(found):
            return None
        if self.compare in {"==", "!="}:
            return (found == self.value) is (self.compare == "==")
        if isinstance(found, float) and isinstance(self.value, float):
            return _OPERATORS[self.compare](found, self.value)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """While `when` holds, the point that has this doubt has no value but this `quality`."""

    when: Condition
    quality: Quality


class NoCondition(ValueError):
    """The text is neither `flag`, `not flag`, nor `point == value` (or != < <= > >=)."""


def condition_of(text: str) -> Condition:
    """`alarm.any`, `not power`, `error_code == 65535`, `state.mode != off`. Raises NoCondition."""
    if flag := _FLAG.match(text):
        return Condition(point=flag[2], compare="==", value=flag[1] is None)
    compared = _COMPARED.match(text)
    if compared is None:
        raise NoCondition(text)
    value = _value(compared[3])
    if compared[2] not in {"==", "!="} and not isinstance(value, float):
        raise NoCondition(text)
    return Condition(point=compared[1], compare=compared[2], value=value)


def other(number: int) -> str:
    """The word for a number of which the profile knows no word."""
    return f"other({number})"


def is_other(value: Value) -> bool:
    return isinstance(value, str) and value.startswith("other(")


def seen(name: str, asked: Mapping[str, Reading], known: Mapping[str, Value]) -> Reading | None:
    """What this poll or an earlier one told of that point; None: nobody has asked it yet."""
    if name in asked:
        return asked[name]
    return Reading(point=name, value=known[name]) if name in known else None


def _value(text: str) -> Value:
    if text in {"true", "false"}:
        return text == "true"
    try:
        return float(int(text, 0)) if text.lower().startswith("0x") else float(text)
    except ValueError:
        return text
