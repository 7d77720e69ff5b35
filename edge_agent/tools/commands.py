"""The installer's tools as commands of `edge-agent`; what a command needs is loaded when it is called."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from edge_agent.contract.text import Language
from edge_agent.tools.places import add_bus, add_line

Tool = Callable[[argparse.Namespace, Language], int]
Commands = argparse._SubParsersAction  # noqa: SLF001 — argparse has no public name for it
WATCHED_S = 30.0
_INTERRUPTED = 130
_LAST_UNIT, _LARGEST_BLOCK, _LONGEST_S = 255, 125, 86400


def add_tools(commands: Commands[argparse.ArgumentParser]) -> None:
    """Each sets `tool`: a function that returns the exit status. Raises Faulty when it is called."""
    for add in (_add_scan, _add_probe, _add_solve, _add_record, _add_doctor):
        add(commands)


def _later(module: str) -> Tool:
    """The function `run` of that module: the agent at work must not carry the tools in its memory."""

    def run(arguments: argparse.Namespace, language: Language) -> int:
        try:
            status: int = import_module(f"edge_agent.tools.{module}").run(arguments, language)
        except KeyboardInterrupt:  # the installer has seen enough; nothing was changed
            return _INTERRUPTED
        return status

    return run


def _add_scan(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("scan", help="查找总线上的设备,只读 / find what is on a line; never writes")
    add_bus(parser)
    parser.add_argument("--units", default="1-247", metavar="A-B", help="站号范围 / unit ids to ask (1-247)")
    parser.add_argument("--quick", action="store_true", help="只查常见设置 / only the most likely formats and unit ids")
    parser.add_argument("--format", action="append", default=[], metavar="9600-8E1", help="只用此格式 / only this one")
    parser.add_argument("--wait", type=_seconds, metavar="S", help="每次等待秒数 / seconds to wait for each answer")
    parser.add_argument("--profile", action="append", default=[], type=Path, metavar="FILE", help="自备点表 / your own")
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    parser.set_defaults(tool=_later("scan"))


def _add_probe(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "probe", help="读取一段寄存器并列出各种解释 / read a range and show every interpretation"
    )
    add_bus(parser)
    parser.add_argument("--unit", type=_unit, required=True, help="站号 / unit id")
    parser.add_argument(
        "--table", choices="CDIH", default="H", help="C D I H(保持寄存器)/ coils, discrete, input, holding"
    )
    parser.add_argument(
        "--from", dest="first", type=_number, required=True, metavar="A", help="起始地址 / first address"
    )
    parser.add_argument("--count", type=int, default=16, metavar="N", help="个数 / how many (16)")
    parser.add_argument("--block", type=_block, metavar="N", help="每次读取个数 / registers a request (64)")
    add_line(parser)
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    parser.set_defaults(tool=_later("probe"))


def _add_solve(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("solve", help="按面板显示找寄存器 / which register is it that the panel shows?")
    add_bus(parser)
    parser.add_argument("--unit", type=_unit, required=True, help="站号 / unit id")
    parser.add_argument(
        "--range", dest="spans", action="append", required=True, metavar="H2500-2600", help="范围 / where"
    )
    parser.add_argument("--shows", metavar="-18.4", help="面板此刻的显示 / what the panel shows now")
    help_ = "读数文件:加入本次读数并按全部读数求解 / keep readings here, solve over all of them"
    parser.add_argument("--samples", type=Path, metavar="FILE", help=help_)
    add_line(parser)
    parser.add_argument("--json", action="store_true", help="输出 JSON,不提问 / print JSON, ask nothing")
    parser.set_defaults(tool=_later("solve"))


def _add_record(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "record", help="把真机的应答记入点表文件 / write a real unit's answers into its profile"
    )
    parser.add_argument("site", type=Path, metavar="SITE.yaml", help="门店文件 / site file")
    parser.add_argument("device", metavar="DEVICE", help="设备编号 / device id")
    parser.add_argument("--by", required=True, metavar="NAME", help="记录人 / who stood before the unit")
    help_ = "面板此刻的显示 / what the panel shows now"
    parser.add_argument("--display", action="append", required=True, metavar="POINT=VALUE", help=help_)
    parser.add_argument("--firmware", default="", help="固件版本 / as its label or menu says")
    parser.add_argument(
        "--profile-file", type=Path, metavar="FILE", help="写入此文件 / write here, not into the package"
    )
    help_ = "不写点表,输出门店文件的 commissioned 一行 / write nothing, print the `commissioned` of the site file"
    parser.add_argument("--commission", action="store_true", help=help_)
    parser.add_argument("--dry-run", action="store_true", help="只显示改动 / only show what would change")
    parser.set_defaults(tool=_later("record"))


def _add_doctor(commands: Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("doctor", help="检查每条总线和设备的健康 / how each bus and device fares")
    parser.add_argument("site", type=Path, metavar="SITE.yaml", help="门店文件 / site file")
    parser.add_argument(
        "--seconds", type=_seconds, default=WATCHED_S, metavar="N", help="观察秒数 / how long to watch (30)"
    )
    parser.add_argument("--bus", action="append", default=[], help="只看此总线 / only this bus")
    parser.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    parser.set_defaults(tool=_later("doctor"))


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: 100, 0x64") from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"{text}: 0.1..{_LONGEST_S}")
    return seconds


def _unit(text: str) -> int:
    """Beyond those of a serial line, devices with a network plug are asked as 0 or 255."""
    if not 0 <= int(text) <= _LAST_UNIT:
        raise argparse.ArgumentTypeError(f"0..{_LAST_UNIT}")
    return int(text)


def _block(text: str) -> int:
    if not 1 <= int(text) <= _LARGEST_BLOCK:
        raise argparse.ArgumentTypeError(f"1..{_LARGEST_BLOCK}")
    return int(text)
