"""The other programs that poll Modbus and publish by MQTT, each set up as its own documentation says.

`make bench-peers` installs them by `python -m tests.bench.rivals`. Each reads the same registers of the same farm each
second, by one request where it can, and publishes them with QoS 1 to the same broker.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatch_build import node_folder
from simulators.programs import tethered
from tests.bench.load import REGISTERS, ROOT, Command, PeerFailed, PeerMissing, Scene

HOME = ROOT / "build" / "peers"
NODE_RED = {"node-red": "4.1.15", "node-red-contrib-modbus": "5.23.3"}
THINGSBOARD = ["thingsboard-gateway==3.8.5", "pymodbus==3.9.2"]  # it would install that pymodbus itself when it runs
DEBIAN = ["collectd-core", "libmodbus5", "libmosquitto1", "mosquitto"]
COLLECTD, COLLECTD_MODBUS = Path("/usr/sbin/collectd"), Path("/usr/lib/collectd/modbus.so")
MOSQUITTO = Path("/usr/sbin/mosquitto")


def node_red(scene: Scene) -> Command:
    red = HOME / "node-red" / "node_modules" / "node-red" / "red.js"
    _need(red, HOME / "node-red" / "node_modules" / "node-red-contrib-modbus" / "package.json")
    modules = scene.folder / "node_modules"
    modules.symlink_to(HOME / "node-red" / "node_modules")
    (scene.folder / "package.json").write_text(json.dumps({"name": "bench", "dependencies": NODE_RED}))
    (scene.folder / "settings.js").write_text(
        "module.exports = {httpAdminRoot: false, httpNodeRoot: false, uiPort: 0, uiHost: '127.0.0.1', flowFile: "
        "'flows.json', credentialSecret: false, logging: {console: {level: 'warn', metrics: false, audit: false}}}"
    )
    credentials = {"broker": {"user": scene.username, "password": scene.password}}
    (scene.folder / "flows_cred.json").write_text(json.dumps(credentials))
    (scene.folder / "flows.json").write_text(json.dumps(_flows(scene)))
    return Command(
        arguments=[str(node_folder() / "node"), str(red), "--userDir", str(scene.folder)],
        environment={"PATH": f"{node_folder()}{os.pathsep}{os.environ['PATH']}", "NODE_RED_DISABLE_TELEMETRY": "1"},
    )


def _flows(scene: Scene) -> list[dict[str, Any]]:
    broker = {
        "id": "broker", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(scene.broker_port), "clientid": "",
        "autoConnect": True, "usetls": False, "protocolVersion": "4", "keepalive": "60", "cleansession": True,
    }  # fmt: skip
    flows: list[dict[str, Any]] = [{"id": "tab", "type": "tab", "label": "bench"}, broker]
    for number, port in enumerate(scene.ports):
        flows.append(_client(number, port))
        flows.append(_read(number))
        flows.append(
            {"id": f"out{number}", "type": "mqtt out", "z": "tab", "topic": f"peer/d{number}", "qos": "1", "retain": "",
             "broker": "broker", "x": 400, "y": 40, "wires": []}
        )  # fmt: skip
    return flows


def _client(number: int, port: int) -> dict[str, Any]:
    return {
        "id": f"client{number}", "type": "modbus-client", "name": f"d{number}", "clienttype": "tcp",
        "bufferCommands": True, "stateLogEnabled": False, "queueLogEnabled": False, "failureLogEnabled": False,
        "tcpHost": "127.0.0.1", "tcpPort": str(port), "tcpType": "DEFAULT", "serialType": "RTU-BUFFERD", "unit_id": 1,
        "commandDelay": 1, "clientTimeout": 1000, "reconnectOnTimeout": True, "reconnectTimeout": 2000,
        "parallelUnitIdsAllowed": True,
    }  # fmt: skip


def _read(number: int) -> dict[str, Any]:
    return {
        "id": f"read{number}", "type": "modbus-read", "z": "tab", "name": "", "topic": "", "unitid": "1",
        "showStatusActivities": False, "logIOActivities": False, "showErrors": False, "dataType": "HoldingRegister",
        "adr": "0", "quantity": str(REGISTERS), "rate": "1", "rateUnit": "s", "delayOnStart": False,
        "startDelayTime": "", "server": f"client{number}", "useIOFile": False, "ioFile": "", "useIOForPayload": False,
        "emptyMsgOnFail": False, "x": 200, "y": 40, "wires": [[f"out{number}"], []],
    }  # fmt: skip


def collectd(scene: Scene) -> Command:
    _need(COLLECTD, COLLECTD_MODBUS)
    file = scene.folder / "collectd.conf"
    data = "".join(
        f'<Data "r{place}">\nRegisterBase {place}\nRegisterType Uint16\nRegisterCmd ReadHolding\nType gauge\n'
        f'Instance "r{place}"\n</Data>\n'
        for place in range(REGISTERS)
    )
    collect = "".join(f'Collect "r{place}"\n' for place in range(REGISTERS))
    hosts = "".join(
        f'<Host "d{number}">\nAddress "127.0.0.1"\nPort "{port}"\nInterval 1\n<Slave 1>\nInstance "d{number}"\n'
        f"{collect}</Slave>\n</Host>\n"
        for number, port in enumerate(scene.ports)
    )
    file.write_text(
        f'Hostname "bench"\nInterval 1\nBaseDir "{scene.folder}"\nPIDFile "{scene.folder}/pid"\n'
        'TypesDB "/usr/share/collectd/types.db"\nLoadPlugin modbus\nLoadPlugin mqtt\n'
        f"<Plugin modbus>\n{data}{hosts}</Plugin>\n"
        f'<Plugin mqtt>\n<Publish "bench">\nHost "127.0.0.1"\nPort "{scene.broker_port}"\nClientId "collectd"\n'
        f'User "{scene.username}"\nPassword "{scene.password}"\nQoS 1\nPrefix "peer"\n</Publish>\n</Plugin>\n'
    )
    return Command(arguments=[str(COLLECTD), "-f", "-C", str(file)])


def thingsboard(scene: Scene) -> Command:
    home = HOME / "tb"
    program = home / "bin" / "thingsboard-gateway"
    _need(program)
    shipped = next((home / "lib").glob("python*/site-packages/thingsboard_gateway/config"))
    config = scene.folder / "config"
    config.mkdir()
    gateway = json.loads((shipped / "tb_gateway.json").read_text())
    gateway["thingsboard"] |= {
        "host": "127.0.0.1",
        "port": scene.broker_port,
        "remoteConfiguration": False,
        "statistics": {"enable": False},
        "security": {"type": "usernamePassword", "clientId": "tb", "username": scene.username,
                     "password": scene.password},
        **dict.fromkeys((key for key in gateway["thingsboard"] if key.lower().endswith("ratelimits")), "0:0,"),
    }  # fmt: skip
    gateway["connectors"] = [{"type": "modbus", "name": "bench", "configuration": "modbus.json"}]
    logs = json.loads((shipped / "logs.json").read_text())
    for logger in logs["loggers"].values():
        logger["level"] = "WARNING"
    for name, content in (("tb_gateway", gateway), ("modbus", _slaves(scene)), ("logs", logs)):
        (config / f"{name}.json").write_text(json.dumps(content))
    return Command(arguments=[str(program)], environment={"TB_GW_CONFIG_DIR": str(config)})


@contextmanager
def mosquitto(folder: Path, port: int, password: str) -> Iterator[None]:
    """The broker for thingsboard-gateway, which speaks nothing but MQTT 5. Raises PeerMissing."""
    _need(MOSQUITTO)
    folder.mkdir(parents=True)
    file = folder / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 100000\n")
    with (folder / "mosquitto.log").open("wb") as log:
        server = subprocess.Popen([*tethered(), str(MOSQUITTO), "-c", str(file)], stdout=log, stderr=log)
    try:
        _wait_for(port)
        yield
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    raise PeerFailed(f"mosquitto does not answer on port {port}")


def _slaves(scene: Scene) -> dict[str, Any]:
    series = [
        {"tag": f"r{place}", "type": "16uint", "address": place, "objectsCount": 1, "functionCode": 3}
        for place in range(REGISTERS)
    ]
    slave = {
        "type": "tcp", "host": "127.0.0.1", "method": "socket", "unitId": 1, "deviceType": "default", "timeout": 5,
        "byteOrder": "BIG", "wordOrder": "BIG", "retries": 1, "pollPeriod": 1000, "connectAttemptTimeMs": 5000,
        "connectAttemptCount": 5, "waitAfterFailedAttemptsMs": 10000, "attributes": [], "attributeUpdates": [],
        "rpc": [], "timeseries": series,
    }  # fmt: skip
    slaves = [{**slave, "port": port, "deviceName": f"d{number}"} for number, port in enumerate(scene.ports)]
    return {"master": {"slaves": slaves}, "logLevel": "WARNING"}


def bare(scene: Scene) -> Command:
    """What our libraries cost with nothing around them: pymodbus, paho and uvloop in one loop, nothing durable."""
    arguments = [sys.executable, "-m", "tests.bench.bare_loop", str(scene.broker_port), scene.username]
    environment = {
        "BENCH_PASSWORD": scene.password,
        "BENCH_PORTS": ",".join(map(str, scene.ports)),
        "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)),
    }
    return Command(arguments=arguments, environment=environment)


def _need(*files: Path) -> None:
    for file in files:
        if not file.exists():
            raise PeerMissing(f"{file} is missing: make bench-peers installs it")


def install() -> None:
    """Into build/peers, but for what comes from Debian. Raises CalledProcessError."""
    _install_node_red(HOME / "node-red")
    if not (HOME / "tb" / "bin" / "thingsboard-gateway").exists():
        subprocess.run([sys.executable, "-m", "venv", HOME / "tb"], check=True)
        subprocess.run([HOME / "tb" / "bin" / "pip", "install", "--quiet", *THINGSBOARD], check=True)
    if not all(file.exists() for file in (COLLECTD, COLLECTD_MODBUS, MOSQUITTO)):
        subprocess.run([ROOT / ".ci" / "debian-packages", *DEBIAN], check=True)


def _install_node_red(home: Path) -> None:
    if (home / "node_modules" / "node-red" / "red.js").exists():
        return
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text(json.dumps({"name": "bench-peer", "private": True, "dependencies": NODE_RED}))
    folder = node_folder()
    npm = folder.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "NO_UPDATE_NOTIFIER": "1"}
    install = [
        str(folder / "node"),
        str(npm),
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--omit=optional",
    ]
    subprocess.run(install, cwd=home, env=environment, check=True)


if __name__ == "__main__":
    install()
