"""Register maps as files: profile YAML → Profile, every fault of a file at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import configs
from configs.documents import Document, Fault, Faulty, Location, build, read_document
from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from edge_agent.profiles.document import ProfileDocument
from edge_agent.profiles.faults import profile_faults

FOLDER = Path(configs.__file__).parent / "profiles"

_ABSTRACT = re.compile(r"^abstract:\s*true\b", re.MULTILINE)
_VARIANTS = re.compile(r"^variants:\n((?:[ #].*\n|\n)*)", re.MULTILINE)
_VARIANT = re.compile(r"^  ([a-z0-9_]+):", re.MULTILINE)


class UnknownProfile(KeyError):
    """No profile of that id is known."""


@cache
def shipped_profiles() -> dict[str, Path]:
    """Profile id → file, for every controller that the agent knows; bases of families are none.

    A file with variants has several ids: its own, and `id.variant` for each of them.
    """
    return {profile_id: file for file in sorted(FOLDER.glob("*/*.yaml")) for profile_id in _ids_of(file)}


def known_profiles(folder: Path | None = None) -> dict[str, Path]:
    """The shipped profiles, and a store's own in `folder` and the folders in it, which go before the shipped ones."""
    own = sorted(folder.rglob("*.yaml")) if folder else ()
    return {**shipped_profiles(), **{profile_id: file for file in own for profile_id in _ids_of(file)}}


@cache
def profile(profile_id: str, folder: Path | None = None) -> Profile:
    """A known profile as it is where no site file says more. Raises UnknownProfile, Faulty."""
    return installed_profile(profile_id, folder=folder)


def installed_profile(
    profile_id: str,
    settings: Mapping[str, float] | None = None,
    instance: int | None = None,
    folder: Path | None = None,
) -> Profile:
    """A known profile as a site has it: its settings, and which of the units behind one address it is.

    `folder` is the store's own. Raises UnknownProfile, Faulty.
    """
    files = known_profiles(folder)
    if profile_id not in files:
        raise UnknownProfile(profile_id)
    variant = profile_id.partition(".")[2]
    known = load_profile(files[profile_id], variant, settings)
    first = known.instances[0] if known.instances else None
    return known.of_instance(first if instance is None else instance) if first is not None else known


def load_profile(path: Path, variant: str = "", settings: Mapping[str, float] | None = None) -> Profile:
    """One file with the families that it extends, or one of its variants. Raises Faulty."""
    document = _varied(_with_bases(read_document(path), ()), variant)
    if document.data.get("abstract"):
        what = Text(zh="这是一个系列的公共部分,不是设备", en="this is the base of a family and no device")
        fix = Text(zh="请使用继承它的型号", en="use a profile that extends it")
        raise Faulty([document.fault(("abstract",), what, fix)])
    given = build(ProfileDocument, document)
    faults = tuple(profile_faults(given, document))
    if faults:
        raise Faulty(faults)
    return given.profile_of(settings)


def _ids_of(file: Path) -> tuple[str, ...]:
    """Read with a pattern, because listing all files must stay quick; the loader is strict about the same form."""
    text = file.read_text(encoding="utf-8", errors="replace")
    if _ABSTRACT.search(text):
        return ()
    variants = _VARIANTS.search(text)
    return (file.stem, *(f"{file.stem}.{name}" for name in _VARIANT.findall(variants[1] if variants else "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered(Document):
    """A document on top of the one that it extends; a fault is shown in the file that says the faulty value."""

    below: Document

    def says(self, location: Location) -> bool:
        return location in self.lines or self.below.says(location)

    def fault(self, location: Any, what: Text, fix: Text) -> Fault:
        for end in range(len(location), 0, -1):
            if location[:end] in self.lines:
                break
            if self.below.says(location[:end]):
                return self.below.fault(location, what, fix)
        return Fault(file=str(self.path), line=self.line(*location), what=what, fix=fix)


def _with_bases(document: Document, above: tuple[Path, ...]) -> Document:
    if not isinstance(document.data, dict):
        what = Text(zh="文件不是键值表", en="the file is no mapping of keys to values")
        raise Faulty(
            [document.fault((), what, Text(zh="请参照随附的型号文件", en="take a shipped profile as example"))]
        )
    if "extends" not in document.data:
        return document
    base = _with_bases(read_document(_base_file(document, above)), (*above, document.path))
    inherited = {key: value for key, value in base.data.items() if key not in {"abstract", "variants"}}
    if isinstance(evidence := inherited.get("evidence"), dict):
        inherited["evidence"] = {**evidence, "captures": []}  # what another model answered proves nothing of this one
    own = {key: value for key, value in document.data.items() if key != "extends"}
    return Layered(path=document.path, data=_merged(inherited, own), lines=document.lines, below=base)


def _varied(document: Document, variant: str) -> Document:
    """The document with one of its variants laid over it, or without any."""
    data = document.data
    variants = data.get("variants", {})
    if not isinstance(variants, dict) or not all(isinstance(overlay, dict) for overlay in variants.values()):
        what = Text(zh="variants 不是键值表", en="variants is no mapping of names to what is different")
        fix = Text(zh="写成 名称: {与本表不同之处}", en="write each as NAME: {what is different}")
        raise Faulty([document.fault(("variants",), what, fix)])
    if variant and variant not in variants:
        what = Text(zh=f"没有变体 {variant}", en=f"there is no variant {variant}")
        names = ", ".join(sorted(variants))
        raise Faulty([document.fault(("variants",), what, Text(zh=f"有:{names}", en=f"there are: {names}"))])
    own = {key: value for key, value in data.items() if key != "variants"}
    if not variant:
        return replace(document, data=own)
    own["evidence"] = {**own["evidence"], "captures": []} if isinstance(own.get("evidence"), dict) else {}
    named = {"profile": f"{data.get('profile')}.{variant}"}
    lines = {location[2:]: line for location, line in document.lines.items() if location[:2] == ("variants", variant)}
    return Layered(path=document.path, data=_merged(own, {**variants[variant], **named}), lines=lines, below=document)


def _base_file(document: Document, above: tuple[Path, ...]) -> Path:
    name = document.data["extends"]
    beside = document.path.parent / f"{name}.yaml"
    shipped = {file.stem: file for file in FOLDER.glob("*/*.yaml")}
    file = beside if beside.is_file() else shipped.get(str(name), beside)
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
