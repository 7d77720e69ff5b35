"""What pydantic found wrong, said to an installer in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_agent.contract.text import Text

_ZH: Mapping[str, str] = {
    "missing": "缺少必填项",
    "extra_forbidden": "没有这个设置项",
    "string_type": "应为文字",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "dict_type": "应为键值表",
    "model_type": "应为键值表",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "literal_error": "不在允许的取值之内",
    "enum": "不在允许的取值之内",
    "string_pattern_mismatch": "格式不对",
    "greater_than": "数值太小",
    "greater_than_equal": "数值太小",
    "less_than": "数值太大",
    "less_than_equal": "数值太大",
    "union_tag_invalid": "类型不在允许的取值之内",
    "union_tag_not_found": "缺少类型",
    "too_short": "项目太少",
    "date_type": "应为日期",
}

_FIX_ZH: Mapping[str, str] = {
    "string_type": "请写文字;数字请加引号",
    "int_type": "请写整数",
    "float_type": "请写数字",
    "bool_type": "请写 true 或 false",
    "dict_type": "请写成键值表",
    "model_type": "请写成键值表",
    "list_type": "请写成列表",
    "literal_error": "可取:{expected}",
    "string_pattern_mismatch": "应符合 {pattern}",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "too_short": "至少要有 {min_length} 项",
    "string_too_short": "不能为空",
    "date_type": "请写日期,如 2026-11-20",
}


def missing_words(detail: Any) -> tuple[Text, Text]:
    name = _name(detail)
    what = Text(zh=f"缺少 {name}", en=f"{name} is missing")
    return what, Text(zh=f"请在此处加上 {name}", en=f"add {name} here")


def rule_words(detail: Any) -> tuple[Text, Text]:
    """`what` is wrong with the value, and what would be right."""
    name, given = _name(detail), detail.get("input")
    if detail["type"] == "extra_forbidden":
        what = Text(zh=f"没有名为 {name} 的设置", en=f"there is no setting called {name}")
        return what, Text(zh="请检查拼写,或删除它", en="check the spelling, or remove it")
    message = str(detail["msg"]).removeprefix("Value error, ")
    what = Text(zh=f"{name} 的值 {given!r} 不对:{_ZH.get(detail['type'], '不合要求')}", en=f"{name} is {given!r}")
    return what, Text(zh=_fix_zh(detail, message), en=message[:1].lower() + message[1:])


def _fix_zh(detail: Any, message: str) -> str:
    """A validator may bring its own Chinese sentence as `zh` in its error's context."""
    context = detail.get("ctx", {})
    if "zh" in context:
        return str(context["zh"])
    template = _FIX_ZH.get(detail["type"])
    return template.format(**context).replace(" or ", " 或 ") if template else f"要求:{message}"


def _name(detail: Any) -> str:
    return str(detail["loc"][-1]) if detail["loc"] else "document"
