"""YAML documents whose every value knows its line, and the faults that are found in them.

A fault says where, what is wrong and what would be right, in both languages; a reader collects all of them before it
gives up, so that one run shows an installer everything there is to mend.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import yaml

from configs.words import missing_words, rule_words
from edge_agent.contract.text import Language, Text

Location = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=pydantic.BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to mend; `line` counts from 1."""

    file: str
    line: int
    what: Text
    fix: Text

    def sentence(self, language: Language) -> str:
        return f"{self.file}:{self.line}: {self.what.in_(language)} — {self.fix.in_(language)}"


class Faulty(Exception):
    """A document cannot be used; `faults` has everything that was found, in the order of the lines."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.file, fault.line)))
        super().__init__("\n".join(fault.sentence("en") for fault in self.faults))

    def __reduce__(self) -> tuple[type[Faulty], tuple[tuple[Fault, ...]]]:
        """It may come from another process, which tells an exception by what it was made of."""
        return Faulty, (self.faults,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`data` is what the YAML says; `lines` tells where each value stands."""

    path: Path
    data: Any
    lines: Mapping[Location, int]

    def line(self, *location: str | int) -> int:
        """The line of that value, or of the nearest value around it that the document has."""
        while location not in self.lines and location:
            location = location[:-1]
        return self.lines.get(location, 1)

    def says(self, location: Location) -> bool:
        """Whether that value stands in the document."""
        return location in self.lines

    def fault(self, location: Sequence[str | int], what: Text, fix: Text) -> Fault:
        return Fault(file=str(self.path), line=self.line(*location), what=what, fix=fix)


def read_document(path: Path) -> Document:
    """Raises Faulty: the file is missing, is no YAML, or has a key twice."""
    try:
        return parse_document(path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        what = Text(zh=f"文件无法读取:{error}", en=f"the file cannot be read: {error}")
        fix = Text(zh="请检查路径、权限和 UTF-8 编码", en="check the path, its permissions and that it is UTF-8")
        raise Faulty([Fault(file=str(path), line=1, what=what, fix=fix)]) from error


def parse_document(path: Path, text: str) -> Document:
    """As `read_document`, for a text that is already in memory."""
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        reader = _LineReader(loader, path)
        data = reader.read(root, ()) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Faulty([_syntax_fault(path, line, str(error.problem))]) from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise Faulty([_syntax_fault(path, line, f"unprintable character {error.character!r}")]) from error
    except RecursionError as error:
        raise Faulty([_syntax_fault(path, 1, "nested too deep, or an alias within its own anchor")]) from error
    except _TooMuch as error:
        raise Faulty([_syntax_fault(path, 1, f"more than {MOST_VALUES} values")]) from error
    finally:
        if loader is not None:
            loader.dispose()
    if reader.faults:
        raise Faulty(reader.faults)
    return Document(path=path, data=data, lines=reader.lines)


def build(model: type[ModelT], document: Document, data: Any = None, at: Location = ()) -> ModelT:
    """The document (or the part of it that stands `at`) as a settings model. Raises Faulty with every fault."""
    try:
        return model.model_validate(document.data if data is None else data)
    except pydantic.ValidationError as error:
        raise Faulty(_model_fault(document, at, detail) for detail in error.errors()) from error


MOST_VALUES = 100_000
"""A document that has more is no document of people: aliases of aliases grow without end."""


class _TooMuch(ValueError):
    """The document never ends."""


class _LineReader:
    """Builds plain values from YAML nodes and notes the line of each."""

    def __init__(self, loader: yaml.SafeLoader, path: Path) -> None:
        self._loader = loader
        self._path = path
        self.lines: dict[Location, int] = {}
        self.faults: list[Fault] = []

    def read(self, node: yaml.Node, location: Location) -> Any:
        self.lines.setdefault(location, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES:
            raise _TooMuch
        match node:
            case yaml.MappingNode():
                return self._read_mapping(node, location)
            case yaml.SequenceNode():
                return [self.read(child, (*location, index)) for index, child in enumerate(node.value)]
        return self._construct(node)

    def _read_mapping(self, node: yaml.MappingNode, location: Location) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        self._loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self._construct(key_node)
            if isinstance(key, list | dict | set):
                self.faults.append(_syntax_fault(self._path, key_node.start_mark.line + 1, "a key that is no word"))
                continue
            if key in mapping:
                self.faults.append(_twice(self._path, key_node, key))
            self.lines[(*location, key)] = key_node.start_mark.line + 1
            mapping[key] = self.read(value_node, (*location, key))
        return mapping

    def _construct(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except (ValueError, TypeError, OverflowError) as error:  # such as the 31st of February
            self.faults.append(_syntax_fault(self._path, node.start_mark.line + 1, str(error)))
            return None


def _twice(path: Path, node: yaml.Node, key: Any) -> Fault:
    return Fault(
        file=str(path),
        line=node.start_mark.line + 1,
        what=Text(zh=f"键 {key!r} 出现了两次", en=f"the key {key!r} stands here twice"),
        fix=Text(zh="请保留其中一个", en="keep one of the two"),
    )


def _syntax_fault(path: Path, line: int, problem: str) -> Fault:
    return Fault(
        file=str(path),
        line=line,
        what=Text(zh=f"不是有效的 YAML:{problem}", en=f"this is no YAML: {problem}"),
        fix=Text(zh="请检查缩进、冒号和引号", en="check the indentation, colons and quotes around here"),
    )


def _model_fault(document: Document, at: Location, detail: Any) -> Fault:
    what, fix = missing_words(detail) if detail["type"] == "missing" else rule_words(detail)
    return document.fault(_written(document, (*at, *detail["loc"])), what, fix)


def _written(document: Document, location: Location) -> Location:
    """The parts of `location` that stand in the document: pydantic also names the kind that a union chose."""
    found: Location = ()
    for part in location:
        if document.says((*found, part)):
            found = (*found, part)
    return found
