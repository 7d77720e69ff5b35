"""The life of a ticket, by its table."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from collector.domain import tickets
from collector.domain.tickets import (
    MOVES,
    NOT_OPEN,
    STATES,
    Move,
    MoveRefused,
    RoleRefused,
    State,
    Ticket,
    move,
    targets,
)
from edge_agent.contract.text import same

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


def ticket(state: State, assignee: str | None = None) -> Ticket:
    return Ticket(
        id=12,
        store="s",
        device="d",
        fault="f",
        severity="high",
        state=state,
        title=same("t"),
        since=NOON,
        opened_at=NOON,
        updated_at=NOON,
        alarm_active=True,
        assignee=assignee,
    )


@pytest.mark.parametrize("step", MOVES, ids=lambda step: f"{step.source}-{step.target}")
def test_it_makes_every_move_of_the_table(step: Move) -> None:
    moved, event = move(
        ticket(step.source), source=step.source, target=step.target, actor="li", role="technician", at=NOON, note="ok"
    )
    assert moved.state == step.target
    assert (event.source, event.target, event.actor, event.note) == (step.source, step.target, "li", "ok")


@pytest.mark.parametrize(("source", "target"), list(product(STATES, STATES)))
def test_it_refuses_every_other_move(source: State, target: State) -> None:
    if target in targets(source):
        return
    with pytest.raises(MoveRefused) as refused:
        move(ticket(source), source=source, target=target, actor="li", role="dispatcher", at=NOON, note=None)
    assert refused.value.state == source


def test_it_refuses_who_acts_on_an_old_picture() -> None:
    with pytest.raises(MoveRefused) as refused:
        move(ticket("fixed"), source="new", target="accepted", actor="li", role="technician", at=NOON, note=None)
    assert refused.value.state == "fixed"
    assert "fixed" in refused.value.reason.en
    assert refused.value.reason.zh == "工单已修复，不再是待接单"


def test_it_gives_the_ticket_to_who_accepts_it_and_leaves_it_there() -> None:
    accepted, _ = move(
        ticket("new"), source="new", target="accepted", actor="li", role="technician", at=NOON, note=None
    )
    fixed, _ = move(accepted, source="accepted", target="fixed", actor="wang", role="dispatcher", at=NOON, note=None)
    assert fixed.assignee == "li"


def test_it_refuses_the_wrong_role(monkeypatch: pytest.MonkeyPatch) -> None:
    only = Move(source="new", target="accepted", roles=frozenset({"dispatcher"}))
    monkeypatch.setattr(tickets, "MOVES", (only,))
    with pytest.raises(RoleRefused):
        move(ticket("new"), source="new", target="accepted", actor="li", role="technician", at=NOON, note=None)


def test_every_ticket_can_come_to_an_end() -> None:
    reached, states = set[State](), [STATES[0]]
    while states:
        state = states.pop()
        reached.add(state)
        states += [target for target in targets(state) if target not in reached]
    assert reached & NOT_OPEN
    assert not any(targets(state) for state in NOT_OPEN)
