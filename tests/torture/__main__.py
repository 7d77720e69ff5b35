"""`make torture`: every ordeal for its full number of rounds; prints the table, writes build/torture.json.

`--share 0.1` runs a tenth of the rounds; names choose ordeals. Exit status 1 where a promise did not hold.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from dataclasses import asdict
from pathlib import Path

import msgspec

from tests.torture.crash_points import crash_points
from tests.torture.history_replay import history_replay
from tests.torture.kills import kill_agent, kill_broker, kill_office
from tests.torture.overload import overload
from tests.torture.power import cut_power, cut_simulated_power, kill_writer, refuse_at_random
from tests.torture.soak import soak
from tests.torture.toll import Ordeal, Toll, table

ORDEALS: dict[str, tuple[Ordeal, int]] = {
    "kill_agent": (kill_agent, 300),
    "kill_writer": (kill_writer, 100),
    "kill_office": (kill_office, 60),
    "kill_broker": (kill_broker, 60),
    "crash_points": (crash_points, 10),
    "power": (cut_power, 100),
    "simulated_power": (cut_simulated_power, 100),
    "refusing_disk": (refuse_at_random, 100),
    "overload": (overload, 3),
    "outage": (history_replay, 7),
    "soak": (soak, 4),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make torture")
    parser.add_argument("ordeals", nargs="*", choices=[*ORDEALS, []], help="all, unless some are named")
    parser.add_argument("--share", type=float, default=1.0, help="of the rounds of each")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    told = parser.parse_args()
    tolls = [suffer(name, told.share, told.seed) for name in told.ordeals or ORDEALS]
    build = Path("build")
    build.mkdir(exist_ok=True)
    report = {"seed": told.seed, "share": told.share, "tolls": [{**asdict(toll), "ok": toll.ok} for toll in tolls]}
    (build / "torture.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    sys.stdout.write(f"\nseed {told.seed}\n\n{table(tolls)}")
    return 0 if all(toll.ok for toll in tolls) else 1


def suffer(name: str, share: float, seed: str) -> Toll:
    ordeal, rounds = ORDEALS[name]
    began = time.monotonic()  # noqa: TID251 — how long a person has waited
    toll = ordeal(max(1, round(rounds * share)), f"{seed} {name}")
    waited = time.monotonic() - began  # noqa: TID251
    print(f"{name}: {toll.rounds} rounds in {waited:.0f} s, {'held' if toll.ok else 'BROKEN'}", flush=True)
    return toll


if __name__ == "__main__":
    raise SystemExit(main())
