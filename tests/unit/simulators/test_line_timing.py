"""When bytes are on the wire."""

from __future__ import annotations

import pytest

from simulators.line_faults import Sending
from simulators.line_timing import LineTiming

AT_9600 = LineTiming(baud=9600)


def test_a_character_has_eleven_bits() -> None:
    assert AT_9600.character == pytest.approx(1.1458e-3, rel=1e-4)


@pytest.mark.parametrize(("baud", "seconds"), [(9600, 3.5 * 11 / 9600), (19200, 3.5 * 11 / 19200), (115200, 0.00175)])
def test_a_frame_ends_with_the_silence_of_the_standard(baud: int, seconds: float) -> None:
    assert LineTiming(baud=baud).silence == pytest.approx(seconds)


def test_a_request_is_known_as_whole_after_its_bytes_and_the_silence() -> None:
    assert AT_9600.heard_after(8) == pytest.approx((8 + 3.5) * 11 / 9600)


def test_bytes_come_one_after_the_other() -> None:
    paced = AT_9600.paced((Sending(after=0.01, data=b"abc"),))
    assert [piece.data for piece in paced] == [b"a", b"b", b"c"]
    assert [piece.after for piece in paced] == pytest.approx([0.01 + n * AT_9600.character for n in (1, 2, 3)])


def test_an_adapter_may_hand_them_on_together() -> None:
    paced = LineTiming(baud=9600, grain=2).paced((Sending(after=0.0, data=b"abc"),))
    assert [piece.data for piece in paced] == [b"ab", b"c"]
    assert paced[-1].after == pytest.approx(3 * AT_9600.character)


def test_nothing_overtakes_what_is_still_being_sent() -> None:
    paced = AT_9600.paced((Sending(after=0.0, data=b"ab"), Sending(after=0.001, data=b"c", hang_up=True)))
    assert [piece.data for piece in paced] == [b"a", b"b", b"c", b""]
    assert paced[2].after == pytest.approx(3 * AT_9600.character)
    assert paced[3].hang_up
