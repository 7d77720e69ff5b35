"""What the words of word points (`state.mode`, `mode`, `fan`) are called by people."""

from __future__ import annotations

import re

from edge_agent.contract.text import Text, same

_OTHER = re.compile(r"other\((-?\d+)\)")

WORDS: dict[str, Text] = {
    "auto": Text(zh="自动", en="automatic"),
    "aux_heat": Text(zh="辅助制热", en="auxiliary heating"),
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
    "fan_stop": Text(zh="风机停", en="fan stopped"),
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
    "none": Text(zh="无", en="none"),
    "off": Text(zh="关", en="off"),
    "pre_drip": Text(zh="化霜后等待", en="waiting before dripping off"),
    "pulldown": Text(zh="快速降温", en="pull-down"),
    "quiet": Text(zh="静音", en="quiet"),
    "speed1": Text(zh="1 档", en="speed 1"),
    "speed2": Text(zh="2 档", en="speed 2"),
    "speed3": Text(zh="3 档", en="speed 3"),
    "speed4": Text(zh="4 档", en="speed 4"),
    "speed5": Text(zh="5 档", en="speed 5"),
    "standby": Text(zh="待机", en="standby"),
    "vent": Text(zh="换气", en="ventilating"),
    "very_low": Text(zh="极低速", en="very low"),
}


def called(word: str) -> Text:
    """A word that nobody has named yet is shown as it is; a number without a word, as such."""
    if unknown := _OTHER.fullmatch(word):
        return Text(zh=f"未知({unknown[1]})", en=f"unknown ({unknown[1]})")
    return WORDS.get(word, same(word))
