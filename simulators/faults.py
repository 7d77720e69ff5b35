"""What can go wrong in a simulated store, and what only looks like it: causes, which touch physics or line alone.

Each kind is a file: faults in faults_library/, which a fleet labels, and disturbances in disturbances_library/, which
nobody labels. A fault's id is unique in its device class; a condensing unit and a cabinet may both have one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic

from configs.documents import build, read_document
from configs.durations import Duration
from edge_agent.contract.text import Text

FOLDER = Path(__file__).parent / "faults_library"
DISTURBANCES_FOLDER = Path(__file__).parent / "disturbances_library"

_STEEPNESS = 3.0  # of an exponential growth: after half of its time it has done a fifth
_CASES_FIRST = "refrigeration_case"
_AT_ONCE = (timedelta(0), timedelta(0))

Affects = Literal["own", "fed", "bus", "store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """`said` completes the sentence that begins with the device's name. `on` is a device class, None any, "store" the
    gateway's own device.

    A fault that is not `sudden` grows to its full severity 1 within a time of `grows` (shortest, longest); from
    `observable_at` on it shows beyond noise. `lasts` says after how long it is repaired. `affects` tells where else it
    shows: on what the device feeds, its bus, the whole store. `circuit` "own" is for cabinets with a compressor of
    their own. `idle_between` are the means outdoors in °C between which its machine hardly works, so that nothing of
    it can be seen."""

    name: str
    on: str | None
    said: Text
    sudden: bool = True
    grows: tuple[timedelta, timedelta] = _AT_ONCE
    shape: Literal["linear", "exponential"] = "linear"
    observable_at: float = 1.0
    lasts: tuple[timedelta, timedelta] = (timedelta(hours=1), timedelta(days=1))
    affects: Affects = "own"
    source: str = ""
    duties: frozenset[str] = frozenset()
    circuit: Literal["own", "shared"] | None = None
    idle_between: tuple[float, float] | None = None
    labelled: bool = True

    def severity(self, elapsed: timedelta, over: timedelta | None = None) -> float:
        """0..1 after that time, where it grows within `over`."""
        if elapsed < timedelta(0):
            return 0.0
        return 1.0 if self.sudden or not over else _grown(elapsed / over, self.shape)

    def observable_after(self, over: timedelta | None = None) -> timedelta:
        """How long after its onset it shows."""
        if self.sudden or not over:
            return timedelta(0)
        share = self.observable_at
        if self.shape == "exponential":
            share = math.log1p(share * math.expm1(_STEEPNESS)) / _STEEPNESS
        return over * share

    def shows_at(self, outdoors: float) -> bool:
        """Whether its machine works at that mean of °C outdoors."""
        return self.idle_between is None or not self.idle_between[0] < outdoors < self.idle_between[1]

    def fits(self, device_class: str, duty: str, *, fed: bool = False) -> bool:
        """Whether such a device can have it; `fed`: another feeds it with refrigerant."""
        if self.on not in {None, device_class} or (self.duties and duty not in self.duties):
            return False
        return self.circuit is None or (self.circuit == "shared") is fed


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault that begins `at` a time of the story and stays, at once or growing `over` a time to its `severity`."""

    device: str
    fault: str
    at: timedelta
    severity: float = 1.0
    over: timedelta | None = None


class UnknownFault(KeyError):
    """No file describes that fault for that class."""


def load_kinds(folder: Path) -> tuple[FaultKind, ...]:
    """Those of every file of the folder, in the order of their names. Raises Faulty."""
    return tuple(_kind(file) for file in sorted(folder.glob("*.yaml")))


def kind_of(fault: str, device_class: str) -> FaultKind:
    """Raises UnknownFault."""
    for kind in KINDS:
        if kind.name == fault and kind.on in {None, device_class}:
            return kind
    raise UnknownFault(f"{device_class} has no fault {fault!r}")


def active(injections: Iterable[Injection], device: str, elapsed: timedelta) -> dict[str, float]:
    """The faults that the device has `elapsed` into the story, by severity."""
    return {
        one.fault: one.severity * (_grown((elapsed - one.at) / one.over, "linear") if one.over else 1.0)
        for one in injections
        if one.device == device and one.at <= elapsed
    }


def _grown(share: float, shape: str) -> float:
    share = min(1.0, max(0.0, share))
    return math.expm1(_STEEPNESS * share) / math.expm1(_STEEPNESS) if shape == "exponential" else share


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class _Growth(_Strict):
    over: tuple[Duration, Duration]
    shape: Literal["linear", "exponential"] = "linear"


class _KindDocument(_Strict):
    fault: str | None = None
    disturbance: str | None = None
    device_class: str
    said: Text
    sudden: bool
    growth: _Growth | None = None
    observable_at: Annotated[float, pydantic.Field(ge=0, le=1)] = 1.0
    lasts: tuple[Duration, Duration]
    affects: Affects = "own"
    duties: list[str] = []
    circuit: Literal["own", "shared"] | None = None
    idle_between: tuple[float, float] | None = None
    source: str

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.fault is None) is (self.disturbance is None):
            raise ValueError("write either fault or disturbance")
        if self.sudden is (self.growth is not None):
            raise ValueError("write growth where it is not sudden, and only there")
        return self


def _kind(file: Path) -> FaultKind:
    document = build(_KindDocument, read_document(file))
    return FaultKind(
        name=document.fault or document.disturbance or "",
        on=None if document.device_class == "any" else document.device_class,
        said=document.said,
        sudden=document.sudden,
        grows=document.growth.over if document.growth else _AT_ONCE,
        shape=document.growth.shape if document.growth else "linear",
        observable_at=document.observable_at,
        lasts=document.lasts,
        affects=document.affects,
        source=document.source.strip(),
        duties=frozenset(document.duties),
        circuit=document.circuit,
        idle_between=document.idle_between,
        labelled=document.fault is not None,
    )


def _by_name(kinds: Iterable[FaultKind]) -> Iterator[tuple[str, FaultKind]]:
    """Where two classes have a fault of that name, the cabinet's stands for both."""
    for kind in sorted(kinds, key=lambda kind: kind.on == _CASES_FIRST):
        yield kind.name, kind


KINDS: tuple[FaultKind, ...] = load_kinds(FOLDER)
FAULTS: dict[str, FaultKind] = dict(_by_name(KINDS))
DISTURBANCES: dict[str, FaultKind] = dict(_by_name(load_kinds(DISTURBANCES_FOLDER)))
