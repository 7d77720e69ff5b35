"""Register maps as files: profile YAML → Profile, every fault of a file at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import configs
from configs.documents import Document, Fault, Faulty, build, read_document
from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from edge_agent.profile_document import ProfileDocument
from edge_agent.profile_faults import profile_faults

FOLDER = Path(configs.__file__).parent / "profiles"

_ABSTRACT = re.compile(r"^abstract:\s*true\b", re.MULTILINE)


class UnknownProfile(KeyError):
    """No profile of that id is shipped."""


@cache
def shipped_profiles() -> dict[str, Path]:
    """Profile id → file, for every controller that the agent knows; bases of families are none."""
    files = sorted(FOLDER.glob("*/*.yaml"))
    return {file.stem: file for file in files if not _ABSTRACT.search(file.read_text(encoding="utf-8"))}


@cache
def profile(profile_id: str) -> Profile:
    """A shipped profile. Raises UnknownProfile, Faulty."""
    if profile_id not in shipped_profiles():
        raise UnknownProfile(profile_id)
    return load_profile(shipped_profiles()[profile_id])


def load_profile(path: Path) -> Profile:
    """One file with the families that it extends. Raises Faulty."""
    document = _with_bases(read_document(path), ())
    if document.data.get("abstract"):
        what = Text(zh="这是一个系列的公共部分,不是设备", en="this is the base of a family and no device")
        fix = Text(zh="请使用继承它的型号", en="use a profile that extends it")
        raise Faulty([document.fault(("abstract",), what, fix)])
    settings = build(ProfileDocument, document)
    faults = tuple(profile_faults(settings, document))
    if faults:
        raise Faulty(faults)
    return settings.profile_of()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered(Document):
    """A document on top of the one that it extends; a fault is shown in the file that says the faulty value."""

    below: Document

    def fault(self, location: Any, what: Text, fix: Text) -> Fault:
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                break
            if _says(self.below, location[:end]):
                return self.below.fault(location, what, fix)
        return Fault(file=str(self.path), line=self.line(*location), what=what, fix=fix)


def _says(document: Document, location: Any) -> bool:
    return location in document.lines or (isinstance(document, Layered) and _says(document.below, location))


def _with_bases(document: Document, above: tuple[Path, ...]) -> Document:
    if not isinstance(document.data, dict):
        what = Text(zh="文件不是键值表", en="the file is no mapping of keys to values")
        raise Faulty(
            [document.fault((), what, Text(zh="请参照随附的型号文件", en="take a shipped profile as example"))]
        )
    if "extends" not in document.data:
        return document
    base = _with_bases(read_document(_base_file(document, above)), (*above, document.path))
    inherited = {key: value for key, value in base.data.items() if key != "abstract"}
    own = {key: value for key, value in document.data.items() if key != "extends"}
    return Layered(path=document.path, data=_merged(inherited, own), lines=document.lines, below=base)


def _base_file(document: Document, above: tuple[Path, ...]) -> Path:
    name = document.data["extends"]
    file = document.path.parent / f"{name}.yaml"
    if not file.is_file():
        what = Text(zh=f"找不到被继承的 {name}", en=f"there is no {name} to extend")
        known = ", ".join(_siblings(document.path))
        raise Faulty(
            [document.fault(("extends",), what, Text(zh=f"同一文件夹中有:{known}", en=f"this folder has: {known}"))]
        )
    if file in (*above, document.path):
        what = Text(zh=f"继承成环:{name}", en=f"the profiles extend each other in a circle through {name}")
        fix = Text(zh="请让其中一个不再继承", en="let one of them stand by itself")
        raise Faulty([document.fault(("extends",), what, fix)])
    return file


def _siblings(path: Path) -> Iterator[str]:
    return (file.stem for file in sorted(path.parent.glob("*.yaml")) if file != path)


def _merged(base: Any, own: Any) -> Any:
    """Mappings are merged key by key; anything else of `own` replaces what `base` says."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in own.items()}}
