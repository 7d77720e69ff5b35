"""Figures of a bus → what is wrong, in the order in which it is worth mending, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edge_agent.contract.text import Text
from edge_agent.tools.figures import BusFigures, DeviceFigures

CROWDED_SHARE, TIGHT_CYCLE = 0.7, 0.8
CRC_ERRORS_SEEN, TIME_OUTS_SEEN, SLOW_SHARE = 0.01, 0.01, 0.8
GARBLED = 0.5
"""Shares above which somebody should do something."""

Weight = Literal["wrong", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`device` is empty for what concerns the bus as a whole. A note is no fault."""

    bus: str
    device: str
    weight: Weight
    what: Text
    fix: Text


def advise(bus: BusFigures) -> tuple[Advice, ...]:
    """Nothing where all is well."""
    if bus.down:
        return (_of(bus, "", Text(zh=f"总线不通:{bus.down}", en=f"the bus is down: {bus.down}"), _DOWN),)
    if bus.babble.babbling:
        return (_babble(bus),)
    asked = [device for device in bus.devices if device.requests]
    if asked and all(device.answers == 0 for device in asked):
        garbled = sum(device.crc_errors for device in bus.devices)
        return (_of(bus, "", _ALL_GARBLED if garbled else _ALL_SILENT, _WRONG_FORMAT if garbled else _CABLE),)
    return (*_on_time(bus), *(one for device in asked for one in _of_device(bus, device)), *_not_asked(bus))


def _babble(bus: BusFigures) -> Advice:
    """Who talks unasked: until that has ended, nothing else that is seen on the line is anybody's fault."""
    babble, names = bus.babble, {device.unit: device.device for device in bus.devices}
    if babble.other_master:
        return _of(bus, "", _OTHER_MASTER, _ONE_MASTER)
    if babble.unit is not None:
        name = names.get(babble.unit, "")
        what = Text(
            zh=f"站号 {babble.unit} 未被询问也在发送" + ("" if name else "(门店文件中没有此站号)"),
            en=f"unit {babble.unit} talks without being asked" + ("" if name else " (it is not in the site file)"),
        )
        return _of(bus, name, what, _UNPLUG)
    after = names.get(babble.begun_after) if babble.begun_after is not None else None
    fix = _UNPLUG_EACH
    if after:
        fix = Text(zh=f"{fix.zh};开始前最后询问的是 {after}", en=f"{fix.en}; {after} was asked last before it began")
    return _of(bus, "", _SOMEBODY, fix)


def _on_time(bus: BusFigures) -> Iterator[Advice]:
    share = bus.cycle_s / bus.cycle_limit_s
    if share > 1:
        what = Text(
            zh=f"一轮要 {bus.cycle_s:.1f} 秒,超过 {bus.cycle_limit_s:g} 秒的周期",
            en=f"a cycle takes {bus.cycle_s:.1f} s, longer than its period of {bus.cycle_limit_s:g} s",
        )
        yield _of(bus, "", what, _FASTER)
    elif bus.line_share > CROWDED_SHARE or share > TIGHT_CYCLE:
        what = Text(
            zh=f"线路已用 {bus.line_share:.0%},余量很小", en=f"{bus.line_share:.0%} of the line is used: little is left"
        )
        yield _of(bus, "", what, _FASTER, "note")


def _not_asked(bus: BusFigures) -> Iterator[Advice]:
    if names := ", ".join(device.device for device in bus.devices if device.requests == 0):
        what = Text(zh=f"观察时间内还没有轮到:{names}", en=f"not asked yet in the time watched: {names}")
        yield _of(bus, "", what, _WATCH_LONGER, "note")


def _of_device(bus: BusFigures, device: DeviceFigures) -> Iterator[Advice]:
    if device.answers == 0:
        garbled = device.crc_errors > 0
        yield _of(bus, device.device, _GARBLED if garbled else _SILENT, _ONE_ID if garbled else _POWER)
        return
    crc, lost = device.crc_errors / device.requests, device.time_outs / device.requests
    if crc > GARBLED / 2:
        yield _of(bus, device.device, _share(_CRC, crc), _ONE_ID)
    elif crc > CRC_ERRORS_SEEN:
        yield _of(bus, device.device, _share(_CRC, crc), _WIRING)
    elif lost > TIME_OUTS_SEEN and device.time_outs > 1:
        yield _of(bus, device.device, _share(_LOST, lost), _LATE if device.late else _LOOSE)
    if device.turnaround_p99_s is not None and device.turnaround_p99_s > SLOW_SHARE * device.patience_s:
        what = Text(
            zh=f"应答时间 p99 {device.turnaround_p99_s * 1000:.0f} 毫秒,接近上限 {device.patience_s * 1000:.0f} 毫秒",
            en=f"p99 of its turnaround is {device.turnaround_p99_s * 1000:.0f} ms, near the limit of "
            f"{device.patience_s * 1000:.0f} ms",
        )
        yield _of(bus, device.device, what, _SLOW, "note")
    if device.refused_points:
        names = ", ".join(device.refused_points)
        what = Text(zh=f"设备没有这些点:{names}", en=f"it does not have: {names}")
        yield _of(bus, device.device, what, _SKIP, "note")


