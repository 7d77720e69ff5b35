"""Words of controllers are said in both languages, also those that no profile knows."""

from __future__ import annotations

import pytest

from edge_agent.contract.text import Text, same
from edge_agent.contract.words import WORDS, called
from edge_agent.profiles.load import profile, shipped_profiles


@pytest.mark.parametrize("name", sorted(shipped_profiles()))
def test_every_word_of_a_shipped_profile_has_a_name(name: str) -> None:
    said = {word for point in profile(name).points.values() for word in point.words.values()}
    assert sorted(said - set(WORDS)) == []


def test_a_number_without_a_word_is_said_as_such() -> None:
    assert called("other(46)") == Text(zh="未知(46)", en="unknown (46)")
    assert called("other(-1)").en == "unknown (-1)"


def test_a_word_that_nobody_named_is_shown_as_it_is() -> None:
    assert called("sulking") == same("sulking")
