"""The life of a repair ticket: its states, and who may move it from which to which, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from edge_agent.contract.text import Text

State = Literal["new", "accepted", "fixed", "closed", "cancelled", "merged"]
Role = Literal["technician", "dispatcher"]
EventKind = Literal["opened", "moved", "recurred", "joined", "folded", "merged", "split", "cleared", "since_corrected"]

STATES: tuple[State, ...] = get_args(State)
ROLES: tuple[Role, ...] = get_args(Role)
NOT_OPEN: frozenset[State] = frozenset({"closed", "cancelled", "merged"})
STATE_NAMES: Mapping[State, Text] = {
    "new": Text(zh="待接单", en="new"),
    "accepted": Text(zh="处理中", en="accepted"),
    "fixed": Text(zh="已修复", en="fixed"),
    "closed": Text(zh="已关闭", en="closed"),
    "cancelled": Text(zh="已取消", en="cancelled"),
    "merged": Text(zh="已合并", en="merged"),
}
ROLE_NAMES: Mapping[Role, Text] = {
    "technician": Text(zh="维修技师", en="technician"),
    "dispatcher": Text(zh="调度", en="dispatcher"),
}
STOREWARDEN = "storewarden"
"""The actor of what no person did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """`assigns` makes whoever moves the ticket the one who works on it."""

    source: State
    target: State
    roles: frozenset[Role]
    assigns: bool = False


_EVERYBODY = frozenset(ROLES)

MOVES: tuple[Move, ...] = (
    Move(source="new", target="accepted", roles=_EVERYBODY, assigns=True),
    Move(source="accepted", target="fixed", roles=_EVERYBODY),
    Move(source="fixed", target="closed", roles=_EVERYBODY),
    Move(source="fixed", target="accepted", roles=_EVERYBODY, assigns=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One repair of one fault of one device. `fault` is the id of the rule that opened it, `family` that of its alarms:
    of a device and a family one ticket is open. `merged_into` is the ticket that it is part of once it is merged.

    `since` is when the fault began (`since_at_least`: or earlier, which is not known yet), `normal_since` when the
    alarm cleared while the ticket was open. `key_point` is the point that a person looks at first, with its value when
    the alarm was raised and the rule's limit for it.
    """

    id: int
    store: str
    device: str
    fault: str
    severity: str
    state: State
    title: Text
    since: datetime
    opened_at: datetime
    updated_at: datetime
    alarm_active: bool
    normal_since: datetime | None = None
    assignee: str | None = None
    key_point: str | None = None
    key_value: float | bool | str | None = None
    key_limit: float | None = None
    since_at_least: bool = False
    family: str = ""
    merged_into: int | None = None

    @property
    def open(self) -> bool:
        return self.state not in NOT_OPEN

    @property
    def number(self) -> str:
        return f"T{self.id:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One line of a ticket's history; `source` is None where the ticket began, and equals `target` where it stayed.

    `since` is the beginning of the fault as it was corrected to be.
    """

    at: datetime
    actor: str
    kind: EventKind
    source: State | None
    target: State
    note: str | None = None
    since: datetime | None = None


class MoveRefused(Exception):
    """The ticket stays in `state`; read it again and offer what its state allows."""

    def __init__(self, state: State, reason: Text) -> None:
        self.state = state
        self.reason = reason
        super().__init__(reason.en)


class RoleRefused(MoveRefused):
    """Somebody of another role has to make this move."""


def targets(state: State) -> tuple[State, ...]:
    """Where a ticket can go from `state`, in the order in which a page offers it."""
    return tuple(move.target for move in MOVES if move.source == state)


def move(
    ticket: Ticket, *, source: State, target: State, actor: str, role: Role, at: datetime, note: str | None
) -> tuple[Ticket, TicketEvent]:
    """The ticket after the move, and the line for its history. Raises MoveRefused.

    `source` is the state that the mover saw: who acts on an old picture is told so instead of being obeyed.
    """
    step = _step(ticket, source, target)
    if role not in step.roles:
        mover = ROLE_NAMES[role]
        raise RoleRefused(ticket.state, Text(zh=f"{mover.zh}不能做这一步", en=f"a {mover.en} may not make this move"))
    assignee = actor if step.assigns else ticket.assignee
    moved = replace(ticket, state=target, assignee=assignee, updated_at=at)
    return moved, TicketEvent(at=at, actor=actor, kind="moved", source=source, target=target, note=note)


def _step(ticket: Ticket, source: State, target: State) -> Move:
    now, seen, wanted = STATE_NAMES[ticket.state], STATE_NAMES[source], STATE_NAMES[target]
    if ticket.state != source:
        zh, en = f"工单{now.zh}，不再是{seen.zh}", f"the ticket is {now.en} now, no longer {seen.en}"
        raise MoveRefused(ticket.state, Text(zh=zh, en=en))
    for step in MOVES:
        if (step.source, step.target) == (source, target):
            return step
    zh, en = f"{seen.zh}的工单不能直接变为{wanted.zh}", f"a ticket that is {seen.en} cannot become {wanted.en}"
    raise MoveRefused(ticket.state, Text(zh=zh, en=en))
