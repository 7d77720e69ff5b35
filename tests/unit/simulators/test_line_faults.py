"""What each fault of a line makes of an answer, byte by byte."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.line_faults import (
    LATEST,
    Answer,
    FaultShare,
    Framing,
    LineFault,
    NoSuchFault,
    Sending,
    babble,
    draw,
    fault_share,
    faults_on,
    spoiled,
)
from tests.frames import crc, exception_reply, rtu, tcp, word_reply

PATIENCE = 0.3
RTU = Answer(framing=Framing.RTU, unit=3, pdu=word_reply(3, 100, 200), request=b"asked")
TCP = Answer(framing=Framing.TCP, unit=3, pdu=word_reply(3, 100, 200), transaction=7)
WHOLE = rtu(3, word_reply(3, 100, 200))
EITHER = pytest.mark.parametrize("answer", [RTU, TCP], ids=["rtu", "tcp"])
SEEDS = st.integers(0, 10_000)


def sent(answer: Answer, *faults: LineFault, seed: int = 1) -> tuple[Sending, ...]:
    return spoiled(answer, faults, Random(seed), PATIENCE)


def bytes_of(*faults: LineFault, answer: Answer = RTU, seed: int = 1) -> bytes:
    return b"".join(sending.data for sending in sent(answer, *faults, seed=seed))


def passes_crc(frame: bytes) -> bool:
    return crc(frame[:-2]).to_bytes(2, "little") == frame[-2:]


def test_an_answer_without_fault_is_the_frame_at_once() -> None:
    assert sent(RTU) == (Sending(after=0.0, data=WHOLE),)
    assert sent(TCP) == (Sending(after=0.0, data=tcp(7, 3, word_reply(3, 100, 200))),)


@EITHER
@pytest.mark.parametrize("fault", [LineFault.SILENCE, LineFault.MUTE, LineFault.STALE])
def test_a_silent_controller_sends_nothing(answer: Answer, fault: LineFault) -> None:
    assert sent(answer, fault) == ()


@given(SEEDS)
def test_a_delayed_answer_is_whole_and_comes_after_the_patience(seed: int) -> None:
    (only,) = sent(RTU, LineFault.DELAY, seed=seed)
    assert only.data == WHOLE
    assert PATIENCE < only.after <= 2 * PATIENCE


@given(SEEDS)
def test_a_late_answer_is_late_by_no_more_than_it_may(seed: int) -> None:
    (only,) = sent(RTU, LineFault.LATE, seed=seed)
    assert only.data == WHOLE
    assert PATIENCE <= only.after <= PATIENCE + LATEST


@given(SEEDS)
def test_an_answer_of_another_unit_is_a_sound_frame(seed: int) -> None:
    frame = bytes_of(LineFault.WRONG_UNIT, seed=seed)
    assert frame[0] != 3
    assert frame[1:-2] == WHOLE[1:-2]
    assert passes_crc(frame)


@given(SEEDS)
def test_another_transaction_is_all_that_is_wrong(seed: int) -> None:
    frame = bytes_of(LineFault.WRONG_TRANSACTION, answer=TCP, seed=seed)
    assert frame[:2] != TCP.frame[:2]
    assert frame[2:] == TCP.frame[2:]


@given(SEEDS)
def test_a_truncated_answer_lacks_its_end(seed: int) -> None:
    frame = bytes_of(LineFault.TRUNCATED, seed=seed)
    assert 0 < len(frame) < len(WHOLE)
    assert WHOLE.startswith(frame)


@given(SEEDS)
def test_a_damaged_answer_is_one_that_crc_16_tells(seed: int) -> None:
    frame = bytes_of(LineFault.CRC, seed=seed)
    assert len(frame) == len(WHOLE)
    assert not passes_crc(frame)


@given(SEEDS)
def test_noise_stands_around_the_answer(seed: int) -> None:
    heard = bytes_of(LineFault.NOISE, seed=seed)
    assert WHOLE in heard
    assert not heard.startswith(WHOLE)


@given(SEEDS)
def test_garbage_is_no_answer(seed: int) -> None:
    assert WHOLE not in bytes_of(LineFault.GARBAGE, seed=seed)


@given(SEEDS)
def test_a_refusal_is_a_sound_frame(seed: int) -> None:
    frame = bytes_of(LineFault.EXCEPTION, seed=seed)
    assert frame[:2] == bytes([3, 0x83])
    assert len(frame) == 5
    assert passes_crc(frame)


def test_a_busy_controller_says_so() -> None:
    assert bytes_of(LineFault.BUSY) == rtu(3, exception_reply(3, 6))


@given(SEEDS)
def test_a_trickle_is_whole_and_slow(seed: int) -> None:
    sendings = sent(RTU, LineFault.TRICKLE, seed=seed)
    assert b"".join(sending.data for sending in sendings) == WHOLE
    assert len(sendings) == len(WHOLE)
    assert sendings[-1].after <= 2 * PATIENCE


def test_an_echo_comes_before_the_answer() -> None:
    assert bytes_of(LineFault.ECHO) == b"asked" + WHOLE


@EITHER
def test_a_connection_is_closed_before_the_answer_is_whole(answer: Answer) -> None:
    (only,) = sent(answer, LineFault.CLOSED)
    assert only.hang_up
    assert len(only.data) < len(answer.frame)


def test_faults_add_up() -> None:
    (only,) = sent(RTU, LineFault.CRC, LineFault.LATE)
    assert only.after >= PATIENCE
    assert not passes_crc(only.data)


@pytest.mark.parametrize("fault", sorted(faults_on(Framing.RTU, socket=True)))
def test_the_same_seed_gives_the_same_fault(fault: LineFault) -> None:
    assert sent(RTU, fault, seed=9) == sent(RTU, fault, seed=9)


def test_babble_never_ends_and_keeps_its_share_of_the_time() -> None:
    heard = list(islice(babble(Random(1), 0.25), 1010))
    talking = sum(sending.after for sending in heard if sending.data)
    assert talking / sum(sending.after for sending in heard) == pytest.approx(0.25, abs=0.03)


def test_shares_are_drawn_as_often_as_they_say() -> None:
    mix = (fault_share("late:0.2"), fault_share("crc+late:0.1"))
    rng = Random(1)
    drawn = [draw(mix, rng) for _ in range(5000)]
    assert drawn.count((LineFault.LATE,)) == pytest.approx(1000, rel=0.1)
    assert drawn.count((LineFault.CRC, LineFault.LATE)) == pytest.approx(500, rel=0.15)
    assert drawn.count(()) == pytest.approx(3500, rel=0.1)


def test_a_fault_without_a_share_is_always_there() -> None:
    assert fault_share("silence") == FaultShare(faults=(LineFault.SILENCE,), share=1.0)


@pytest.mark.parametrize("text", ["", "no_such", "late:2", "late:-1", "late:x", "late+", "late:nan"])
def test_what_is_no_fault_is_told(text: str) -> None:
    with pytest.raises(NoSuchFault):
        fault_share(text)


def test_each_kind_of_line_has_its_own_faults() -> None:
    pty, socket, gateway = (
        faults_on(Framing.RTU, socket=False),
        faults_on(Framing.RTU, socket=True),
        faults_on(Framing.TCP, socket=True),
    )
    assert socket - pty == {LineFault.CLOSED, LineFault.MUTE}
    assert gateway - socket == {LineFault.WRONG_TRANSACTION, LineFault.STALE}
    assert socket - gateway == {LineFault.CRC, LineFault.ECHO, LineFault.BABBLE}
