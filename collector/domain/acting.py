"""What operators may do to alarms, devices and rules, and who of them, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from collector.domain.tickets import ROLE_NAMES, ROLES, Role
from edge_agent.contract.text import Text

Action = Literal[
    "acknowledge",
    "reset",
    "shelve",
    "shelve_food",
    "unshelve",
    "mask",
    "unmask",
    "take_out",
    "put_back",
    "shadow",
    "go_live",
    "code",
]

_EVERYBODY, _DISPATCHER = frozenset(ROLES), frozenset[Role]({"dispatcher"})

WHO_MAY: Mapping[Action, frozenset[Role]] = {
    "acknowledge": _EVERYBODY,
    "reset": _EVERYBODY,
    "shelve": _EVERYBODY,
    "shelve_food": _DISPATCHER,
    "unshelve": _EVERYBODY,
    "mask": _DISPATCHER,
    "unmask": _EVERYBODY,
    "take_out": _EVERYBODY,
    "put_back": _EVERYBODY,
    "shadow": _DISPATCHER,
    "go_live": _DISPATCHER,
    "code": _EVERYBODY,
}
"""What hides alarms from others, or food at risk from everybody, is a dispatcher's; what brings them back is not."""


class ActionRefused(Exception):
    """Nothing was changed; read the alarm again and offer what can be done with it."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


class NotYours(ActionRefused):
    """Somebody of another role has to do this."""


def permit(action: Action, role: Role) -> None:
    """Raises NotYours."""
    if role not in WHO_MAY[action]:
        actor = ROLE_NAMES[role]
        raise NotYours(Text(zh=f"{actor.zh}不能做这一步", en=f"a {actor.en} may not do this"))
