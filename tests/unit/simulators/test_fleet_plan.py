"""Which faults befall which stores of the fleet, and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from simulators.faults import KINDS, FaultKind, kind_of
from simulators.fleet.fleet import LEARNING, TUNING, FleetSpec, fleet
from simulators.fleet.plan import APART, KNOWN_AFTER, Episode, Ground, plan
from simulators.fleet.run import StoreRun
from simulators.store import GATEWAY, LINE_DOWN
from tests.unit.simulators.reference import REFERENCE

SPEC = FleetSpec(seed=TUNING, healthy=1, faulty=4, days=91, episodes=4)
RUNS = fleet(SPEC)
CLOGGED = kind_of("ac_filter_clogged", "ac_unit")


def episodes(run: StoreRun) -> tuple[Episode, ...]:
    return tuple(run.episodes)


def ground(outdoors: float) -> Ground:
    begin, end = RUNS[1].begin + LEARNING, RUNS[1].end
    return Ground(machines=REFERENCE.machines, begin=begin, end=end, outdoors=lambda _since, _until: outdoors)


def test_each_kind_has_as_many_episodes_as_are_asked_for() -> None:
    counts = Counter((one.kind.name, one.kind.on) for run in RUNS for one in episodes(run))
    assert counts == {(kind.name, kind.on): SPEC.episodes for kind in KINDS}


def test_healthy_stores_have_none_and_the_others_share_them() -> None:
    assert not RUNS[0].episodes
    assert all(abs(len(run.episodes) - len(KINDS)) < 10 for run in RUNS[1:])


def test_the_same_spec_is_the_same_fleet() -> None:
    assert [run.episodes for run in fleet(SPEC)] == [run.episodes for run in RUNS]


def test_nothing_is_wrong_before_the_usual_is_learned_nor_after_the_end() -> None:
    for run in RUNS:
        for one in run.episodes:
            assert (
                run.begin + LEARNING <= one.onset_at < one.observable_at <= one.mended_at <= run.end or one.kind.sudden
            )


def test_no_two_faults_of_a_device_hide_each_other() -> None:
    for run in RUNS:
        for device in {one.device for one in run.episodes}:
            own = [one for one in run.episodes if one.device == device]
            assert all(after.onset_at - before.mended_at >= APART for before, after in pairwise(own))


def test_a_fault_waits_for_the_season_in_which_its_machine_works() -> None:
    assert plan(ground(15.0), [CLOGGED], seed=1).left == (CLOGGED,)
    assert plan(ground(28.0), [CLOGGED], seed=1).left == ()
    assert plan(ground(2.0), [CLOGGED], seed=1).left == ()


def test_its_machine_has_worked_before() -> None:
    """Summer comes 40 days after the first."""
    summer = RUNS[1].begin + LEARNING + timedelta(days=30)
    warm = Ground(
        machines=REFERENCE.machines,
        begin=RUNS[1].begin + LEARNING,
        end=RUNS[1].end,
        outdoors=lambda since, _until: 27.0 if since >= summer else 15.0,
    )
    (one,) = plan(warm, [CLOGGED], seed=1).episodes
    assert one.onset_at >= summer + KNOWN_AFTER


def test_what_finds_no_room_is_left() -> None:
    kinds: list[FaultKind] = [CLOGGED] * 9
    planned = plan(ground(28.0), kinds, seed=1)
    assert len(planned.episodes) + len(planned.left) == 9
    assert planned.left


def test_food_that_was_too_warm_before_a_fault_is_not_its_doing() -> None:
    """The compressor of a case stops; hours later, the line to head office and, for a minute, the mains."""
    run = replace(RUNS[0], end=RUNS[0].begin + timedelta(hours=12), labels=[])
    at = {name: run.begin + timedelta(hours=hours) for name, hours in (("dead", 1), ("line", 7), ("mains", 9))}
    cases = (
        ("chiller-3", "compressor_dead", "refrigeration_case", at["dead"], timedelta(hours=10)),
        (GATEWAY, LINE_DOWN, "store", at["line"], timedelta(hours=1)),
        (GATEWAY, "store_power_cut", "store", at["mains"], timedelta(minutes=1)),
    )
    run.episodes = tuple(
        Episode(
            device=device,
            kind=kind_of(fault, on),
            onset_at=onset,
            over=timedelta(),
            severity=1.0,
            mended_at=onset + lasts,
        )
        for device, fault, on, onset, lasts in cases
    )
    for _ in run.heard():
        pass
    limits = {label.fault: label.product_limit_at for label in run.labels}
    assert limits["compressor_dead"] is not None
    assert limits["compressor_dead"] < at["line"]
    assert (limits[LINE_DOWN], limits["store_power_cut"]) == (None, None)
