"""What the bytes after a question say, and what all that was heard says about a line."""

from __future__ import annotations

import pytest

from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import SerialFormat, Table
from edge_agent.drivers.modbus import expected_of, rtu_frame
from edge_agent.tools.heard import Heard, Sound, hear_rtu
from edge_agent.tools.search import (
    Findings,
    LineVerdict,
    Verdict,
    answers_to_all,
    formats,
    judge,
    line_verdict,
    rest_of,
    rounds,
)
from tests.frames import exception_reply, rtu, word_reply

ASKED = ReadRequest(table=Table.HOLDING, start=0, count=1, points=())
EXPECTED, QUESTION = expected_of(3, ASKED), rtu_frame(3, ASKED)
WHOLE = rtu(3, word_reply(3, 7))
ANSWER, GARBAGE = Heard(sound=Sound.ANSWER), Heard(sound=Sound.GARBLED)
LINE = SerialFormat(baud=9600, parity="E", stop_bits=1)


def heard(received: bytes) -> Heard:
    return hear_rtu(received, EXPECTED, QUESTION)


@pytest.mark.parametrize(
    ("received", "sound"),
    [
        (WHOLE, Sound.ANSWER),
        (QUESTION + WHOLE, Sound.ANSWER),
        (b"\x55\xaa" + WHOLE, Sound.ANSWER),
        (rtu(3, exception_reply(3, 2)), Sound.REFUSAL),
        (rtu(3, exception_reply(3, 11)), Sound.SILENCE),
        (WHOLE + rtu(3, word_reply(3, 8)), Sound.TWICE),
        (rtu(4, word_reply(3, 7)), Sound.STRANGER),
        (WHOLE[:-1] + b"\0", Sound.GARBLED),
        (QUESTION, Sound.SILENCE),
        (b"", Sound.SILENCE),
    ],
)
def test_it_tells_apart_what_follows_a_question(received: bytes, sound: Sound) -> None:
    assert heard(received).sound is sound


def test_it_keeps_words_codes_strangers_and_noise() -> None:
    assert heard(WHOLE).words == (7,)
    assert heard(rtu(3, exception_reply(3, 2))).code == 2
    assert heard(rtu(4, word_reply(3, 7)) + WHOLE).strangers == (4,)
    assert heard(b"\x55\xaa" + WHOLE).noise == 2


@pytest.mark.parametrize(
    ("sounds", "verdict"),
    [
        ([ANSWER], Verdict.PRESENT),
        ([ANSWER] * 20 + [GARBAGE], Verdict.NOISY),
        ([ANSWER, GARBAGE, GARBAGE], Verdict.SHARED),
        ([ANSWER, Heard(sound=Sound.TWICE)], Verdict.SHARED),
        ([GARBAGE] * 4, Verdict.GARBLED),
        ([Heard(sound=Sound.SILENCE)], Verdict.ABSENT),
        ([], Verdict.ABSENT),
    ],
)
def test_a_unit_is_judged_by_all_that_it_said(sounds: list[Heard], verdict: Verdict) -> None:
    assert judge(sounds) is verdict


def test_one_question_that_is_always_garbled_means_two_devices() -> None:
    assert judge([ANSWER] * 20 + [GARBAGE], stuck=True) is Verdict.SHARED


def test_a_line_is_judged_by_the_best_that_was_heard_on_it() -> None:
    assert line_verdict(Findings()) is LineVerdict.SILENT
    assert line_verdict(Findings(garbled_at={LINE: 3})) is LineVerdict.GARBLED
    assert line_verdict(Findings(heard={3: [GARBAGE]})) is LineVerdict.GARBLED
    assert line_verdict(Findings(heard={3: [GARBAGE], 4: [ANSWER]})) is LineVerdict.FOUND


def test_the_expected_format_comes_first_and_none_twice() -> None:
    tried = formats([SerialFormat(baud=19200, parity="N", stop_bits=1)], quick=False)
    assert (tried[0].baud, tried[0].parity) == (19200, "N")
    assert len(tried) == len(set(tried)) == 15
    assert [(one.baud, one.parity) for one in formats([], quick=True)][:2] == [(9600, "E"), (9600, "N")]


def test_likely_units_come_first_in_every_format_then_all_others() -> None:
    plan = rounds([LINE, None], range(1, 248), [200], quick=False)
    assert plan[0].units[:2] == (200, 1)
    assert [len(one.units) for one in plan] == [18, 18, 229, 229]
    assert len(rounds([LINE], range(1, 248), [], quick=True)) == 1
    assert rounds([LINE], range(100, 104), [], quick=False)[0].units == (100, 101, 102, 103)


def test_the_estimate_is_the_time_of_a_line_where_nobody_answers() -> None:
    (one,) = rounds([LINE], range(1, 11), [], quick=True)
    assert one.seconds(0.25) == pytest.approx(10 * (0.25 + 20 * 11 / 9600))
    assert rest_of(LINE, range(1, 6), [2, 3]).units == (1, 4, 5)


def test_a_device_that_answers_to_every_unit_id_is_one() -> None:
    assert answers_to_all({unit: [ANSWER] for unit in range(1, 9)})
    assert not answers_to_all({unit: [ANSWER] for unit in range(1, 8)})
    assert not answers_to_all({unit: [Heard(sound=Sound.ANSWER, words=(unit,))] for unit in range(1, 9)})
    assert not answers_to_all({unit: [Heard(sound=Sound.SILENCE)] for unit in range(1, 9)})
