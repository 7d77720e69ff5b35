"""A capture written into the text of a profile: nothing else of the file changes, comments included."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_agent.core.profile import Table

_WIDTH = 114
_TOP_LEVEL = re.compile(r"^[^\s#]")
_CAPTURES = re.compile(r"^(?P<indent> +)captures:\s*(?P<rest>[^#]*?)\s*(?P<comment>#.*)?$")

_PIECES = re.compile(r"""(?<=[\s:,\[{])"(?:[^"\\]|\\.)*"|(?<=[\s:,\[{])'(?:[^']|'')*'|.""")
"""A quoted word, or one character; an apostrophe within a word opens nothing."""


class CannotInsert(ValueError):
    """The file writes its evidence in a way that lines cannot be added to; a person has to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What one real unit answered from one table."""

    source: str
    firmware: str
    table: Table
    words: Mapping[int, int]


def with_captures(text: str, captures: Sequence[Captured], variant: str = "") -> str:
    """The profile's text with these captures behind those that it, or its variant, has. Raises CannotInsert."""
    lines = text.splitlines()
    return _joined(_in_variant(lines, captures, variant) if variant else _in_map(lines, captures))


def _in_variant(lines: list[str], captures: Sequence[Captured], variant: str) -> list[str]:
    """What a variant says is a map of its own, set in."""
    start = next((at for at, line in enumerate(lines) if re.match(r"^variants:", line)), len(lines))
    head = next((at for at in range(start, len(lines)) if re.match(rf"^  {variant}:\s*(#.*)?$", lines[at])), None)
    if head is None:
        raise CannotInsert(f"variant {variant} is written on one line")
    end = next((at for at in range(head + 1, len(lines)) if re.match(r"^ {0,2}[^\s#]", lines[at])), len(lines))
    while re.match(r"^ {0,2}(#.*)?$", lines[end - 1]):
        end -= 1  # a blank line or a comment before the next variant belongs to that one
    own = lines[head + 1 : end]
    space = min(len(line) - len(line.lstrip()) for line in own if line.strip() and line.lstrip()[0] != "#")
    inside = _in_map([line[space:] if not line[:space].strip() else line.lstrip() for line in own], captures)
    return [*lines[: head + 1], *(" " * space + line if line else line for line in inside), *lines[end:]]


def _in_map(lines: list[str], captures: Sequence[Captured]) -> list[str]:
    lines = _unfolded(lines)
    start = next((at for at, line in enumerate(lines) if re.match(r"^evidence:", line)), None)
    if start is None:
        where = next((at for at, line in enumerate(lines) if line.startswith("points:")), len(lines))
        return [*lines[:where], "evidence:", "  captures:", *_items(captures, 4), *lines[where:]]
    end = _block_end(lines, start)
    at = next((number for number in range(start + 1, end) if _CAPTURES.match(lines[number])), None)
    if at is None:
        return [*lines[:end], "  captures:", *_items(captures, 4), *lines[end:]]
    return _behind(lines, at, end, captures)


def _unfolded(lines: list[str]) -> list[str]:
    """With an `evidence: {…}` of one line written on several, each word of it as it was."""
    at = next((number for number, line in enumerate(lines) if line.startswith("evidence:")), None)
    if at is None or re.match(r"^evidence:\s*(#.*)?$", lines[at]):
        return lines
    match = re.match(r"^evidence:\s*\{(.*)\}(\s*|\s+#.*)$", lines[at])
    if not match:
        raise CannotInsert("evidence is neither a block nor a mapping on one line")
    said = [text for text in _parts(match[1]) if not re.fullmatch(r"captures:\s*\[\s*\]", text)]
    if any(text.startswith("captures:") for text in said):
        raise CannotInsert("captures are written on one line")
    return [*lines[:at], f"evidence:{match[2].rstrip()}", *(f"  {text}" for text in said), *lines[at + 1 :]]


def _parts(flow: str) -> list[str]:
    """What stands between the commas of `{…}`, but for those within brackets or quotes."""
    parts, depth = [""], 0
    for piece in _PIECES.findall(f" {flow}"):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(piece, 0)
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts if part.strip()]


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
