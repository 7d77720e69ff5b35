"""A reader gets the language of the reader's machine."""

from __future__ import annotations

import pytest

from edge_agent.contract.text import Text, language_of, same


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "ZH_TW"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB", "LC_MESSAGES": "en_GB", "LC_ALL": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
    ],
)
def test_the_locale_decides(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_a_text_is_said_in_either_language() -> None:
    text = Text(zh="冷冻柜", en="Freezer")
    assert (text.in_("zh"), text.in_("en")) == ("冷冻柜", "Freezer")
    assert same("EKC 202").in_("zh") == "EKC 202"
