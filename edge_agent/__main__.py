"""edge-agent: checks a site file, reads one device, watches a store, and has the tools of an installer."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from configs.documents import Faulty
from edge_agent.contract.catalogue import meaning
from edge_agent.contract.readings import Quality, Reading, Value
from edge_agent.contract.text import Language, Text, language_of
from edge_agent.settings import Site, SiteDevice, load_site
from edge_agent.site.notes import notes_of
from edge_agent.tools.commands import add_tools
from edge_agent.tools.console import MISUSED, Misuse
from edge_agent.tools.places import device_of

_QUALITY: dict[Quality, Text] = {
    Quality.GOOD: Text(zh="正常", en="good"),
    Quality.NO_ANSWER: Text(zh="无应答", en="no answer"),
    Quality.BUS_DOWN: Text(zh="总线中断", en="bus down"),
    Quality.REFUSED: Text(zh="设备不支持", en="refused"),
    Quality.PROBE_FAULT: Text(zh="探头故障", en="probe fault"),
    Quality.OUT_OF_RANGE: Text(zh="超出范围", en="out of range"),
}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    language = language_of(os.environ)
    try:
        if arguments.tool:
            return int(arguments.tool(arguments, language))
        site = load_site(arguments.site, beside=arguments.command is _check)
    except Faulty as faulty:
        _tell_faults(faulty, arguments, language)
        return 1
    status: int = arguments.command(site, arguments, language)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge-agent", description="storewarden 门店代理 / the agent in the store")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="检查门店文件,不接触硬件 / find every fault of a site file, no hardware")
    check.set_defaults(command=_check)
    read = commands.add_parser("read", help="读取一台设备一次 / read one device once")
    read.set_defaults(command=_read)
    run = commands.add_parser("run", help="持续监视门店 / watch the store until stopped")
    run.set_defaults(command=_run)
    for command in (check, read, run):
        command.add_argument("site", type=Path, metavar="SITE.yaml", help="门店文件 / site file")
    read.add_argument("device", metavar="DEVICE", help="设备编号 / device id")
    for command in (check, read):
        command.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    run.add_argument("--clock", metavar="ARG", help="INSTANT@SECONDSxFACTOR:演练用时钟 / the clock of a drill")
    parser.set_defaults(tool=None, command=None)
    add_tools(commands)
    return parser


def _check(site: Site, arguments: argparse.Namespace, language: Language) -> int:
    """The file has no fault, or we would not be here; what had better be otherwise, and what is read-only, is named."""
    notes = [note.in_(language) for note in notes_of(site)]
    devices, buses = len(site.devices), len(site.buses)
    if arguments.json:
        unproven = sorted({device.profile.id for device in site.devices if not device.profile.evidence.proven})
        read_only = [device.id for device in site.devices if device.read_only_because]
        answer = {"ok": True, "devices": devices, "buses": buses, "unproven": unproven, "read_only": read_only}
        _print_json({**answer, "notes": notes})
        return 0
    print(
        Text(zh=f"正常:{buses} 条总线上 {devices} 台设备", en=f"OK: {devices} devices on {buses} buses").in_(language)
    )
    for note in notes:
        print(f"  {note}")
    return 0


def _read(site: Site, arguments: argparse.Namespace, language: Language) -> int:
    from edge_agent.bus.reading_once import read_once  # noqa: PLC0415 — a check needs no driver

    try:
        device = device_of(site, arguments.device)
    except Misuse as misuse:
        print(misuse.what.in_(language), file=sys.stderr)
        return MISUSED
    readings, trouble = asyncio.run(read_once(site.buses[device.bus], device))
    if arguments.json:
        _print_json([_json_of(device, reading) for reading in readings])
    else:
        _tell_readings(device, readings, language)
    if trouble:
        print(trouble.in_(language), file=sys.stderr)
    return 1 if trouble else 0


def _run(site: Site, arguments: argparse.Namespace, language: Language) -> int:
    from edge_agent.app import run, system_clock  # noqa: PLC0415 — a check needs neither loop nor outbox
    from edge_agent.contract.clock import ClockArgumentInvalid  # noqa: PLC0415 — as above

    try:
        clock = system_clock(arguments.clock)
    except ClockArgumentInvalid as error:
        print(Text(zh=f"--clock 不对:{error}", en=f"--clock: {error}").in_(language), file=sys.stderr)
        return 2
    return run(site, clock, arguments.site)


def _tell_faults(faulty: Faulty, arguments: argparse.Namespace, language: Language) -> None:
    """To a check they are its answer; to the other commands they are why there is none."""
    if arguments.command is not _check:
        print("\n".join(fault.sentence(language) for fault in faulty.faults), file=sys.stderr)
    elif arguments.json:
        _print_json({"ok": False, "faults": [asdict(fault) for fault in faulty.faults]})
    else:
        print("\n".join(fault.sentence(language) for fault in faulty.faults))


def _tell_readings(device: SiteDevice, readings: Sequence[Reading], language: Language) -> None:
    for reading in readings:
        point = meaning(device.profile.device_class, reading.point)
        value = "" if reading.value is None else _value_text(reading.value, point.digits, language)
        quality = _QUALITY[reading.quality].in_(language)
        print(f"{reading.point:<24} {value:>14} {point.unit:<4} {quality:<14} {point.label.in_(language)}")


def _value_text(value: Value, digits: int, language: Language) -> str:
    match value:
        case bool():
            return (Text(zh="是", en="yes") if value else Text(zh="否", en="no")).in_(language)
        case float():
            return f"{value:.{digits}f}"
    return value


def _json_of(device: SiteDevice, reading: Reading) -> dict[str, Any]:
    unit = meaning(device.profile.device_class, reading.point).unit
    return {"point": reading.point, "value": reading.value, "unit": unit, "quality": reading.quality}


def _print_json(answer: Any) -> None:
    print(json.dumps(answer, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
