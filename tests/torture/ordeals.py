"""All ordeals by name: how many rounds `make torture` runs of each, and the minutes after which it gives it up.

`python -m tests.torture.ordeals NAME ROUNDS SEED` runs one, and says on stdout as JSON what it cost.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass

import msgspec

from tests.torture.crash_points import crash_points
from tests.torture.history_replay import history_replay
from tests.torture.homecoming import come_home
from tests.torture.kills import kill_agent, kill_broker, kill_office
from tests.torture.overload import overload
from tests.torture.power import cut_power, cut_simulated_power, kill_writer, refuse_at_random
from tests.torture.rescue import rescue_ruined
from tests.torture.soak import soak
from tests.torture.toll import Ordeal

ALL_WITHIN_MINUTES = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`minutes` are twice what it takes on two quiet cores or more; in sum less than `ALL_WITHIN_MINUTES`."""

    ordeal: Ordeal
    rounds: int
    minutes: float


TRIALS = {
    "kill_agent": Trial(ordeal=kill_agent, rounds=300, minutes=18),
    "kill_writer": Trial(ordeal=kill_writer, rounds=100, minutes=3),
    "kill_office": Trial(ordeal=kill_office, rounds=60, minutes=5),
    "kill_broker": Trial(ordeal=kill_broker, rounds=60, minutes=5),
    "crash_points": Trial(ordeal=crash_points, rounds=10, minutes=9),
    "power": Trial(ordeal=cut_power, rounds=100, minutes=4),
    "simulated_power": Trial(ordeal=cut_simulated_power, rounds=100, minutes=2),
    "refusing_disk": Trial(ordeal=refuse_at_random, rounds=100, minutes=2),
    "ruined_outbox": Trial(ordeal=rescue_ruined, rounds=30, minutes=6),
    "overload": Trial(ordeal=overload, rounds=3, minutes=5),
    "outage": Trial(ordeal=history_replay, rounds=7, minutes=10),
    "homecoming": Trial(ordeal=come_home, rounds=1000, minutes=10),
    "soak": Trial(ordeal=soak, rounds=4, minutes=3),
}


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would not hear it
    name, rounds, seed = arguments
    toll = TRIALS[name].ordeal(int(rounds), seed)
    sys.stdout.write(f"\n{msgspec.json.encode(toll).decode()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
