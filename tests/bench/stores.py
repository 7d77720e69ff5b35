"""Sites of any size for the agent to watch: what an installer would have to write by hand."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.core.profile import Profile
from edge_agent.profiles.load import profile, shipped_profiles
from tests.bench.load import REGISTERS, Command, Scene

CLASS = "refrigeration_case"
PROFILE = "bench_block"
GATEWAYS, DEVICES = 4, 40


def agent(scene: Scene) -> Command:
    """The whole agent with its outbox: each device a gateway of its own, every register a point, asked each second."""
    (scene.folder / "profiles").mkdir()
    (scene.folder / "profiles" / f"{PROFILE}.yaml").write_text(json.dumps(_profile()), encoding="utf-8")
    site = _site(scene) | {
        "profiles": "./profiles",
        "poll": {"fast": "1s", "normal": "1s", "slow": "1s"},
        "buses": {f"b{number}": _bus(port) for number, port in enumerate(scene.ports)},
        "devices": [_device(number, PROFILE, f"b{number}", 1) for number in range(len(scene.ports))],
    }
    return _run(scene, site)


def _run(scene: Scene, site: dict[str, Any]) -> Command:
    file = scene.folder / "site.yaml"
    file.write_text(json.dumps(site), encoding="utf-8")  # JSON is YAML
    for written in (file, *scene.folder.rglob("*.yaml"), scene.folder / "broker.password"):
        os.utime(written, (1.0, 1.0))  # one that is fresh is read a second time, in case it is still being written
    return Command(arguments=[sys.executable, "-m", "edge_agent", "run", str(file)])


def _site(scene: Scene) -> dict[str, Any]:
    (scene.folder / "broker.password").write_text(scene.password, encoding="utf-8")
    return {
        "store": "bench",
        "name": {"zh": "基准", "en": "Bench"},
        "timezone": "Asia/Shanghai",
        "broker": {
            "url": f"mqtt://127.0.0.1:{scene.broker_port}",
            "username": scene.username,
            "password_file": "./broker.password",
        },
    }


def _bus(port: int) -> dict[str, Any]:
    return {"type": "tcp", "host": "127.0.0.1", "port": port}


def _device(number: int, profile: str, bus: str, unit: int) -> dict[str, Any]:
    name = {"zh": f"设备 {number}", "en": f"Device {number}"}
    return {"id": f"d{number}", "profile": profile, "bus": bus, "unit": unit, "duty": "freezer", "name": name}


def _profile() -> dict[str, Any]:
    """As many contiguous registers as the bench asks: numbers, and flags that are a bit of theirs."""
    return {
        "profile": PROFILE,
        "version": 1,
        "device_class": CLASS,
        "label": {"zh": "基准", "en": "Bench"},
        "vendor": "bench",
        "models": ["bench"],
        "interface": "Modbus TCP",
        "evidence": {"grade": "D", "source": "made up for the bench", "captures": []},
        "reads": {"max_words": 125, "runs": {"H": [[0, REGISTERS - 1]]}},
        "points": _points(),
        "test_vectors": [{"point": name, "words": [1], "value": value} for name, value in _vectors()],
    }


def _points() -> dict[str, Any]:
    known = sorted(
        DEVICE_CLASSES[CLASS].points.values(), key=lambda point: ("number", "flag", "word").index(point.type)
    )
    return {
        point.name: {"at": f"H{place}", "type": "i16", "scale": 0.1, "poll": "fast"}
        if point.type == "number"
        else {"at": f"H{place}:0", "type": "flag", "poll": "fast"}
        for place, point in enumerate(known[:REGISTERS])
    }


def _vectors() -> list[tuple[str, float | bool]]:
    return [(name, True if point["type"] == "flag" else 0.1) for name, point in _points().items()]


def small_store(scene: Scene) -> Command:
    """A store of ordinary size: the shipped profiles in turn behind a few gateways, periods as by default."""
    profiles = [each for each in sorted(shipped_profiles()) if _is_plain(profile(each))]
    devices = [
        _device(number, profiles[number % len(profiles)], f"b{number % GATEWAYS}", number // GATEWAYS + 1)
        for number in range(DEVICES)
    ]
    buses = {f"b{number}": _bus(port) for number, port in enumerate(scene.ports)}
    return _run(scene, _site(scene) | {"buses": buses, "devices": devices})


def _is_plain(known: Profile) -> bool:
    """Whether a site file need say no more of it than where it is."""
    return known.units[0] == 1 and known.instances is None and not any(one.required for one in known.settings.values())
