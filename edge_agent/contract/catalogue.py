"""The vocabulary: what each point of each device class means, in which unit, and what it is called.

Names follow Project Haystack and Brick where they have a word (shared/research, device profiles, section 6). Units are
not on the wire: the name implies the unit, so a name never changes its unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.contract.text import Text

PointType = Literal["number", "flag", "word"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMeaning:
    """`unit` is empty for flags and words; `digits` is how many decimals a person should see."""

    name: str
    type: PointType
    unit: str
    digits: int
    label: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClass:
    name: str
    label: Text
    points: dict[str, PointMeaning]


class UnknownPoint(KeyError):
    """The catalogue has no such point in that class."""


def _number(name: str, unit: str, zh: str, en: str, digits: int = 1) -> PointMeaning:
    return PointMeaning(name=name, type="number", unit=unit, digits=digits, label=Text(zh=zh, en=en))


def _flag(name: str, zh: str, en: str) -> PointMeaning:
    return PointMeaning(name=name, type="flag", unit="", digits=0, label=Text(zh=zh, en=en))


def _word(name: str, zh: str, en: str) -> PointMeaning:
    return PointMeaning(name=name, type="word", unit="", digits=0, label=Text(zh=zh, en=en))


def _class(name: str, zh: str, en: str, *points: PointMeaning) -> DeviceClass:
    return DeviceClass(name=name, label=Text(zh=zh, en=en), points={point.name: point for point in points})


_PHASES = ("l1", "l2", "l3")

DEVICE_CLASSES: dict[str, DeviceClass] = {
    device_class.name: device_class
    for device_class in (
        _class(
            "refrigeration_case",
            "冷藏冷冻柜",
            "Refrigeration case",
            _number("temp.control", "°C", "控制温度", "Control air temperature"),
            _number("temp.air_on", "°C", "回风温度", "Air-on temperature (S3)"),
            _number("temp.air_off", "°C", "出风温度", "Air-off temperature (S4)"),
            _number("temp.alarm_air", "°C", "报警温度", "Alarm air temperature"),
            _number("temp.display", "°C", "显示温度", "Displayed temperature"),
            _number("temp.evaporator", "°C", "蒸发器温度", "Evaporator temperature (S5)"),
            _number("temp.condenser", "°C", "冷凝温度", "Condenser temperature"),
            _number("temp.product", "°C", "食品温度", "Product temperature"),
            _number("sp.effective", "°C", "当前设定温度", "Effective set point"),
            _number("sp.cutout", "°C", "停机温度", "Cut-out set point"),
            _number("sp.diff", "K", "回差", "Differential"),
            _number("limit.high", "°C", "高温报警值", "High alarm limit"),
            _number("limit.low", "°C", "低温报警值", "Low alarm limit"),
            _word("state.mode", "运行状态", "Operating state"),
            _flag("defrost.active", "化霜中", "Defrost running"),
            _number("defrost.end_temp", "°C", "化霜终止温度", "Defrost stop temperature"),
            _number("defrost.interval", "h", "化霜间隔", "Defrost interval", 0),
            _number("defrost.max_time", "min", "最长化霜时间", "Longest defrost", 0),
            _flag("night.active", "夜间模式", "Night operation"),
            _flag("in.door", "门开", "Door open"),
            _flag("in.di1", "输入 1", "Input DI1"),
            _flag("in.di2", "输入 2", "Input DI2"),
            _flag("out.compressor", "压缩机输出", "Cooling relay"),
            _flag("out.fan", "风机输出", "Fan relay"),
            _flag("out.defrost", "化霜输出", "Defrost relay"),
            _flag("out.rail_heat", "防露加热输出", "Rail heat relay"),
            _flag("out.alarm", "报警输出", "Alarm relay"),
            _flag("out.light", "照明输出", "Light relay"),
            _flag("alarm.any", "控制器有报警", "Controller alarm present"),
            _flag("alarm.high_temp", "高温报警", "High-temperature alarm"),
            _flag("alarm.low_temp", "低温报警", "Low-temperature alarm"),
            _flag("alarm.door_open", "开门报警", "Door alarm"),
            _flag("alarm.probe_control", "控制探头故障", "Control probe fault"),
            _flag("alarm.probe_air_on", "回风探头故障", "Air-on probe fault"),
            _flag("alarm.probe_air_off", "出风探头故障", "Air-off probe fault"),
            _flag("alarm.probe_evaporator", "蒸发器探头故障", "Evaporator probe fault"),
            _flag("alarm.defrost_timeout", "化霜超时", "Defrost exceeded its time"),
            _flag("alarm.controller", "控制器故障", "Controller fault"),
            _flag("alarm.clock", "控制器时钟丢失", "Controller clock lost"),
            _number("info.order_no", "", "订货号", "Order number", 0),
            _number("info.sw_version", "", "软件版本", "Software version", 2),
        ),
        _class(
            "ac_unit",
            "空调",
            "Air conditioner",
            _flag("power", "开机", "Switched on"),
            _word("mode", "模式", "Mode"),
            _word("fan", "风速", "Fan speed"),
            _number("sp", "°C", "设定温度", "Set point"),
            _number("temp.room", "°C", "室温", "Room temperature"),
            _number("temp.outdoor", "°C", "室外温度", "Outdoor temperature"),
            _flag("in.window", "窗户开", "Window open"),
            _number("op_hours", "h", "运行小时", "Operating hours", 0),
            _flag("alarm.any", "机组有报警", "Unit alarm present"),
            _number("error_code", "", "故障代码", "Error code", 0),
            _number("info.device_id", "", "设备编号", "Device id", 0),
        ),
        _class(
            "energy_meter",
            "电表",
            "Energy meter",
            *(_number(f"v.{phase}", "V", f"{phase.upper()} 相电压", f"Voltage {phase.upper()}") for phase in _PHASES),
            *(
                _number(f"i.{phase}", "A", f"{phase.upper()} 相电流", f"Current {phase.upper()}", 2)
                for phase in _PHASES
            ),
            *(_number(f"p.{phase}", "W", f"{phase.upper()} 相功率", f"Power {phase.upper()}", 0) for phase in _PHASES),
            _number("p.total", "W", "总功率", "Total power", 0),
            _number("pf.total", "", "功率因数", "Power factor", 2),
            _number("frequency", "Hz", "频率", "Frequency", 2),
            _number("e.import", "kWh", "用电量", "Energy imported"),
        ),
        _class(
            "relay_board",
            "继电器模块",
            "Relay board",
            *(_flag(f"out.relay{n}", f"继电器 {n}", f"Relay {n}") for n in range(1, 9)),
        ),
        _class(
            "env_sensor",
            "温湿度传感器",
            "Temperature and humidity sensor",
            _number("temp", "°C", "温度", "Temperature"),
            _number("hum", "%RH", "相对湿度", "Relative humidity"),
        ),
    )
}

DUTIES: dict[str, Text] = {
    "open_chiller": Text(zh="风幕柜", en="Open chiller"),
    "chiller": Text(zh="冷藏柜", en="Chiller"),
    "freezer": Text(zh="冷冻柜", en="Freezer"),
    "cold_room": Text(zh="冷库", en="Cold room"),
    "sales_area": Text(zh="营业区", en="Sales area"),
    "store_supply": Text(zh="门店总电", en="Store supply"),
    "sign_lighting": Text(zh="招牌照明", en="Sign lighting"),
    "store_climate": Text(zh="店内环境", en="Store climate"),
}


def meaning(device_class: str, point: str) -> PointMeaning:
    """Raises UnknownPoint."""
    known = DEVICE_CLASSES.get(device_class)
    if known is None or point not in known.points:
        raise UnknownPoint(f"{device_class} has no point {point!r}")
    return known.points[point]
