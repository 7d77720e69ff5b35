"""The faults that head office finds by itself: a store that is not heard, and many at once.

They stand on devices that head office lists for itself: no inventory names them, and no rule judges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge_agent.contract.readings import Device
from edge_agent.contract.text import Text
from rules.alarm import ChangeKind
from rules.model import Cause, Change, Diagnosis, Evidence, Severity
from rules.shared import diagnosis_of, why_unheard

OFFICE = "_office"
"""The store that a fault of head office's own line is told of. No store can have this id."""
OFFICE_NAME = Text(zh="总部", en="Head office")


def _own(id_: str, name: Text) -> Device:
    return Device(
        id=id_, device_class="gateway", duty="gateway", profile="storewarden", profile_version=1, proven=True, name=name
    )


GATEWAY = _own("_gateway", Text(zh="网关", en="Gateway"))
LINE = _own("_line", Text(zh="到各门店的通信", en="The line to the stores"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFault:
    """What a ticket needs to know of it, as a rule would say it."""

    id: str
    device: Device
    title: Text
    severity: Severity
    diagnosis: tuple[Diagnosis, ...]
    key_value: None = None
    limit: None = None


def _cause(zh: str, en: str, likelihood: float, checks: tuple[Text, ...], parts: tuple[Text, ...] = ()) -> Diagnosis:
    return Diagnosis(
        cause=Text(zh=zh, en=en), likelihood=likelihood, supports=(), contradicts=(), checks=checks, parts=parts
    )


STORE_OFFLINE = LineFault(
    id="store.offline",
    device=GATEWAY,
    title=Text(zh="门店失联", en="Store offline"),
    severity="high",
    diagnosis=(
        _cause(
            "门店网络中断",
            "The store's internet line is down",
            0.45,
            (
                Text(
                    zh="请店员看收银和其他联网设备是否正常",
                    en="Ask the staff whether tills and other devices are online",
                ),
                Text(
                    zh="看路由器和光猫指示灯，必要时断电重启",
                    en="Look at the lights of router and modem; power-cycle them",
                ),
            ),
            (Text(zh="路由器或 4G 备用卡", en="Router, or a 4G card as a spare line"),),
        ),
        _cause(
            "网关断电",
            "The gateway has no power",
            0.35,
            (
                Text(zh="请店员看网关电源灯是否亮着", en="Ask the staff whether the gateway's power light is on"),
                Text(
                    zh="检查插头、适配器和空气开关；问店里是否停电",
                    en="Check plug, adapter and breaker; ask for a power cut",
                ),
            ),
            (Text(zh="网关电源适配器", en="Power adapter of the gateway"),),
        ),
        _cause(
            "网关到路由器的网线松脱或网口损坏",
            "The cable from gateway to router is loose, or a port has failed",
            0.1,
            (
                Text(
                    zh="看网口指示灯，换一根网线、换一个网口",
                    en="Look at the port's lights; try another cable and port",
                ),
            ),
            (Text(zh="网线", en="Network cable"),),
        ),
        _cause(
            "网关程序停止或账号被拒",
            "The agent has stopped, or the broker refuses it",
            0.1,
            (
                Text(
                    zh="在网关上查看 systemctl status edge-agent 和日志",
                    en="On the gateway see systemctl status edge-agent and its journal",
                ),
                Text(zh="核对消息服务器的账号和密码文件", en="Compare the broker's user name and password file"),
            ),
        ),
    ),
)

STORES_UNHEARD = LineFault(
    id="office.stores_unheard",
    device=LINE,
    title=Text(zh="总部同时收不到许多门店", en="Many stores went silent at once"),
    severity="critical",
    diagnosis=(
        _cause(
            "总部或消息服务器的网络中断",
            "The line of head office or of the broker is down",
            0.6,
            (
                Text(zh="从总部以外连接消息服务器", en="Reach the broker from outside head office"),
                Text(
                    zh="检查防火墙、证书有效期和域名解析", en="Check firewall, dates of certificates and name service"
                ),
            ),
        ),
        _cause(
            "运营商或地区性网络、电力故障",
            "An outage of a carrier or of a region's network or power",
            0.4,
            (
                Text(zh="看失联门店是否同城或同一运营商", en="See whether the stores share a city or a carrier"),
                Text(zh="向运营商报障", en="Report it to the carrier"),
            ),
        ),
    ),
)

OFFLINE_CAUSES = ("line_to_head_office_down", "store_power_cut")
"""As the rules' library knows them (`causes/store.yaml`); without it, those of the fault itself."""

_RAN_ON = Text(zh="网关在失联期间一直运行", en="The gateway ran on all the time")
_STARTED_ANEW = Text(zh="网关在失联期间断过电", en="The gateway's machine was started anew meanwhile")
_CERTAIN = 0.9

LINE_FAULTS = {fault.id: fault for fault in (STORE_OFFLINE, STORES_UNHEARD)}


def offline(kind: ChangeKind, at: datetime, since: datetime) -> Change:
    """That a store is not heard, or is again. `since` is when it was last heard."""
    minutes = round((at - since) / timedelta(minutes=1))
    condition = Text(
        zh=f"总部已 {minutes} 分钟没有收到该门店的消息", en=f"Head office has heard nothing for {minutes} min"
    )
    return _change(STORE_OFFLINE, kind, at, since, condition)


def cause_of_silence(before: str, after: str, causes: Mapping[str, Cause]) -> Diagnosis | None:
    """What a store's silence came from, by its `boot` before and after; None where the library has no such cause."""
    cause = why_unheard(before, after)
    found = diagnosis_of([cause], causes)
    reason = _RAN_ON if cause == OFFLINE_CAUSES[0] else _STARTED_ANEW
    return replace(found[0], likelihood=_CERTAIN, supports=(reason,)) if found else None


def unheard(kind: ChangeKind, at: datetime, since: datetime, quiet: int, expected: int) -> Change:
    """That many stores fell silent together, or that most are heard again."""
    condition = Text(
        zh=f"{expected} 家门店中有 {quiet} 家同时没有消息", en=f"{quiet} of {expected} stores fell silent together"
    )
    return _change(STORES_UNHEARD, kind, at, since, condition, {"quiet": float(quiet), "stores": float(expected)})


def _change(
    fault: LineFault,
    kind: ChangeKind,
    at: datetime,
    since: datetime,
    condition: Text,
    params: dict[str, float] | None = None,
) -> Change:
    evidence = Evidence(condition=condition, held_for=at - since, values=(), params=params or {}, excluded=())
    return Change(
        rule=fault.id,
        device=fault.device.id,
        kind=kind,
        at=at,
        since=since,
        severity=fault.severity,
        evidence=evidence,
        diagnosis=fault.diagnosis,
    )
