"""What a tool says to the person before it, in the person's language, and to a machine when asked to."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO
from unicodedata import east_asian_width

from edge_agent.contract.text import Language, Text

OK, WRONG, MISUSED = 0, 1, 2
"""Exit statuses: done, something is wrong at the store, the command cannot be understood."""

_BAR = 24


class Misuse(Exception):
    """The command line asks for something that does not exist; nothing was done."""

    def __init__(self, what: Text) -> None:
        super().__init__(what.en)
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Answers go to `out`; progress, questions and troubles go to `aside`, so that answers can be piped."""

    language: Language
    as_json: bool = False
    out: TextIO
    aside: TextIO

    def say(self, *lines: Text | str) -> None:
        for line in lines:
            self.out.write((line if isinstance(line, str) else line.in_(self.language)) + "\n")

    def answer(self, found: Any) -> None:
        """The whole answer for a machine, as one line."""
        self.out.write(json.dumps(found, ensure_ascii=False) + "\n")

    def complain(self, line: Text | str) -> None:
        self.aside.write((line if isinstance(line, str) else line.in_(self.language)) + "\n")
        self.aside.flush()

    def progress(self, done: float, whole: float, doing: Text) -> None:
        """Seconds of work done and in all; drawn only where somebody looks."""
        if self.aside.isatty():
            self.aside.write("\r\x1b[K" + bar(done, whole, doing.in_(self.language), self.language))
            self.aside.flush()

    def wipe(self) -> None:
        """Takes the progress bar away."""
        if self.aside.isatty():
            self.aside.write("\r\x1b[K")
            self.aside.flush()


def console_of(language: Language, *, as_json: bool = False) -> Console:
    return Console(language=language, as_json=as_json, out=sys.stdout, aside=sys.stderr)


def bar(done: float, whole: float, doing: str, language: Language) -> str:
    """`[######............]  31 %  9600 8E1, unit 17  0:42 left`"""
    share = min(1.0, done / whole) if whole > 0 else 1.0
    full = round(share * _BAR)
    left = Text(zh=f"约剩 {clock_text(whole - done)}", en=f"about {clock_text(whole - done)} left").in_(language)
    return f"[{'#' * full}{'.' * (_BAR - full)}] {share:4.0%}  {doing}  {left}"


def clock_text(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[str]:
    """Columns in line, Chinese characters counted as the two places that they take; `right` columns are set right."""
    widths = [max(width(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    return [
        "  ".join(_set(cell, widths[i], to_right=i in right) for i, cell in enumerate(row)).rstrip() for row in rows
    ]


def width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _set(cell: str, places: int, *, to_right: bool) -> str:
    space = " " * (places - width(cell))
    return space + cell if to_right else cell + space
