"""What is refused is said in words of both languages: no Chinese sentence has a word of the program in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from collector.domain import tickets
from collector.domain.acting import WHO_MAY, ActionRefused, permit
from collector.domain.alarms import STANDING_NAMES, Event, Standing, next_standing
from collector.domain.budget import CODE_NAMES, CODES
from collector.domain.tickets import (
    ROLE_NAMES,
    ROLES,
    STATE_NAMES,
    STATES,
    Move,
    MoveRefused,
    RoleRefused,
    move,
)
from collector.store.suppressions import MODE_NAMES, MODES
from edge_agent.contract.text import Text
from tests.unit.collector.test_ticket_moves import NOON, ticket


def refusals() -> Iterator[Text]:
    for role, action in product(ROLES, WHO_MAY):
        yield from refused(permit, action, role)
    for standing, event in product(Standing, Event):
        yield from refused(next_standing, standing, event)
    for now, seen, target in product(STATES, STATES, STATES):
        asked: dict[str, Any] = {"source": seen, "target": target, "actor": "li", "role": "technician"}
        yield from refused(move, ticket(now), **asked, at=NOON, note=None)


def refused(act: Any, *given: Any, **named: Any) -> Iterator[Text]:
    try:
        act(*given, **named)
    except (ActionRefused, MoveRefused) as refusal:
        yield refusal.reason


def has_words_of_the_program(text: Text) -> bool:
    return re.search("[a-zA-Z]", text.zh) is not None or "_" in text.en


def test_no_refusal_has_a_word_of_the_program_in_it() -> None:
    told = list(refusals())
    assert len(told) > 200
    assert [text for text in told if has_words_of_the_program(text)] == []


def test_a_role_that_may_not_move_a_ticket_is_named_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    only = Move(source="new", target="accepted", roles=frozenset({"dispatcher"}))
    monkeypatch.setattr(tickets, "MOVES", (only,))
    with pytest.raises(RoleRefused) as told:
        move(ticket("new"), source="new", target="accepted", actor="li", role="technician", at=NOON, note=None)
    assert told.value.reason == Text(zh="维修技师不能做这一步", en="a technician may not make this move")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (ROLE_NAMES, ROLES),
        (STATE_NAMES, STATES),
        (STANDING_NAMES, tuple(Standing)),
        (CODE_NAMES, CODES),
        (MODE_NAMES, MODES),
    ],
)
def test_every_word_has_a_name(names: Mapping[str, Text], words: tuple[str, ...]) -> None:
    assert set(names) == set(words)
    assert not any(has_words_of_the_program(name) for name in names.values())
