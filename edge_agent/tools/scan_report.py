"""What a scan found, told to an installer: what it looks like, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.contract.text import Language, Text
from edge_agent.settings import RtuBus
from edge_agent.tools.console import table
from edge_agent.tools.naming import Likeness, best_of
from edge_agent.tools.places import BusPlace
from edge_agent.tools.search import Findings, LineVerdict, Verdict, line_verdict

_MOST_NAMED = 3

_VERDICTS: dict[Verdict, Text] = {
    Verdict.PRESENT: Text(zh="应答正常", en="answers"),
    Verdict.NOISY: Text(zh="应答,但有干扰", en="answers, with noise"),
    Verdict.SHARED: Text(zh="两台设备同一站号", en="two devices, one unit id"),
    Verdict.GARBLED: Text(zh="应答乱码", en="answers garbled"),
    Verdict.ABSENT: Text(zh="无", en="absent"),
}
_ADVICE: dict[Verdict, Text] = {
    Verdict.SHARED: Text(
        zh="站号 {unit}:应答互相冲突(CRC 错误或一问两答),像是两台设备用了同一站号。"
        "请断开其中一台,在另一台上改站号,然后重新扫描",
        en="unit {unit}: answers collide (bad CRC, or two answers to one question): it looks like two devices with "
        "one unit id. Disconnect one of them, give the other another unit id, scan again",
    ),
    Verdict.GARBLED: Text(
        zh="站号 {unit}:有字节但从无完整帧,像是两台设备用了同一站号,或该设备的波特率/校验与其他设备不同。"
        "请断开可疑设备后重新扫描",
        en="unit {unit}: bytes, but never a whole frame: it looks like two devices with one unit id, or one whose "
        "speed or parity differs from the others. Disconnect the suspect and scan again",
    ),
    Verdict.NOISY: Text(
        zh="站号 {unit}:偶有坏帧。请检查终端电阻(120 Ω,仅两端)、屏蔽层接地、A/B 接线和与变频器的距离",
        en="unit {unit}: some frames come damaged. Check the terminators (120 Ω, at both ends only), the shield, the "
        "A/B wires and the distance to frequency converters",
    ),
}
_LINES: dict[LineVerdict, Text] = {
    LineVerdict.SILENT: Text(
        zh="没有任何设备应答。请依次检查:控制器是否通电并装有 RS-485/Modbus 卡;A/B 是否接反(对调一次再扫描);"
        "是否接错端口;设备的协议是否设为 Modbus;站号是否为 0。加 --wait 1 可等待更久;不加 --quick 会查全部设置",
        en="Nobody answers. Check in this order: do the controllers have power and a Modbus card; are A and B "
        "swapped (swap them once and scan again); is this the right port; is the controller's protocol set to "
        "Modbus; is its unit id 0. --wait 1 waits longer; without --quick all settings are tried",
    ),
    LineVerdict.GARBLED: Text(
        zh="线上有字节,但在所试的格式中没有一个完整帧:像是波特率或校验不对、A/B 接反、没有偏置电阻,或另有主站在说话。"
        "请在控制器菜单中查看波特率和校验,用 --format 指定;并断开其他主站(如旧监控系统)",
        en="There are bytes on the line, but no whole frame in any format tried: it looks like another speed or "
        "parity, A and B swapped, missing bias resistors, or a second master talking. Look up speed and parity in "
        "the controller's menu and give them with --format; disconnect other masters (such as an old monitoring "
        "system)",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One unit id; `named` are the profiles that fit, best first."""

    unit: int
    verdict: Verdict
    named: tuple[Likeness, ...] = ()


def report_of(
    findings: Findings, found: Sequence[Found], place: BusPlace, *, one_for_all: bool, language: Language
) -> list[Text | str]:
    """The lines that an installer reads."""
    verdict = line_verdict(findings)
    if verdict is not LineVerdict.FOUND:
        return [*_garbled_lines(findings), _LINES[verdict]]
    lines: list[Text | str] = [_heading(findings, found)]
    lines += table([_row(one, language) for one in found])
    if one_for_all:
        lines.append(
            Text(
                zh="这台设备对任何站号都应答相同内容:它只是一台带网口的设备,站号写 1 即可",
                en="It answers alike to every unit id: one device with a network plug. Write unit 1",
            )
        )
    lines += [_said(_ADVICE[one.verdict], one.unit) for one in found if one.verdict in _ADVICE]
    return [*lines, *_site_differences(findings, found, place)]


def answer_of(findings: Findings, found: Sequence[Found], *, one_for_all: bool) -> dict[str, Any]:
    """The same for a machine."""
    line = findings.line
    return {
        "line": None if line is None else {"baud": line.baud, "parity": line.parity, "stop_bits": line.stop_bits},
        "verdict": line_verdict(findings),
        "one_for_all": one_for_all,
        "garbled_at": {str(line): count for line, count in findings.garbled_at.items()},
        "devices": [
            {
                "unit": one.unit,
                "verdict": one.verdict,
                "profiles": [
                    {
                        "profile": like.profile.id,
                        "fingerprint": like.fingerprint,
                        "fits": like.fits,
                        "asked": like.asked,
                    }
                    for like in one.named[:_MOST_NAMED]
                ],
            }
            for one in found
        ],
    }


def _heading(findings: Findings, found: Sequence[Found]) -> Text:
    count = len(found)
    if findings.line is None:
        return Text(zh=f"找到 {count} 个站号", en=f"unit ids found: {count}")
    return Text(
        zh=f"线路格式 {findings.line},找到 {count} 个站号", en=f"the line is {findings.line}; unit ids found: {count}"
    )


def _row(one: Found, language: Language) -> tuple[str, ...]:
    verdict = _VERDICTS[one.verdict].in_(language)
    if one.verdict in {Verdict.GARBLED, Verdict.SHARED}:
        return f"  {one.unit:>3}", verdict, ""
    named = " / ".join(_name(like, language) for like in best_of(one.named)[:_MOST_NAMED])
    unknown = Text(zh="没有相符的点表,请用 probe 和 solve", en="no profile fits; try probe and solve")
    return f"  {one.unit:>3}", verdict, named or unknown.in_(language)


def _name(like: Likeness, language: Language) -> str:
    mark = Text(zh="指纹相符", en="fingerprint").in_(language) + ", " if like.fingerprint else ""
    return f"{like.profile.id} ({mark}{like.fits}/{like.asked})"


def _garbled_lines(findings: Findings) -> Iterator[Text]:
    for line, count in findings.garbled_at.items():
        yield Text(zh=f"{line}:{count} 个站号有乱码应答", en=f"{line}: bytes without a whole frame at {count} unit ids")


def _site_differences(findings: Findings, found: Sequence[Found], place: BusPlace) -> Iterator[Text]:
    """Where the site file says otherwise than the line."""
    given = place.bus.serial if isinstance(place.bus, RtuBus) else findings.line
    if given and findings.line and place.devices and given != findings.line:
        yield Text(
            zh=f"门店文件写的是 {given},线路是 {findings.line}:请改门店文件或控制器",
            en=f"the site file says {given}, but the line is {findings.line}: correct the site file or the controllers",
        )
    seen = {one.unit for one in found}
    for device in place.devices:
        if device.unit not in seen:
            yield Text(
                zh=f"门店文件中的 {device.id}(站号 {device.unit})没有应答:请检查电源、接线和站号",
                en=f"{device.id} of the site file (unit {device.unit}) does not answer: check its power, wires and "
                f"unit id",
            )


def _said(text: Text, unit: int) -> Text:
    return Text(zh=text.zh.format(unit=unit), en=text.en.format(unit=unit))
