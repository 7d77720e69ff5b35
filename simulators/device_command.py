"""`simulate device`: what is asked for → a bench with one controller."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_agent.contract.text import Text
from edge_agent.core.profile import Profile
from edge_agent.profiles.load import load_profile, profile, shipped_profiles
from simulators.bench import Bench
from simulators.demo_folder import HIGHEST_PORT
from simulators.line_faults import FaultShare, LineFault, NoSuchFault, fault_share
from simulators.line_timing import LineTiming

_USUAL_BAUD = 9600
_MOST_INSTANCES = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", metavar="PROFILE", help="型号或文件 / id of a shipped profile, or a file")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=_port, metavar="PORT", help="Modbus TCP (0: any free port)")
    where.add_argument("--pty", type=Path, metavar="PATH", help="Modbus RTU")
    where.add_argument("--rtu-tcp", type=_port, metavar="PORT", help="串口服务器 / RTU over TCP (0: any free port)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--unit", type=_unit, metavar="1-247", default=1)
    help_ = "网关后的室内机 / units of a gateway's profile behind this address, such as 1-4; the first if not said"
    parser.add_argument("--instances", type=_instances, metavar="A-B|all", help=help_)
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
        instances=_numbers(arguments.instances, controller),
    )


def impossible(bench: Bench) -> Text | None:
    """What to say when the line cannot have a fault that was asked for, or the profile has no such instance."""
    if not bench.has_instances and bench.profile.instances is None:
        return Text(zh=f"{bench.profile.id} 只有一台", en=f"{bench.profile.id} is one device and has no instances")
    if not bench.has_instances:
        known = "{}-{}".format(*bench.profile.instances or ())
        return Text(zh=f"{bench.profile.id} 的室内机为 {known}", en=f"the instances of {bench.profile.id} are {known}")
    names = ", ".join(sorted(bench.impossible_faults))
    if not names:
        return None
    return Text(zh=f"这种线路不会有此故障:{names}", en=f"this kind of line cannot have: {names}")


_ALL = range(0)


def _numbers(asked: range | None, controller: Profile) -> tuple[int, ...]:
    if asked is None:
        return ()
    first, last = controller.instances or (0, 0)
    return tuple(range(first, last + 1) if asked is _ALL else asked)


def _instances(text: str) -> range:
    if text == "all":
        return _ALL
    first, _, last = text.partition("-")
    numbers = range(int(first), int(last or first) + 1)
    if not numbers or len(numbers) > _MOST_INSTANCES:
        raise argparse.ArgumentTypeError("A-B, A <= B")
    return numbers


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


def _unit(text: str) -> int:
    return _within(1, int(text), 247)


def _port(text: str) -> int:
    return _within(0, int(text), HIGHEST_PORT)


def _positive(text: str) -> int:
    return _within(1, int(text), 10_000_000)


def _within(lowest: int, number: int, highest: int) -> int:
    if not lowest <= number <= highest:
        raise argparse.ArgumentTypeError(f"{lowest}..{highest}")
    return number
