"""`make simulate SEED=7 DAYS=30`: one run, repeated exactly by its seed. `--hours 1`: new seeds for so long."""

from __future__ import annotations

import argparse
import logging
import secrets
import time
import traceback
from dataclasses import asdict

from tests.simulation.ledger import Broken
from tests.simulation.world import Outcome, simulate
from tests.torture.soak import soak

HOUR_S = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--stores", type=int, default=1)
    parser.add_argument("--hours", type=float, default=0.0, help="run new seeds for so long")
    parser.add_argument("--weeks", type=int, default=0, help="weigh the process after each of so many weeks")
    parser.add_argument("--verbose", action="store_true", help="what the programs log")
    told = parser.parse_args()
    logging.basicConfig(level=logging.INFO if told.verbose else logging.CRITICAL + 1)
    if told.weeks:
        toll = soak(told.weeks, told.seed)
        print(toll.figures)
        return 0 if toll.ok else 1
    if not told.hours:
        return 0 if play(told.seed, told.days, told.stores) else 1
    until = time.monotonic() + told.hours * HOUR_S  # noqa: TID251 — how long a person wants to wait
    whole = True
    while time.monotonic() < until:  # noqa: TID251
        whole = play(secrets.token_hex(4), told.days, told.stores) and whole
    return 0 if whole else 1


def play(seed: str, days: int, stores: int) -> bool:
    began = time.process_time()
    try:
        outcome = simulate(seed, days, stores)
    except Broken as broken:
        print(f"seed {seed}: {broken}", flush=True)
        return False
    except Exception:  # noqa: BLE001 — whatever a program of ours raised is a finding, and is worth its seed
        print(f"seed {seed}: {traceback.format_exc()}", flush=True)
        return False
    print(f"seed {seed}: {_told(outcome)}, {time.process_time() - began:.0f} s of CPU", flush=True)
    return True


def _told(outcome: Outcome) -> str:
    return ", ".join(f"{name} {value}" for name, value in asdict(outcome).items())


if __name__ == "__main__":
    raise SystemExit(main())
