"""Stories: what goes wrong in the simulated store and when, and which tickets must come of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any

import pydantic

from configs.documents import Document, Fault, Faulty, build, read_document
from configs.durations import Duration
from edge_agent.contract.text import Text
from simulators.faults import FAULTS, Injection
from simulators.supply import GATEWAY

FOLDER = Path(__file__).parent / "stories"
DEFAULT = "freezer_compressor_dead"
FASTEST = 1000.0
"""No agent could poll even one device in time beyond that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A ticket that must be open when the story is over; `fault` is the id of a rule."""

    device: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`factor` is how many times faster than the wall the store lives, `length` a time of the store, `starts` its hour
    of day; `defrosts` says in how long those devices defrost first."""

    name: str
    title: Text
    narration: Text | None
    factor: float
    length: timedelta
    starts: time
    defrosts: Mapping[str, timedelta]
    faults: tuple[Injection, ...]
    expect: frozenset[Expectation]


class UnknownStory(KeyError):
    """There is no file of that name in the stories' folder."""


def story_names(folder: Path = FOLDER) -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in folder.glob("*.yaml")))


def story(name: str, devices: Collection[str] | None = None, factor: float | None = None) -> Story:
    """A shipped story, at its own pace or at `factor`. Raises UnknownStory, Faulty."""
    if name not in story_names():
        raise UnknownStory(name)
    shipped = load_story(FOLDER / f"{name}.yaml", devices)
    return replace(shipped, factor=factor) if factor else shipped


def load_story(path: Path, devices: Collection[str] | None = None) -> Story:
    """Raises Faulty. `devices` are those of the store it will happen in; None: any."""
    document = read_document(path)
    settings = build(_StoryDocument, document)
    faults = (*_unknown_faults(settings, document), *_unknown_devices(settings, document, devices))
    if faults:
        raise Faulty(faults)
    return Story(
        name=path.stem,
        title=settings.title,
        narration=settings.narration,
        factor=settings.factor,
        length=settings.length,
        starts=settings.starts,
        defrosts=settings.defrosts,
        faults=tuple(
            Injection(device=one.device, fault=one.fault, at=one.at, severity=one.severity, over=one.over)
            for one in settings.faults
        ),
        expect=frozenset(Expectation(device=one.device, fault=one.fault) for one in settings.expect),
    )


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class _InjectionDocument(_Strict):
    at: Duration
    device: str
    fault: str
    severity: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0
    over: Duration | None = None


class _ExpectationDocument(_Strict):
    device: str
    fault: str


class _StoryDocument(_Strict):
    title: Text
    narration: Text | None = None
    factor: Annotated[float, pydantic.Field(gt=0, le=FASTEST)]
    length: Duration
    starts: time
    defrosts: dict[str, Duration] = {}
    faults: list[_InjectionDocument] = []
    expect: list[_ExpectationDocument] = []


def _unknown_faults(settings: _StoryDocument, document: Document) -> Iterator[Fault]:
    for index, one in enumerate(settings.faults):
        if one.fault not in FAULTS:
            what = Text(zh=f"没有名为 {one.fault} 的故障", en=f"there is no fault called {one.fault}")
            yield document.fault(("faults", index, "fault"), what, _one_of(FAULTS))


def _unknown_devices(settings: _StoryDocument, document: Document, devices: Collection[str] | None) -> Iterator[Fault]:
    if devices is None:
        return
    named: list[tuple[tuple[Any, ...], str]] = [(("defrosts", name), name) for name in settings.defrosts]
    named += [(("faults", index, "device"), one.device) for index, one in enumerate(settings.faults)]
    named += [(("expect", index, "device"), one.device) for index, one in enumerate(settings.expect)]
    for location, device in named:
        if device not in devices and device != GATEWAY:
            what = Text(zh=f"门店没有设备 {device}", en=f"the store has no device {device}")
            yield document.fault(location, what, _one_of(devices))


def _one_of(names: Collection[str]) -> Text:
    return Text(zh="应为:" + "、".join(sorted(names)), en="write one of " + ", ".join(sorted(names)))
