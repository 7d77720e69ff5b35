"""What can go wrong in a simulated store: names of causes, which touch the physics or the line and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from edge_agent.contract.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """`said` completes the sentence that begins with the device's name. `on` is a device class; None fits every one."""

    name: str
    on: str | None
    said: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """A fault that begins `at` a time of the story and stays."""

    device: str
    fault: str
    at: timedelta


FAULTS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind(name="compressor_dead", on="refrigeration_case", said=Text(zh="压缩机停转", en="compressor stops")),
        FaultKind(
            name="evaporator_fan_dead",
            on="refrigeration_case",
            said=Text(zh="蒸发器风机停转", en="evaporator fan stops"),
        ),
        FaultKind(name="door_left_open", on="refrigeration_case", said=Text(zh="门没有关上", en="door is left open")),
        FaultKind(name="probe_open", on="refrigeration_case", said=Text(zh="空气探头断线", en="air probe breaks")),
        FaultKind(name="controller_silent", on=None, said=Text(zh="控制器不再应答", en="controller falls silent")),
        FaultKind(name="ac_low_on_charge", on="ac_unit", said=Text(zh="缺少制冷剂", en="runs low on refrigerant")),
    )
}


def active(injections: Iterable[Injection], device: str, elapsed: timedelta) -> frozenset[str]:
    """The faults that the device has `elapsed` into the story."""
    return frozenset(one.fault for one in injections if one.device == device and one.at <= elapsed)
