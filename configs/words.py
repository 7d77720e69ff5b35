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
    what = Text(zh=f"{name} 的值 {given!r} 不对:{_ZH.get(detail['type'], message)}", en=f"{name} is {given!r}")
    return what, Text(zh=f"要求:{message}", en=message[:1].lower() + message[1:])


def _name(detail: Any) -> str:
    return str(detail["loc"][-1]) if detail["loc"] else "document"
