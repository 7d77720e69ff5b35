"""`simulate device`: what is asked for → a bench with one controller."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from edge_agent.profiles.load import load_profile, profile, shipped_profiles
from simulators.bench import Bench
from simulators.line_faults import FaultShare, LineFault, NoSuchFault, fault_share
from simulators.line_timing import LineTiming

_USUAL_BAUD = 9600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="型号或文件 / id of a shipped profile, or a file")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=int, metavar="PORT", help="Modbus TCP (0: any free port)")
    where.add_argument("--pty", type=Path, metavar="PATH", help="Modbus RTU")
    where.add_argument("--rtu-tcp", type=int, metavar="PORT", help="串口服务器 / RTU over TCP (0: any free port)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--unit", type=int, default=1)
    parser.add_argument("--duty", help="用途 / such as freezer, open_chiller, cold_room")
    parser.add_argument("--clock", metavar="INSTANT@SECONDSxFACTOR")
    parser.add_argument("--timing", action="store_true", help="真实线路时序 / bytes at the speed of the line")
    parser.add_argument(
        "--baud", type=_positive, metavar="N", help="线路速率 / timing at that speed, and only masters set to it"
    )
    parser.add_argument(
        "--turnaround", type=float, default=0.0, metavar="MS", help="应答前的时间 / ms before an answer begins"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="NAME[:SHARE]",
        help=f"线路故障 / {', '.join(LineFault)}; late:0.2 for a fifth of the answers, crc+late for both",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="随机种子 / the same seed, the same faults")


def bench_of(arguments: argparse.Namespace) -> Bench:
    """Raises Faulty."""
    known = arguments.profile in shipped_profiles()
    controller = profile(arguments.profile) if known else load_profile(Path(arguments.profile))
    return Bench(
        profile=controller,
        unit=arguments.unit,
        duty=arguments.duty,
        host=arguments.host,
        port=arguments.tcp,
        pty=arguments.pty,
        rtu_port=arguments.rtu_tcp,
        timing=_timing(arguments, controller),
        faults=tuple(arguments.fault),
        turnaround=arguments.turnaround / 1000,
        seed=arguments.seed,
        one_speed=arguments.baud is not None,
    )


def impossible(bench: Bench) -> Text | None:
    """What to say when the line cannot have a fault that was asked for."""
    names = ", ".join(sorted(bench.impossible_faults))
    if not names:
        return None
    return Text(zh=f"这种线路不会有此故障:{names}", en=f"this kind of line cannot have: {names}")


def _timing(arguments: argparse.Namespace, controller: Profile) -> LineTiming | None:
    if not (arguments.timing or arguments.baud):
        return None
    usual = controller.serial.baud if controller.serial else _USUAL_BAUD
    return LineTiming(baud=arguments.baud or usual)


def _fault(text: str) -> FaultShare:
    try:
        return fault_share(text)
    except NoSuchFault as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("N > 0")
    return number