def _of(bus: BusFigures, device: str, what: Text, fix: Text, weight: Weight = "wrong") -> Advice:
    return Advice(bus=bus.bus, device=device, weight=weight, what=what, fix=fix)


def _share(text: Text, share: float) -> Text:
    return Text(zh=text.zh.format(share=f"{share:.0%}"), en=text.en.format(share=f"{share:.0%}"))


_CRC = Text(zh="{share} 的应答 CRC 错误", en="{share} of its answers have a bad CRC")
_LOST = Text(zh="{share} 的请求没有应答", en="{share} of its requests get no answer")
_WATCH_LONGER = Text(zh="观察久一些(--seconds)", en="watch longer (--seconds)")
_SILENT = Text(zh="从不应答", en="never answers")
_GARBLED = Text(zh="只有乱码应答", en="answers only garbage")
_ALL_SILENT = Text(zh="没有任何设备应答", en="no device answers at all")
_ALL_GARBLED = Text(zh="线上只有乱码", en="nothing but garbage is on the line")

_SOMEBODY = Text(
    zh="有设备不断占线,其发送中读不出站号",
    en="somebody talks on the line all the time, and no unit id can be read from it",
)
_OTHER_MASTER = Text(zh="线上另有主站在询问设备", en="another master asks the devices of this line")

_UNPLUG = Text(
    zh="断开该设备,确认线路恢复;检查其固件和“主动上报”设置,必要时更换",
    en="unplug it and see the line recover; look for a setting by which it reports by itself, else replace it",
)
_UNPLUG_EACH = Text(
    zh="逐台断开设备,直到线路恢复(先看收发指示灯常亮的设备)",
    en="unplug one device after the other until the line recovers, first those whose TX lamp is always on",
)
_ONE_MASTER = Text(
    zh="一条线路只能有一个主站:断开另一个主站(旧网关、触摸屏、监控电脑),或关闭串口服务器的第二个连接",
    en="a line has one master: disconnect the other (an old gateway, a panel, a PC), or the second connection to the "
    "serial server",
)
_DOWN = Text(
    zh="检查端口名、USB 转换器和网线;门店代理正在运行时请先停止它:一条线路只能由一个程序使用",
    en="check the name of the port, the USB adapter, the network cable; stop the agent if it runs: a line belongs to "
    "one "
    "program",
)
_CABLE = Text(
    zh="检查控制器电源、A/B 是否接反、端口是否接对;然后用 scan 查找实际的波特率、校验和站号",
    en="check the controllers' power, whether A and B are swapped, whether it is this port; then find speed, parity "
    "and unit "
    "ids with scan",
)
_WRONG_FORMAT = Text(
    zh="像是波特率或校验不对,或另有主站:用 scan 查找线路格式,断开其他主站",
    en="it looks like a wrong speed or parity, or a second master: find the line's format with scan, disconnect "
    "other masters",
)
_POWER = Text(
    zh="检查该设备的电源、接线和站号(scan 可列出站号)",
    en="check its power, its wires and its unit id (scan lists them)",
)
_ONE_ID = Text(
    zh="像是两台设备用了同一站号:断开其中一台,给另一台改站号。若只有一台,检查它的波特率和校验",
    en="it looks like two devices with one unit id: disconnect one, give the other another id. If there is only one, "
    "check its "
    "speed and parity",
)
_WIRING = Text(
    zh="检查终端电阻(120 Ω,仅线路两端)、屏蔽层接地、与变频器的距离、支线长度",
    en="check the terminators (120 Ω, at the two ends only), the shield, the distance to frequency converters, long "
    "stubs",
)
_LATE = Text(
    zh="应答来得太晚:在点表中加大 timing.answer_within",
    en="its answers come late: raise timing.answer_within in its profile",
)
_LOOSE = Text(
    zh="检查接线端子和电源;如用网关,检查其超时设置",
    en="check its terminals and its power; behind a gateway, the gateway's time-out",
)
_SLOW = Text(
    zh="在点表中加大 timing.answer_within,否则会变成超时",
    en="raise timing.answer_within in its profile before it becomes time-outs",
)
_SKIP = Text(
    zh="如未安装,请在门店文件中加 points: {skip: [...]};如应有,请核对型号(scan)",
    en="if they are not fitted, add points: {skip: [...]} to the site file; if they should be there, check the model "
    "(scan)",
)
_FASTER = Text(
    zh="提高波特率(所有设备一起改)、把设备分到第二条总线,或在门店文件中加大 poll.fast",
    en="raise the speed (of all its devices), move devices to a second bus, or raise poll.fast in the site file",
)
