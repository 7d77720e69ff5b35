"""Controllers of a line by unit, and what they send in time."""

from __future__ import annotations

import asyncio

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse

from simulators.controllers import Controllers, Manner, Reply, Sender
from simulators.line_faults import Framing, Sending, fault_share
from simulators.line_timing import LineTiming
from simulators.rtu_talk import RtuTalk
from tests.frames import rtu, word_reply
from tests.virtual_time import run_virtually

ASK = bytes.fromhex("03 0064 0001")
MIXED = Manner(faults=(fault_share("crc:0.5"), fault_share("late:0.3")))


class Same:
    def answer(self, request: ModbusPDU) -> ModbusPDU:
        return ReadHoldingRegistersResponse(registers=[request.address])


def controllers(seed: int = 0, manner: Manner = MIXED) -> Controllers:
    return Controllers({1: Same(), 2: Same()}, {1: manner, 2: manner}, seed)


def ask(given: Controllers, unit: int) -> Reply:
    return given.reply(Framing.RTU, unit, 0, ASK, rtu(unit, ASK))


def test_a_unit_has_the_same_faults_whoever_is_asked_between() -> None:
    alone, among_others = controllers(), controllers()
    for _ in range(20):
        ask(among_others, 2)
        assert ask(alone, 1) == ask(among_others, 1)


def test_another_seed_has_other_faults() -> None:
    one, other = controllers(1), controllers(2)
    assert [ask(one, 1) for _ in range(20)] != [ask(other, 1) for _ in range(20)]


def test_nobody_answers_for_a_unit_that_is_not_there() -> None:
    assert ask(controllers(), 9) == Reply()


def test_a_controller_may_get_well() -> None:
    given = controllers(manner=Manner(faults=(fault_share("silence"),)))
    assert ask(given, 1).sendings == ()
    given.behave(1, Manner())
    assert ask(given, 1).sendings == (Sending(after=0.0, data=rtu(1, word_reply(3, 100))),)


def test_a_gateway_ends_one_answer_before_it_begins_the_next() -> None:
    async def play() -> bytes:
        sent = bytearray()
        sender = Sender(sent.extend, lambda: None, in_turn=True)
        sender.play([Sending(after=0.1 * index, data=b"slow"[index : index + 1]) for index in range(4)], 0.0)
        sender.play([Sending(after=0.15, data=b"late")], 0.0)
        await asyncio.sleep(1)
        return bytes(sent)

    assert run_virtually(play) == b"slowlate"


def test_what_was_still_to_come_is_never_sent_after_the_end() -> None:
    async def play() -> bytes:
        sent = bytearray()
        sender = Sender(sent.extend, lambda: None)
        sender.play([Sending(after=0.1, data=b"first"), Sending(after=0.3, data=b"second")], 0.0)
        await asyncio.sleep(0.2)
        sender.close()
        await asyncio.sleep(1)
        return bytes(sent)

    assert run_virtually(play) == b"first"


def test_answers_that_overlap_on_a_line_collide() -> None:
    """The late answer of one unit is still on the wire when that of another begins: nobody takes turns."""

    async def play() -> bytes:
        sent = bytearray()
        timing = LineTiming(baud=9600)
        manners = {1: Manner(turnaround=0.030), 2: Manner(turnaround=0.001)}
        talk = RtuTalk(Controllers({1: Same(), 2: Same()}, manners), sent.extend, timing=timing)
        talk.hear(rtu(1, ASK))
        await asyncio.sleep(0.025)
        talk.hear(rtu(2, ASK))
        await asyncio.sleep(1)
        await talk.close()
        return bytes(sent)

    sent = run_virtually(play)
    frames = [rtu(unit, word_reply(3, 100)) for unit in (1, 2)]
    assert sorted(sent) == sorted(b"".join(frames))
    assert not all(frame in sent for frame in frames)
