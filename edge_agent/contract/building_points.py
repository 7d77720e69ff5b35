"""The vocabulary of what a store has beside refrigeration: air, power, light, contacts."""

from __future__ import annotations

from edge_agent.contract.meanings import DeviceClass, PointMeaning, device_class, flag, number, word

_PHASES = ("l1", "l2", "l3")
_MODES = ("auto", "cool", "heat", "dry", "fan", "vent", "aux_heat", "off")
_FANS = ("auto", "quiet", "very_low", "low", "mid", "high", "max", *(f"speed{n}" for n in range(1, 6)))


def _per_phase(name: str, unit: str, zh: str, en: str, digits: int = 1) -> tuple[PointMeaning, ...]:
    return tuple(
        number(f"{name}.{phase}", unit, f"{phase.upper()} 相{zh}", f"{en} {phase.upper()}", digits) for phase in _PHASES
    )


AC_UNIT = device_class(
    "ac_unit",
    "空调",
    "Air conditioner",
    flag("power", "开机", "Switched on"),
    word("mode", "模式", "Mode", *_MODES),
    word("mode.active", "实际运行方式", "What the unit does now", *_MODES),
    word("fan", "风速", "Fan speed", *_FANS),
    number("sp", "°C", "设定温度", "Set point"),
    number("temp.room", "°C", "室温", "Room temperature"),
    number("temp.outdoor", "°C", "室外温度", "Outdoor temperature"),
    number("temp.supply", "°C", "送风温度", "Supply air temperature"),
    number("temp.outdoor_unit", "°C", "室外机冷凝温度", "Condenser temperature of the outdoor unit"),
    number("p.total", "W", "功率", "Power", 0),
    flag("out.compressor", "压缩机运行", "Compressor runs"),
    flag("out.spray", "室外机喷淋", "Outdoor unit spray"),
    flag("thermostat_on", "温控请求", "Thermostat calls"),
    flag("defrost.active", "化霜中", "Defrost running"),
    flag("filter_dirty", "滤网脏", "Filter dirty"),
    flag("locked", "已锁定", "Locked"),
    flag("in.window", "窗户开", "Window open"),
    flag("link_ok", "与机组通信正常", "Link to the unit"),
    number("op_hours", "h", "运行小时", "Operating hours", 0),
    flag("alarm.any", "机组有报警", "Unit alarm present"),
    number("error_code", "", "故障代码", "Error code", 0),
    word("error_text", "故障代码文字", "Error code as shown"),
    number("info.device_id", "", "设备编号", "Device id", 0),
    word("info.signature", "设备标识", "Signature"),
)

ENERGY_METER = device_class(
    "energy_meter",
    "电表",
    "Energy meter",
    *_per_phase("v", "V", "电压", "Voltage"),
    number("v.l12", "V", "L1-L2 线电压", "Voltage L1-L2"),
    number("v.l23", "V", "L2-L3 线电压", "Voltage L2-L3"),
    number("v.l31", "V", "L3-L1 线电压", "Voltage L3-L1"),
    *_per_phase("i", "A", "电流", "Current", 2),
    *_per_phase("p", "W", "功率", "Power", 0),
    number("p.total", "W", "总功率", "Total power", 0),
    number("q.total", "var", "总无功功率", "Total reactive power", 0),
    number("s.total", "VA", "总视在功率", "Total apparent power", 0),
    number("pf.total", "", "功率因数", "Power factor", 2),
    number("frequency", "Hz", "频率", "Frequency", 2),
    number("e.import", "kWh", "用电量", "Energy imported"),
    number("e.export", "kWh", "反向电量", "Energy exported"),
    number("e.total", "kWh", "总电量", "Energy, both ways"),
    number("ct_ratio", "", "电流互感器变比", "Current transformer ratio", 0),
    number("pt_ratio", "", "电压互感器变比", "Voltage transformer ratio"),
    flag("alarm.any", "电表有报警", "Meter alarm present"),
    number("info.device_id", "", "设备编号", "Device id", 0),
)

RELAY_BOARD = device_class(
    "relay_board",
    "继电器模块",
    "Relay board",
    *(flag(f"out.relay{n}", f"继电器 {n}", f"Relay {n}") for n in range(1, 9)),
)

