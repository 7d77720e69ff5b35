"""Statistics over hours and days, with exact numbers; what is unknown; and that asking often changes nothing."""

from __future__ import annotations

import pytest

from edge_agent.contract.readings import Quality, Telemetry
from rules.segments import fork, join
from tests.unit.rules.followed import book_for, judged, number, says
from tests.unit.rules.judged import Said, freezer, said, telemetry

BAD: Said = Quality.PROBE_FAULT
NINE_OF_TEN: list[Said] = [BAD if n % 10 == 9 else 1.0 for n in range(160)]


def every(minutes: float, *values: Said, point: str = "temp_control") -> list[Telemetry]:
    return [telemetry(n * minutes, {point.replace("_", ".", 1): value}) for n, value in enumerate(values)]


SQUARE = every(10, *([-20.0, -20.0, -20.0, -10.0] * 36), -20.0)
"""A day of half hours at -20 and ten minutes at -10, and the report after it."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("avg(temp.control, 24h)", -17.5),
        ("min(temp.control, 24h)", -20.0),
        ("max(temp.control, 24h)", -10.0),
        ("spread(temp.control, 24h)", 10.0),
        ("share(temp.control > -15, 24h)", 0.25),
        ("minutes(temp.control > limit, 24h)", 350.0),
        ("avg(temp.control, 24h, temp.control < -15)", -20.0),
        ("max(temp.control, 24h, temp.control < -15)", -20.0),
        ("starts(temp.control > -15, 24h)", 35),
        ("covered(24h)", 0.9583),
        ("avg(temp.control - sp.effective, 24h)", None),
        ("slope(temp.control, 24h)", 0.0),
    ],
)
def test_a_statistic_of_a_day(text: str, expected: float | None) -> None:
    answer = number(text, SQUARE, limit=-15)
    assert answer == (None if expected is None else pytest.approx(expected, rel=0.01, abs=0.01))


def test_the_slope_of_what_rises_evenly_is_exact() -> None:
    told = every(10, *[n / 6 for n in range(145)])
    assert number("slope(temp.control, 24h)", told) == pytest.approx(1.0, rel=1e-3)
    assert number("slope(2 * temp.control, 12h)", told) == pytest.approx(2.0, rel=1e-3)


def test_mean_kinetic_temperature_weighs_the_warm_hours() -> None:
    """USP 1079: three of four at 20 °C and one at 30 °C make 23.6 °C and not 22.5."""
    told = every(10, *([20.0, 20.0, 20.0, 30.0] * 36), 20.0)
    assert number("mkt(temp.control, 24h)", told) == pytest.approx(23.64, abs=0.06)
    assert number("mkt(temp.control, 24h)", every(10, *[5.0] * 150)) == pytest.approx(5.0, abs=1e-5)


def test_nothing_is_said_before_enough_is_known() -> None:
    assert number("avg(temp.control, 24h)", SQUARE[:100]) is None
    assert number("avg(temp.control, 24h)", SQUARE[:118]) is not None
    assert number("covered(24h)", SQUARE[:73]) == pytest.approx(0.5, abs=0.01)


def test_a_condition_must_have_held_for_long_enough() -> None:
    told = [said(n * 10, out_compressor=n < 1, temp_control=1.0) for n in range(150)]
    assert number("avg(temp.control, 24h, out.compressor)", told) is None
    longer = [said(n * 10, out_compressor=n < 8, temp_control=1.0) for n in range(150)]
    assert number("avg(temp.control, 24h, out.compressor)", longer) == pytest.approx(1.0)


def test_what_stands_too_long_is_not_known() -> None:
    """Reports each 40 minutes cover half."""
    assert number("covered(24h)", every(40, *[1.0] * 40)) == pytest.approx(0.5, abs=0.03)
    assert number("avg(temp.control, 24h)", every(40, *[1.0] * 40)) is None


def test_a_bad_reading_covers_nothing() -> None:
    told = every(10, *[1.0 if n % 2 else BAD for n in range(160)])
    assert number("avg(temp.control, 24h)", told) is None
    assert number("avg(temp.control, 24h)", every(10, *NINE_OF_TEN)) == 1.0


def test_starts_count_what_begins_and_not_what_goes_on() -> None:
    on, off, bad = True, False, Quality.OUT_OF_RANGE
    flags: list[Said] = [off, on, on, off, bad, on, off, on, off, on] * 4
    told = every(2, *flags, point="out_compressor")
    assert number("starts(out.compressor, 1h)", told) == 12


def test_seven_days_are_as_cheap_as_one() -> None:
    book = book_for("avg(temp.control, 7d)", "avg(temp.control, 24h)")
    memory = judged(book, every(15, *[float(n % 2) for n in range(4 * 24 * 8)]))
    assert says(book, memory) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.5, abs=0.01))
    sizes = {len(rows) for rows in memory.history.past.values()}
    assert max(sizes) <= 24 * 8 + 40


def test_asking_more_often_does_not_change_what_is_said() -> None:
    book = book_for("avg(temp.control, 6h)", "slope(temp.control, 6h)", "max(temp.control, 6h)")
    changes = [said(n * 60, temp_control=float(n), out_fan=True) for n in range(12)]
    fans = [said(minute, out_fan=True) for minute in range(660) if minute % 60]
    repeated = [said(minute, temp_control=float(minute // 60)) for minute in range(661)]
    told = sorted([*changes, *fans], key=lambda each: each.at)
    assert says(book, judged(book, repeated)) == pytest.approx(says(book, judged(book, repeated[::5])), abs=1e-6)
    assert None in says(book, judged(book, told))


def test_since_and_lasting_count_minutes() -> None:
    flags = every(5, False, False, True, True, False, False, False, point="defrost_active")
    assert number("since(defrost.active)", flags[:2]) is None
    assert number("since(defrost.active)", flags[:4]) == 0
    assert number("since(defrost.active)", flags) == 10
    assert number("lasting(defrost.active)", flags) == 0
    assert number("lasting(defrost.active)", flags[:4]) == 5
    assert number("lasting(not defrost.active)", flags) == 10


def test_a_lost_poll_does_not_break_a_run_and_a_long_silence_does() -> None:
    gone = Quality.NO_ANSWER
    short = every(5, True, gone, gone, True, point="defrost_active")
    assert number("lasting(defrost.active)", short) == 15
    assert number("lasting(defrost.active)", short[:3]) is None
    long = every(5, True, gone, gone, gone, gone, gone, True, True, point="defrost_active")
    assert number("lasting(defrost.active)", long) == 5
    assert number("since(defrost.active)", every(45, True, False, False, point="defrost_active")) == 0


def test_a_lag_follows_as_goods_follow_the_air() -> None:
    """After one time constant 63 % of a step, after two 86 %."""
    told = every(10, *[0.0] * 10, *[10.0] * 19)
    assert number("lagged(temp.control, 90m)", told[:5]) is None
    assert number("lagged(temp.control, 90m)", told[:20]) == pytest.approx(6.32, abs=0.01)
    assert number("lagged(temp.control, 90m)", told) == pytest.approx(8.65, abs=0.01)


def test_statistics_stand_inside_each_other() -> None:
    told = every(10, *[float(n % 3) for n in range(300)])
    assert number("max(avg(temp.control, 1h), 24h)", told) == pytest.approx(1.0, abs=0.2)
    assert number("lasting(avg(temp.control, 3h) > 0.5)", told) == pytest.approx(2990 - 150, abs=15)


def test_two_rules_with_other_params_follow_other_things() -> None:
    book = book_for("share(temp.control > limit, 24h)", params={"limit": -15})
    other = book_for("share(temp.control > limit, 24h)", params={"limit": -30})
    assert says(book, judged(book, SQUARE)) == (pytest.approx(0.25, abs=0.01),)
    assert says(other, judged(other, SQUARE)) == (pytest.approx(1.0),)


def test_what_no_rule_asks_for_any_more_is_forgotten() -> None:
    book, other = book_for("avg(temp.control, 24h)"), book_for("avg(temp.control, 12h)")
    memory = judged(other, SQUARE[-1:], judged(book, SQUARE[:-1]))
    assert len(memory.tracked.marks) == 1
    assert memory.history.past == {}


def test_an_average_that_is_asked_for_later_begins_with_what_comes_then() -> None:
    """Both rest on the same sum, which the first has counted for hours."""
    book, other = book_for("avg(temp.control, 24h)"), book_for("avg(temp.control, 24h)", "avg(temp.control, 12h)")
    warm = [said(n * 5, temp_control=20.0 + n % 2) for n in range(12 * 30)]
    cold = [said(1800 + n * 5, temp_control=-20.0) for n in range(12 * 11)]
    both = judged(other, cold, judged(book, warm))
    day, half = says(other, both)
    assert half == pytest.approx(-20.0, abs=0.5)
    assert day == pytest.approx((11 * -20.0 + 12 * 20.5) / 23, abs=1.5)


def test_a_time_that_runs_is_looked_at_when_it_is_long_enough() -> None:
    """Nothing changes but the clock: the air counts from the first word after four minutes of the compressor."""
    book = book_for("avg(temp.control, 1h, lasting(out.compressor) >= 4)", "minutes(lasting(out.compressor) >= 4, 1h)")
    off, on = said(0, out_compressor=False, temp_control=3.0), said(61, out_compressor=True, temp_control=5.0)
    quiet = [said(61 + minutes, in_light=False) for minutes in (2, 4, 6, 10, 14, 18)]
    again = [said(n * 10, out_compressor=False, temp_control=3.0) for n in range(1, 7)]
    memory = judged(book, [off, *again, on, *quiet])
    assert says(book, memory)[1] == pytest.approx(14.0)
    assert says(book, memory)[0] == pytest.approx(5.0)


def test_what_a_device_never_tells_is_not_followed() -> None:
    book = book_for("avg(temp.control - temp.probe2, 1h, out.compressor)", "avg(temp.control, 1h, out.compressor)")
    plain = [said(n * 2, out_compressor=True, temp_control=2.0) for n in range(60)]
    memory = judged(book, plain)
    assert len(memory.tracked.stems) == 1
    told = [said(120 + n * 2, out_compressor=True, temp_control=2.0, temp_probe2=-8.0) for n in range(60)]
    assert says(book, judged(book, told, memory)) == (pytest.approx(10.0), pytest.approx(2.0))


def test_history_is_the_same_object_until_a_bucket_is_over() -> None:
    book = book_for("avg(temp.control, 24h)", "avg(temp.control, 3h)")
    before = judged(book, SQUARE[:38])
    within = judged(book, [said(375, temp_control=-3.0)], before)
    after = judged(book, [said(421, temp_control=-3.0)], within)
    assert within.history is before.history
    assert after.history is not before.history


@pytest.mark.parametrize("value", [1e300, -1e300, 10**400])
def test_what_nobody_can_have_measured_is_not_summed(value: float) -> None:
    told = every(10, *[1.0] * 150, value)
    assert number("avg(temp.control, 24h)", told) == 1
    assert number("max(temp.control + temp.control, 24h)", told) == 2
    assert number("lagged(temp.control, 90m)", told) is None


@pytest.mark.parametrize(
    ("mean", "other"),
    [
        ("avg(temp.control, 24h)", "max(temp.control, 24h)"),
        ("share(out.compressor, 1h)", "since(out.compressor)"),
        ("minutes(in.door, 24h)", "usual(in.door)"),
    ],
)
def test_a_mean_may_go_while_others_follow_the_same(mean: str, other: str) -> None:
    both, alone = book_for(mean, other), book_for(other)
    told = [said(n, temp_control=-20.0, out_compressor=n % 2 == 0, in_door=False) for n in range(20)]
    memory = judged(alone, [said(20, temp_control=-20.0)], judged(both, told))
    assert memory.at == said(20).at
    assert memory.tracked.stems == {}


def test_a_mean_that_is_asked_before_its_first_telemetry_knows_nothing_of_what_others_summed() -> None:
    """The door stood open for twenty hours, six days ago."""
    book, more = book_for("share(in.door, 24h)"), book_for("share(in.door, 24h)", "minutes(in.door, 6h)")
    memory = judged(book, [said(n, in_door=n < 1200) for n in range(0, 8640, 10)])
    live = judged(more, [said(n, in_door=False) for n in range(8640, 8700, 10)], fork(memory))
    joined = join(more, freezer(), memory, live).memory
    for known in (memory, joined, judged(more, [said(8700, in_door=False)], joined)):
        assert says(more, known)[1] in {None, 0.0}


@pytest.mark.parametrize("absurd", [1e25, 1e18, 6553.5])
def test_one_absurd_value_is_forgotten_with_its_length(absurd: float) -> None:
    book = book_for("avg(temp.control, 6h)", "mkt(temp.control, 6h)", "avg(temp.control, 24h)")
    values = [absurd if n in (10, 11) else -20.0 - n % 2 / 10 for n in range(360)]
    memory = judged(book, [said(n * 5, temp_control=value) for n, value in enumerate(values)])
    assert says(book, memory) == tuple([pytest.approx(-20.05, abs=0.02)] * 3)


@pytest.mark.parametrize(
    "text",
    [
        "minutes(lasting(temp.control > -10) > 30, 6h)",
        "minutes(lasting(held(in.door, 30m)) > 30, 6h)",
        "minutes(lasting(in.door and lasting(in.door) > 30) > 30, 6h)",
    ],
)
def test_a_time_that_runs_over_what_changes_by_itself_is_looked_at_too(text: str) -> None:
    before = [said(n, temp_control=-20.0, in_door=False) for n in range(0, 66, 5)]
    after = [said(66 + n, temp_control=-5.0, in_door=True) for n in range(0, 400, 5)]
    book = book_for(text)
    (minutes,) = says(book, judged(book, [*before, *after]))
    assert isinstance(minutes, float)
    assert minutes > 290


def test_a_point_that_came_by_a_late_word_does_not_stand_for_ever() -> None:
    book = book_for("minutes(temp.control > -30, 1h)", "lasting(temp.control > -30)")
    runs = [said(n, out_compressor=True) for n in range(400)]
    late = [*runs[:23], said(18, temp_control=-20.0), *runs[23:]]
    assert says(book, judged(book, late)) == (None, None)


@pytest.mark.parametrize("middle", [19, 20, 21])
def test_a_value_stands_for_twenty_minutes_whenever_others_are_told(middle: int) -> None:
    book = book_for("minutes(temp.control > -30, 3h)")
    told = [said(n, temp_control=-20.0) for n in range(-178, 1)]
    told += [said(middle, in_door=False), said(39, temp_control=-20.0)]
    assert says(book, judged(book, told))[0] == pytest.approx(180 - 19 - 6, abs=6)
