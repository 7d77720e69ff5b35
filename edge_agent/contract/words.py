"""What the words of word points (`state.mode`, `mode`, `fan`) are called by people."""

from __future__ import annotations

from edge_agent.contract.text import Text, same

WORDS: dict[str, Text] = {
    "auto": Text(zh="自动", en="automatic"),
    "cleaning": Text(zh="清洁", en="cleaning"),
    "cool": Text(zh="制冷", en="cooling"),
    "cooling": Text(zh="制冷", en="cooling"),
    "defrost": Text(zh="化霜", en="defrost"),
    "door_open": Text(zh="门开停机", en="stopped by an open door"),
    "drip": Text(zh="滴水", en="dripping off"),
    "dry": Text(zh="除湿", en="drying"),
    "emergency": Text(zh="应急制冷", en="emergency cooling"),
    "fan": Text(zh="送风", en="fan only"),
    "fan_delay": Text(zh="风机延时", en="fan delay"),
    "fault": Text(zh="故障", en="fault"),
    "forced_cooling": Text(zh="强制制冷", en="forced cooling"),
    "heat": Text(zh="制热", en="heating"),
    "heating": Text(zh="加热", en="heating"),
    "high": Text(zh="高速", en="high"),
    "idle": Text(zh="停机等待", en="waiting"),
    "low": Text(zh="低速", en="low"),
    "manual": Text(zh="手动", en="manual"),
    "max": Text(zh="最高速", en="highest"),
    "mid": Text(zh="中速", en="medium"),
    "off": Text(zh="关", en="off"),
    "pulldown": Text(zh="快速降温", en="pull-down"),
    "quiet": Text(zh="静音", en="quiet"),
    "standby": Text(zh="待机", en="standby"),
}


def called(word: str) -> Text:
    """A word that nobody has named yet is shown as it is."""
    return WORDS.get(word, same(word))
