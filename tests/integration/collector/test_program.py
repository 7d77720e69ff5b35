"""The collector as a program: its commands, and its life between a broker, a signal and a kill."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from collector.__main__ import main
from edge_agent.contract.codec import decode_ack
from edge_agent.contract.readings import Ack
from edge_agent.contract.topics import ack_topic
from simulators.broker import Broker, free_port
from tests.integration.collector.bench import STORE, STREAM, message, poll, status, warm_freezer

WITHIN_S = 20.0
_WAIT = threading.Event()


def until(happens: Callable[[], Any]) -> Any:
    """What it answers as soon as that is something."""
    give_up_by = time.perf_counter() + WITHIN_S
    while not (answer := happens()):
        assert time.perf_counter() < give_up_by, "it did not happen"
        _WAIT.wait(0.05)
    return answer


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker.start(tmp_path_factory.mktemp("broker"), free_port(), "bench", "a password") as broker:
        yield broker


@dataclass
class Program:
    """A collector with its own folder; started and ended by a test."""

    folder: Path
    web_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Path:
        return self.folder / "collector.yaml"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "collector", "run", str(self.settings)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log)
        until(lambda: self.ready() == 200)

    def ready(self) -> int:
        try:
            with build_opener().open(f"{self.address}/readyz", timeout=5) as answer:
                return int(answer.status)
        except URLError as error:
            return int(getattr(error, "code", 0))

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """The exit status, and how many seconds it took."""
        assert self.process
        began = time.perf_counter()
        self.process.send_signal(number)
        return self.process.wait(10), time.perf_counter() - began

    def enter(self) -> OpenerDirector:
        """A visitor who came by a one-time link."""
        opener = build_opener(HTTPCookieProcessor())
        link = self.say("user", str(self.settings), "link", "li", "--base-url", self.address).strip()
        with suppress(URLError):  # the page may not have been built; the cookie has come all the same
            opener.open(link, timeout=5).close()
        return opener

    def say(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "collector", *arguments], check=True, capture_output=True, text=True
        ).stdout


@pytest.fixture
def program(broker: Broker, tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, free_port())
    (tmp_path / "password").write_text("a password")
    name = f"collector-{program.web_port}"
    program.settings.write_text(
        f"database: ./c.sqlite\nbroker: {{url: '{broker.url}', username: bench, password_file: ./password,"
        f" client_id: {name}}}\nweb: {{port: {program.web_port}}}\n"
    )
    program.say("user", str(program.settings), "add", "li", "--role", "technician")
    yield program
    if program.process and program.process.poll() is None:
        program.process.kill()
        program.process.wait()


class ShopLine:
    """A store's connection: sends frames, hears acknowledgements."""

    def __init__(self, broker: Broker, store: str) -> None:
        self.acks: list[Ack] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"shop-{store}")
        self._client.username_pw_set("bench", "a password")
        ready = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe(ack_topic(store), qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = lambda _client, _data, told: self.acks.append(decode_ack(bytes(told.payload)))
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert ready.wait(WITHIN_S)

    def send(self, *entries: Any) -> None:
        told = message(*entries)
        self._client.publish(told.topic, told.payload, qos=1).wait_for_publish(WITHIN_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def shop(broker: Broker) -> Iterator[ShopLine]:
    line = ShopLine(broker, STORE)
    yield line
    line.close()


def test_it_takes_a_fault_from_the_broker_to_a_visitor(program: Program, shop: ShopLine) -> None:
    program.start()
    visitor = program.enter()
    shop.send((1, status()), *warm_freezer())
    until(lambda: shop.acks)
    assert (shop.acks[-1].stream, shop.acks[-1].upto, shop.acks[-1].ranges) == (STREAM, 10, ())
    with visitor.open(f"{program.address}/api/v1/feed?after=0", timeout=5) as feed:
        seen = [feed.readline() for _ in range(8)]
        assert b"id: 1\n" in seen
        assert program.end(signal.SIGTERM)[0] == 0


def test_it_ends_within_five_seconds_while_pages_listen(program: Program) -> None:
    program.start()
    visitor = program.enter()
    streams = [visitor.open(f"{program.address}/api/v1/feed", timeout=10) for _ in range(5)]
    for stream in streams:
        assert stream.readline() == b"retry: 2000\n"
    status_, seconds = program.end(signal.SIGTERM)
    for stream in streams:
        stream.close()
    assert status_ == 0
    assert seconds < 5.0


def test_it_gets_what_came_while_it_was_away(program: Program, shop: ShopLine) -> None:
    program.start()
    shop.send((1, status()))
    until(lambda: shop.acks)
    program.end(signal.SIGKILL)
    shop.send((2, poll(0, -20.0)))
    program.start()
    until(lambda: shop.acks[-1].upto == 2)
    assert program.end(signal.SIGINT)[0] == 0


def test_it_is_not_ready_without_a_broker_and_ready_when_it_comes(program: Program, tmp_path: Path) -> None:
    port = free_port()
    text = program.settings.read_text()
    begin = text.index("mqtt://")
    program.settings.write_text(text.replace(text[begin : text.index("'", begin)], f"mqtt://127.0.0.1:{port}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "ready", lambda: 200 if Program.ready(program) == 503 else 0)
        program.start()
    with Broker.start(tmp_path / "broker", port, "bench", "a password"):
        until(lambda: program.ready() == 200)
    until(lambda: program.ready() == 503)
    assert program.end(signal.SIGTERM)[0] == 0


def test_it_says_plainly_that_the_address_is_taken(program: Program) -> None:
    with socket.create_server(("127.0.0.1", program.web_port)):
        done = subprocess.run(
            [sys.executable, "-m", "collector", "run", str(program.settings)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LANG": "C", "LC_ALL": "C"},
        )
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    path = tmp_path / "collector.yaml"
    path.write_text("database: ./c.sqlite\nbroker: {url: 'mqtt://127.0.0.1'}\n")
    return str(path)


def test_check_says_that_all_is_well(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", settings]) == 0
    assert "in order" in capsys.readouterr().out
    assert main(["check", settings, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "faults": []}


def test_check_finds_every_fault(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(settings).write_text("database: ./c.sqlite\nbroker: {url: 'x'}\nweb: {port: 0}\n")
    assert main(["check", settings]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert main(["check", settings, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["faults"]) == 2


def test_check_reads_the_rules_too(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    rules = Path(settings).parent / "rules"
    rules.mkdir()
    (rules / "bad.yaml").write_text("id: 7\n")
    Path(settings).write_text(Path(settings).read_text() + "rules: ./rules\n")
    assert main(["check", settings]) == 1
    assert "bad.yaml" in capsys.readouterr().err


def test_migrate_makes_the_database(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", settings]) == 0
    assert main(["migrate", settings]) == 0
    assert (Path(settings).parent / "c.sqlite").exists()
    assert "c.sqlite" in capsys.readouterr().out


def test_user_add_makes_up_a_password_and_says_it(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", settings, "add", "li", "--role", "technician"]) == 0
    added, password = capsys.readouterr().out.splitlines()
    assert added == "added li (technician)"
    assert len(password.removeprefix("password: ")) >= 16
    assert main(["user", settings, "add", "li", "--role", "dispatcher"]) == 0
    assert capsys.readouterr().out.startswith("changed li (dispatcher)")


def test_user_add_says_which_password_file_it_cannot_read(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(settings).parent
    (folder / "binary").write_bytes(b"\xff\xfe" * 20)
    for file in (folder / "no_such_file", folder / "binary", folder):
        assert main(["user", settings, "add", "li", "--role", "technician", "--password-file", str(file)]) == 1
        assert "the password file cannot be read" in capsys.readouterr().err


def test_user_add_ends_where_nobody_is_there_to_answer(
    settings: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", nobody)
    assert main(["user", settings, "add", "li", "--role", "technician", "--ask"]) == 1
    assert "no password was entered" in capsys.readouterr().err


def test_user_add_takes_a_password_from_a_file_and_keeps_it_to_itself(
    settings: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(settings).parent / "password"
    file.write_text("long enough\n")
    arguments = ["user", settings, "add", "li", "--role", "technician", "--password-file", str(file)]
    assert main(arguments) == 0
    assert "long enough" not in capsys.readouterr().out
    file.write_text("short")
    assert main(arguments) == 1
    assert "at least 8" in capsys.readouterr().err


def test_user_link_needs_a_user(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["user", settings, "link", "li", "--base-url", "http://head.office/"]
    assert main(arguments) == 1
    assert "no user li" in capsys.readouterr().err
    main(["user", settings, "add", "li", "--role", "technician"])
    assert main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("http://head.office/login/")


def test_run_refuses_a_clock_that_is_none(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", settings, "--clock", "noon"]) == 2
    assert "noon" in capsys.readouterr().err


def test_it_speaks_the_language_of_its_user(
    settings: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["check", settings]) == 0
    assert "没有问题" in capsys.readouterr().out