ENV_SENSOR = device_class(
    "env_sensor",
    "温湿度传感器",
    "Temperature and humidity sensor",
    number("temp", "°C", "温度", "Temperature"),
    *(number(f"temp.probe{n}", "°C", f"探头 {n} 温度", f"Probe {n} temperature") for n in range(1, 9)),
    number("hum", "%RH", "相对湿度", "Relative humidity"),
    number("lux", "lx", "照度", "Illuminance", 0),
    number("co2", "ppm", "二氧化碳", "Carbon dioxide", 0),
)

DRY_CONTACT = device_class(
    "dry_contact",
    "干接点模块",
    "Dry-contact module",
    *(flag(f"in.di{n}", f"输入 {n}", f"Input DI{n}") for n in range(1, 9)),
    flag("in.water", "有水", "Water found"),
    flag("in.door", "门开", "Door open"),
    flag("in.mains", "市电正常", "Mains present"),
    flag("in.breaker", "断路器合上", "Breaker closed"),
    flag("in.rain", "下雨", "Rain"),
    *(flag(f"out.relay{n}", f"继电器 {n}", f"Relay {n}") for n in range(1, 9)),
    number("info.device_id", "", "设备编号", "Device id", 0),
)

UPS = device_class(
    "ups",
    "不间断电源",
    "Uninterruptible power supply",
    flag("mains_ok", "市电正常", "Mains present"),
    flag("on_battery", "电池供电", "On battery"),
    number("charge_pct", "%", "电量", "Battery charge", 0),
    number("runtime", "min", "剩余时间", "Runtime left", 0),
    number("load_pct", "%", "负载", "Load", 0),
    number("v.in", "V", "输入电压", "Input voltage"),
    number("v.out", "V", "输出电压", "Output voltage"),
    number("v.battery", "V", "电池电压", "Battery voltage"),
    number("frequency", "Hz", "频率", "Frequency", 2),
    number("temp.battery", "°C", "电池温度", "Battery temperature"),
    number("battery.bad_count", "", "失效电池数", "Bad batteries", 0),
    flag("alarm.any", "UPS 有报警", "UPS alarm present"),
    flag("alarm.overload", "过载", "Overload"),
    flag("alarm.battery_low", "电池电量低", "Battery low"),
    flag("alarm.battery_replace", "请更换电池", "Battery to be replaced"),
)

LIGHTING_CIRCUIT = device_class(
    "lighting_circuit",
    "照明回路",
    "Lighting circuit",
    flag("out.on", "已点亮", "Switched on"),
    flag("cmd.on", "开灯命令", "Command to switch on"),
    number("level_pct", "%", "亮度", "Level", 0),
    number("lux", "lx", "照度", "Illuminance", 0),
    number("i", "A", "电流", "Current", 2),
    number("p.total", "W", "功率", "Power", 0),
    number("op_hours", "h", "运行小时", "Operating hours", 0),
)

SIGNAGE = device_class(
    "signage",
    "屏幕",
    "Screen",
    flag("power", "开机", "Switched on"),
    flag("on_status", "正在显示", "Shows a picture"),
    flag("blackout", "黑屏", "Blacked out"),
    flag("link_ok", "联网正常", "Link to the screen"),
    number("brightness_pct", "%", "亮度", "Brightness", 0),
    number("temp", "°C", "温度", "Temperature"),
    number("p.total", "W", "功率", "Power", 0),
    word("source", "信号源", "Source"),
    flag("cmd.on", "开机命令", "Command to switch on"),
    flag("alarm.any", "屏幕有报警", "Screen alarm present"),
)

PRICE_TAG_GATEWAY = device_class(
    "price_tag_gateway",
    "价签网关",
    "Price-tag gateway",
    flag("link_ok", "联网正常", "Link to its server"),
    number("tags.total", "", "价签总数", "Price tags", 0),
    number("tags.offline", "", "离线价签", "Price tags offline", 0),
    number("tags.battery_low", "", "低电价签", "Price tags low on battery", 0),
    flag("alarm.any", "网关有报警", "Gateway alarm present"),
)

BUILDING: tuple[DeviceClass, ...] = (
    *(AC_UNIT, ENERGY_METER, RELAY_BOARD, ENV_SENSOR, DRY_CONTACT, UPS, LIGHTING_CIRCUIT),
    *(SIGNAGE, PRICE_TAG_GATEWAY),
)
