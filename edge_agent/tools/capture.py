"""A capture written into the text of a profile: nothing else of the file changes, comments included."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_agent.core.profile import Table

_WIDTH = 118
_TOP_LEVEL = re.compile(r"^[^\s#]")
_CAPTURES = re.compile(r"^(?P<indent> +)captures:\s*(?P<rest>[^#]*?)\s*(?P<comment>#.*)?$")


class CannotInsert(ValueError):
    """The file writes its evidence in a way that lines cannot be added to; a person has to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What one real unit answered from one table."""

    source: str
    firmware: str
    table: Table
    words: Mapping[int, int]


def with_captures(text: str, captures: Sequence[Captured]) -> str:
    """The profile's text with these captures behind those that it has. Raises CannotInsert."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if re.match(r"^evidence:", line)), None)
    if start is None:
        where = next((at for at, line in enumerate(lines) if line.startswith("points:")), len(lines))
        new = ["evidence:", "  captures:", *_items(captures, 4)]
        return _joined([*lines[:where], *new, *lines[where:]])
    if not re.match(r"^evidence:\s*(#.*)?$", lines[start]):
        raise CannotInsert("evidence is written on one line")
    end = _block_end(lines, start)
    at = next((number for number in range(start + 1, end) if _CAPTURES.match(lines[number])), None)
    if at is None:
        return _joined([*lines[:end], "  captures:", *_items(captures, 4), *lines[end:]])
    return _joined(_behind(lines, at, end, captures))


def items_text(captures: Sequence[Captured], indent: int = 4) -> str:
    """The block alone, for a person to paste below `captures:`."""
    return "\n".join(_items(captures, indent))


def _behind(lines: list[str], at: int, end: int, captures: Sequence[Captured]) -> list[str]:
    match = _CAPTURES.match(lines[at])
    assert match, "the caller has found it by this pattern"  # noqa: S101
    indent = len(match["indent"])
    if match["rest"] == "[]":
        head = match["indent"] + "captures:" + (f"  {match['comment']}" if match["comment"] else "")
        return [*lines[:at], head, *_items(captures, indent + 2), *lines[at + 1 :]]
    if match["rest"]:
        raise CannotInsert("captures are written on one line")
    last = _list_end(lines, at, end, indent)
    first = next((line for line in lines[at + 1 : last] if line.lstrip().startswith("- ")), " " * (indent + 2) + "- ")
    return [*lines[:last], *_items(captures, len(first) - len(first.lstrip())), *lines[last:]]


def _list_end(lines: list[str], at: int, end: int, indent: int) -> int:
    last = at + 1
    for number in range(at + 1, end):
        line = lines[number]
        depth = len(line) - len(line.lstrip())
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if depth < indent or (depth == indent and not line.lstrip().startswith("- ")):
            break
        last = number + 1
    return last


def _block_end(lines: list[str], start: int) -> int:
    """Behind the last line of the block; blank lines and comments before the next key belong to that key."""
    end = next((at for at in range(start + 1, len(lines)) if _TOP_LEVEL.match(lines[at])), len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _items(captures: Sequence[Captured], indent: int) -> list[str]:
    return [line for capture in captures for line in _item(capture, " " * indent)]


def _item(capture: Captured, space: str) -> list[str]:
    lines = [
        f"{space}- source: {_quoted(capture.source)}",
        f"{space}  firmware: {_quoted(capture.firmware)}",
        f"{space}  table: {capture.table}",
        f"{space}  words: {{",
    ]
    row = f"{space}    "
    for address, word in sorted(capture.words.items()):
        cell = f"{address}: {word}, "
        if len(row) + len(cell) > _WIDTH:
            lines.append(row.rstrip())
            row = f"{space}    "
        row += cell
    return [*lines, row.rstrip().removesuffix(","), f"{space}  }}"]


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar; JSON's escapes are YAML's."""
    return json.dumps(text, ensure_ascii=False)


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
