"""Words for people, in the two languages that everybody on the chain's side reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One sentence or label in zh-CN and in English."""

    zh: str
    en: str

    def in_(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


def same(word: str) -> Text:
    """A name that is written alike in both languages, such as a model number."""
    return Text(zh=word, en=word)


def language_of(environment: Mapping[str, str]) -> Language:
    """The reader's language by the POSIX order of locale variables; English where none is set."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
