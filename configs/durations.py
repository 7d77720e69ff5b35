"""Durations as people write them in YAML: a whole or decimal number and its unit."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_ZH = {"zh": "请写数字和单位 ms、s、m、h、d 之一,例如 10s"}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(ms|s|m|h|d)")


class DurationInvalid(ValueError):
    """The text is no number with one of the units ms, s, m, h, d."""


def parse_duration(text: str) -> timedelta:
    """`300ms`, `10s`, `15m`, `1h`, `1.5h`, `7d`. Raises DurationInvalid."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise DurationInvalid(f"write a number and ms, s, m, h or d, such as 10s, not {text!r}")
    try:
        return _UNITS[match[2]] * float(match[1])
    except OverflowError as error:
        raise DurationInvalid(f"nothing lasts {text!r}") from error


def duration_text(duration: timedelta) -> str:
    """The shortest way to write it: `90s`, `15m`, `1h`; the inverse of `parse_duration` for whole milliseconds."""
    for unit, size in reversed(_UNITS.items()):
        if duration and duration % size == timedelta():
            return f"{duration // size}{unit}"
    return "0s" if not duration else f"{duration / _UNITS['ms']:g}ms"


def _validate(given: Any) -> timedelta:
    if isinstance(given, timedelta):
        return given
    try:
        return parse_duration(str(given))
    except DurationInvalid as error:
        raise PydanticCustomError("duration", "write a number and ms, s, m, h or d, such as 10s", _ZH) from error


Duration = Annotated[timedelta, BeforeValidator(_validate)]
"""For pydantic models: the YAML says `10s`, the model has a timedelta. A bare number has no unit and is refused."""
