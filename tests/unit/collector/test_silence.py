"""Silence: of one store, of many at once, and of head office's own making, which is nobody's."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from collector.domain.silence import DEFAULT_AFTER, SETTLE, Ears, Heard, Verdict, judge_silence

AFTER = DEFAULT_AFTER.total_seconds()
NOW = 100_000.0
ALWAYS = Ears(open_since=0.0, looked_at=NOW)
CHAIN = [f"store-{number:03d}" for number in range(100)]


def heard(ago: dict[str, float], *, live: bool = True) -> dict[str, Heard]:
    """Seconds since each store was heard; the rest of the chain a moment ago."""
    return {store: Heard().at(NOW - ago.get(store, 5.0), live=live) for store in CHAIN}


def judged(
    past: dict[str, Heard], *, ears: Ears = ALWAYS, known: tuple[str, ...] = (), together: bool = False
) -> Verdict:
    return judge_silence(CHAIN, past, ears=ears, known=known, together=together, after=DEFAULT_AFTER)


def test_a_store_that_is_not_heard_for_long_enough_is_silent() -> None:
    assert judged(heard({"store-007": AFTER})).silent == ("store-007",)
    assert judged(heard({"store-007": AFTER - 1})).silent == ()


def test_a_store_that_speaks_with_its_status_only_is_never_near_it() -> None:
    """Every five minutes, and one of them was resent."""
    verdict = judged(heard(dict.fromkeys(CHAIN, 5 * 60 + 45.0)))
    assert verdict == Verdict(quiet=0, expected=100)


def test_it_is_said_once() -> None:
    assert judged(heard({"store-007": AFTER}), known=("store-007",)).silent == ()


def test_what_is_live_ends_it() -> None:
    assert judged(heard({"store-007": 1.0}), known=("store-007",)).heard == ("store-007",)


def test_history_does_not_end_it() -> None:
    past = heard({}) | {"store-007": Heard().at(NOW - 1, live=False)}
    assert judged(past, known=("store-007",)).heard == ()


def test_history_shows_that_a_store_is_not_silent_yet() -> None:
    past = heard({}) | {"store-007": Heard(live_at=NOW - 2 * AFTER, anything_at=NOW - 10)}
    assert judged(past).silent == ()


def test_a_store_that_was_never_heard_by_this_run_is_silent_from_its_start() -> None:
    """The database knows it: the collector was started again meanwhile."""
    past = heard({})
    del past["store-007"]
    assert judged(past, ears=Ears(open_since=NOW - AFTER + 1, looked_at=NOW)).silent == ()
    assert judged(past, ears=Ears(open_since=NOW - AFTER, looked_at=NOW)).silent == ("store-007",)


def test_nobody_is_silent_while_head_office_is_deaf() -> None:
    long_ago = heard(dict.fromkeys(CHAIN, 10 * AFTER))
    assert judged(long_ago, ears=Ears(open_since=None, looked_at=NOW)) == Verdict()
    assert judged(long_ago, ears=Ears(open_since=NOW - 60, looked_at=NOW)).silent == ()


def test_many_at_once_are_one_fault_and_not_theirs() -> None:
    verdict = judged(heard(dict.fromkeys(CHAIN[:40], AFTER)))
    assert (verdict.together, verdict.silent) == ("raised", ())
    assert (verdict.quiet, verdict.expected) == (40, 100)


def test_two_of_a_hundred_are_two() -> None:
    verdict = judged(heard(dict.fromkeys(CHAIN[:2], AFTER)))
    assert (verdict.together, verdict.silent) == (None, ("store-000", "store-001"))


def test_while_many_are_silent_no_single_one_is_said_to_be() -> None:
    verdict = judged(heard(dict.fromkeys(CHAIN[:40], 3 * AFTER)), together=True)
    assert (verdict.together, verdict.silent) == (None, ())


def test_those_that_stay_silent_get_their_own_once_most_are_heard_again() -> None:
    past = heard(dict.fromkeys(CHAIN[:3], 3 * AFTER))
    assert judged(past, together=True).together == "cleared"
    assert judged(past).silent == tuple(CHAIN[:3])


@given(st.lists(st.floats(0, 300), min_size=100, max_size=100))
def test_a_cut_of_the_whole_chain_is_one_fault_however_the_stores_last_spoke(spoke: list[float]) -> None:
    """Each spoke last within five minutes before the cut; head office looks every ten seconds."""
    said: list[Verdict] = []
    together, known = False, tuple[str, ...]()
    for step in range(int(AFTER + 310) // 10):
        now = NOW + step * 10
        past = {store: Heard().at(NOW - ago, live=True) for store, ago in zip(CHAIN, spoke, strict=True)}
        ears = Ears(open_since=0.0, looked_at=now)
        verdict = judge_silence(CHAIN, past, ears=ears, known=known, together=together, after=DEFAULT_AFTER)
        known += verdict.silent
        together = together or verdict.together == "raised"
        said.append(verdict)
    assert [one.together for one in said if one.together] == ["raised"]
    assert len(known) <= 9


def test_ears_are_open_from_the_moment_all_works_again() -> None:
    ears = Ears()
    for now, hearing in [(10.0, True), (20.0, True), (30.0, False), (40.0, True), (50.0, True)]:
        ears = ears.look(now, hearing=hearing)
    assert ears.open_since == 40.0


def test_a_pause_in_which_nobody_looked_is_one_in_which_nobody_heard() -> None:
    """The database refused for ten minutes, or the machine slept."""
    ears = Ears().look(10.0, hearing=True).look(20.0, hearing=True)
    assert ears.open_since == 10.0
    assert ears.look(20.0 + SETTLE / timedelta(seconds=1) + 1, hearing=True).open_since == 141.0
