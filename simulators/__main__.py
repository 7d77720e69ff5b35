"""`simulate`: bench equipment made of software, and the main job with a simulated store."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from configs.documents import Faulty
from edge_agent.contract.clock import ClockArgumentInvalid, machine_clock
from edge_agent.contract.text import Language, Text, language_of
from edge_agent.settings import load_site
from simulators import device_command
from simulators.bench import Bench, serve
from simulators.broker import BrokerFailed
from simulators.demo import USER, Demo, DemoFailed, Say
from simulators.demo_folder import HIGHEST_PORT, SITE, WEB_PORT
from simulators.fleet.command import add_fleet
from simulators.line_timing import precise_loop
from simulators.once import play_once, report
from simulators.store import NoSuchMachine
from simulators.story import DEFAULT, FASTEST, Story, story, story_names

_OK, _FAILED, _USAGE = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    parser = _parser()
    arguments = parser.parse_args(argv)
    if getattr(arguments, "json", False) and not getattr(arguments, "once", True):
        parser.error("--json 需要 --once / --json needs --once")
    language = language_of(os.environ)
    try:
        status: int = arguments.run(arguments, language)
    except Faulty as faulty:
        for fault in faulty.faults:
            print(fault.sentence(language), file=sys.stderr)
        return _FAILED
    except ClockArgumentInvalid as error:
        print(error, file=sys.stderr)
        return _USAGE
    except (DemoFailed, BrokerFailed, NoSuchMachine, OSError) as error:
        print(error, file=sys.stderr)
        return _FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulate", description="模拟门店与设备 / simulated store and devices")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="完整演示 / the main job, end to end, on this machine"))
    _add_device(commands.add_parser("device", help="一台设备 / one device on a port"))
    add_fleet(commands.add_parser("fleet", help="故障已知的门店群 / stores with known faults, recorded or scored"))
    stories = commands.add_parser("story", help="故事 / stories").add_subparsers(required=True, metavar="COMMAND")
    listing = stories.add_parser("list", help="列出故事 / what stories there are")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list_stories)
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--story", default=DEFAULT, choices=story_names(), metavar="NAME", help="故事 / story")
    parser.add_argument("--once", action="store_true", help="无人值守,到工单为止 / until the tickets, without a person")
    parser.add_argument("--json", action="store_true", help="结果为一行 JSON / the result as one line (with --once)")
    parser.add_argument("--factor", type=_factor, help="时间倍数 / how many times faster than the wall")
    parser.add_argument("--port", type=_port, default=WEB_PORT, help=f"网页端口 / port of the page ({WEB_PORT})")
    parser.add_argument("--folder", type=Path, help="保留文件的文件夹 / keep the files of the demo here")
    parser.set_defaults(run=_demo)


def _factor(text: str) -> float:
    factor = float(text)
    if not 0 < factor <= FASTEST:
        raise argparse.ArgumentTypeError(f"0 < factor <= {FASTEST:g}")
    return factor


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"1 <= port <= {HIGHEST_PORT}")
    return port


def _add_device(parser: argparse.ArgumentParser) -> None:
    device_command.add_arguments(parser)
    parser.set_defaults(run=_device)


def _list_stories(arguments: argparse.Namespace, language: Language) -> int:
    stories = [story(name) for name in story_names()]
    if arguments.json:
        listed = [{"name": one.name, "title": {"zh": one.title.zh, "en": one.title.en}} for one in stories]
        print(json.dumps(listed, ensure_ascii=False))
    else:
        for one in stories:
            print(f"{one.name:28} {one.title.in_(language)}")
    return _OK


def _device(arguments: argparse.Namespace, language: Language) -> int:
    bench = device_command.bench_of(arguments)
    if said := device_command.impossible(bench):
        print(said.in_(language), file=sys.stderr)
        return _USAGE
    # Timers of the usual loop are rounded up to milliseconds, which are characters on a wire.
    loop_of = precise_loop if bench.timing else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop_of) as runner:
        return runner.run(_until_told(_serve(bench, arguments.clock, language)))


async def _serve(bench: Bench, clock: str | None, language: Language) -> int:
    line, where = await serve(bench, machine_clock(time.time, time.monotonic, clock))
    behind = f"{bench.instances[0]}-{bench.instances[-1]}" if bench.instances else ""
    text = Text(
        zh=f"{bench.profile.id} 站号 {bench.unit}{behind and f',室内机 {behind}'}:{where}",
        en=f"{bench.profile.id} unit {bench.unit}{behind and f', instances {behind}'} at {where}",
    )
    print(text.in_(language), flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await line.close()
    return _OK


def _demo(arguments: argparse.Namespace, language: Language) -> int:
    site = load_site(SITE)
    chosen = story(arguments.story, {device.id for device in site.devices}, arguments.factor)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="storewarden-demo-"))
    say = _sayer(ZoneInfo(site.timezone), language, to_stderr=arguments.json)
    demo = Demo(folder, chosen, say, web_port=arguments.port)
    play = _once(demo, arguments.json) if arguments.once else _watch(demo, language)
    try:
        status = asyncio.run(_until_told(play, _FAILED if arguments.once else _OK))
    except BaseException:
        print(Text(zh=f"日志在 {folder}", en=f"the logs are in {folder}").in_(language), file=sys.stderr)
        raise
    if arguments.folder is None and status == _OK:
        shutil.rmtree(folder, ignore_errors=True)
    return status


async def _once(demo: Demo, as_json: bool) -> int:
    async with demo:
        outcome = await play_once(demo)
    found = report(outcome)
    if as_json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:18} {value}")
    return _OK if outcome.ok else _FAILED


async def _watch(demo: Demo, language: Language) -> int:
    print(_greeting(demo.story).in_(language), flush=True)
    async with demo:
        link = demo.one_time_link()
        print(_invitation(demo.office.address, link, demo.password).in_(language), flush=True)
        demo.begin_story()
        while True:
            await demo.look()


async def _until_told(play: Coroutine[None, None, int], when_told: int = _OK) -> int:
    """Runs it until it is done or a signal comes; the first signal ends it cleanly, and more change nothing."""
    task = asyncio.ensure_future(play)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, _cancel_once, task)
    with contextlib.suppress(asyncio.CancelledError):
        return await task
    return when_told


def _cancel_once(task: asyncio.Future[int]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)
    task.cancel()


def _sayer(timezone: ZoneInfo, language: Language, *, to_stderr: bool) -> Say:
    def say(at: datetime, text: Text) -> None:
        line = f"{at.astimezone(timezone):%H:%M:%S}  {text.in_(language)}"
        print(line, file=sys.stderr if to_stderr else sys.stdout, flush=True)

    return say


def _greeting(chosen: Story) -> Text:
    told = chosen.narration or chosen.title
    return Text(
        zh=f"storewarden 演示:{chosen.title.zh}(时间 {chosen.factor:g} 倍)\n{told.zh}\n正在启动……",
        en=f"storewarden demo: {chosen.title.en} (time runs {chosen.factor:g} times as fast)\n{told.en}\nstarting …",
    )


def _invitation(address: str, link: str, password: str) -> Text:
    return Text(
        zh=f"网页      {address}\n一次性链接 {link}\n用户名    {USER}  密码 {password}\n就绪,按 Ctrl-C 结束",
        en=f"page      {address}\none-time link {link}\nname      {USER}  password {password}\nready; Ctrl-C ends it",
    )


if __name__ == "__main__":
    sys.exit(main())
