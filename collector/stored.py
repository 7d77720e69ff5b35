"""Stored readings as the polls that brought them, for whoever judges them again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.telemetry.base import Sample, Span, TelemetryStore
from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.clock import from_ms
from edge_agent.contract.readings import Device, Reading, Telemetry

SAMPLES_AT_MOST = 10_000_000
_BOOT = "stored"


def points_of(device: Device) -> tuple[str, ...]:
    """All that such a device may have told."""
    known = DEVICE_CLASSES.get(device.device_class)
    return () if known is None else tuple(known.points)


def stored_polls(
    telemetry: TelemetryStore, store: str, device: Device, points: Sequence[str], span: Span
) -> Iterator[Telemetry]:
    """In order; readings of one instant are one poll again. Raises TryLater."""
    by_instant: dict[int, list[Reading]] = {}
    known = DEVICE_CLASSES.get(device.device_class)
    flags = {name for name, point in known.points.items() if point.type == "flag"} if known else set()
    for point, samples in telemetry.read(store, device.id, points, span).items():
        for sample in samples:
            by_instant.setdefault(sample.at_ms, []).append(_reading(point, sample, is_flag=point in flags))
    for at_ms, readings in sorted(by_instant.items(), key=lambda one: one[0]):
        yield Telemetry(
            device=device.id,
            at=from_ms(at_ms),
            boot=_BOOT,
            mono=at_ms / 1000,
            clock_trusted=True,
            readings=tuple(readings),
        )


def _reading(point: str, sample: Sample, *, is_flag: bool) -> Reading:
    """Flags are stored as numbers."""
    value = bool(sample.value) if is_flag and sample.value is not None else sample.value
    return Reading(point=point, value=value, quality=sample.quality)
