"""`simulate` as a person or a script calls it."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.__main__ import main
from simulators.broker import free_port
from simulators.demo_folder import claim_port
from simulators.story import story_names
from tests.frames import exception_reply, rtu


def test_it_lists_the_stories_for_a_person_in_either_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["story", "list"]) == 0
    assert "冷冻柜压缩机停转" in capsys.readouterr().out


def test_it_lists_the_stories_for_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["story", "list", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(story_names())


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--story", "no_such"],
        ["demo", "--json"],
        ["demo", "--once", "--factor", "0"],
        ["demo", "--once", "--port", "0"],
        ["demo", "--once", "--port", "65536"],
        ["device", "eastron_sdm630"],
        ["device", "eastron_sdm630", "--tcp", "0", "--fault", "no_such"],
        ["device", "eastron_sdm630", "--tcp", "0", "--baud", "0"],
        ["device", "eastron_sdm630", "--tcp", "65536"],
        ["device", "eastron_sdm630", "--tcp", "0", "--unit", "300"],
        ["device", "coolmasternet", "--tcp", "0", "--instances", "4-1"],
        ["device", "coolmasternet", "--tcp", "0", "--instances", "some"],
        [],
    ],
)
def test_a_wrong_call_is_answered_with_the_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_a_clock_that_is_none_is_a_wrong_call_too() -> None:
    assert main(["device", "eastron_sdm630", "--tcp", "0", "--clock", "noon"]) == 2


def test_a_fault_that_the_line_cannot_have_is_a_wrong_call_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["device", "eastron_sdm630", "--tcp", "0", "--fault", "crc+late:0.5"]) == 2
    assert "crc" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"), [("eastron_sdm630 all", "has no instances"), ("coolmasternet 60-65", "coolmasternet are 1-64")]
)
def test_instances_that_the_profile_does_not_have_are_a_wrong_call_too(
    capsys: pytest.CaptureFixture[str], asked: str, said: str
) -> None:
    name, instances = asked.split()
    assert main(["device", name, "--tcp", "0", "--instances", instances]) == 2
    assert said in capsys.readouterr().err


def test_a_profile_that_is_not_there_is_found_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["device", "no_such.yaml", "--tcp", "0"]) == 1
    assert "no_such.yaml" in capsys.readouterr().err


def test_a_duty_that_nothing_simulates_is_found_wrong() -> None:
    assert main(["device", "danfoss_ekc204a1", "--tcp", "0", "--duty", "bakery_oven"]) == 1


def device(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulators", "device", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"})


def test_one_device_answers_on_a_port_until_it_is_told_to_stop() -> None:
    with device("eastron_sdm630", "--tcp", "0", "--unit", "7") as bench:
        assert bench.stdout
        port = int(bench.stdout.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as master:
            master.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 7, 4, 0, 2))
            reply = master.recv(64)
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(10) == 0
    assert 220 < struct.unpack(">f", reply[-4:])[0] < 240


def test_one_device_answers_behind_a_serial_server_with_the_timing_of_its_line() -> None:
    arguments = ("--rtu-tcp", "0", "--unit", "7", "--timing", "--turnaround", "20", "--fault", "busy", "--seed", "3")
    with device("eastron_sdm630", *arguments) as bench:
        assert bench.stdout
        port = int(bench.stdout.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as master, master.makefile("rb") as heard:
            master.sendall(rtu(7, bytes.fromhex("04 0000 0002")))
            assert heard.read(5) == rtu(7, exception_reply(4, 6))
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(10) == 0


def test_a_gateway_answers_for_all_the_units_behind_it() -> None:
    with device("coolmasternet", "--tcp", "0", "--instances", "all") as bench:
        assert bench.stdout
        told = bench.stdout.readline()
        with socket.create_connection(("127.0.0.1", int(told.rsplit(":", 1)[1]))) as master:
            set_points = []
            for number in (1, 2, 64):
                master.sendall(struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 16 * number + 2, 1))
                set_points.append(struct.unpack(">h", master.recv(64)[-2:])[0])
        bench.send_signal(signal.SIGTERM)
        assert bench.wait(10) == 0
    assert "instances 1-64" in told
    assert set_points == [190, 200, 190]


def test_one_device_makes_its_link_and_takes_it_away(tmp_path: Path) -> None:
    with device("danfoss_ekc204a1", "--pty", str(tmp_path / "line")) as bench:
        assert bench.stdout
        assert str(tmp_path / "line") in bench.stdout.readline()
        assert (tmp_path / "line").is_symlink()
        bench.send_signal(signal.SIGINT)
        assert bench.wait(10) == 0
    assert not (tmp_path / "line").is_symlink()


def test_the_page_gets_the_next_port_where_its_own_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        claim = claim_port(port)
        claim.close()
        assert claim.port > port


def test_two_demos_that_start_at_once_get_two_ports() -> None:
    first = claim_port(free_port())
    second = claim_port(first.port)  # nobody listens there yet
    first.close()
    second.close()
    assert second.port > first.port
    again = claim_port(first.port)
    again.close()
    assert again.port == first.port
