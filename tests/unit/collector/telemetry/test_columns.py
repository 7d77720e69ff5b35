"""What is packed comes out as it went in, to the last bit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.telemetry.columns import fit, pack_numbers, pack_run, unpack_numbers, unpack_run

WHOLE = st.integers(min_value=-(2**62), max_value=2**62)
DECIMAL = st.decimals(min_value=-100_000, max_value=100_000, places=2, allow_nan=False).map(float)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(WHOLE, min_size=1, max_size=50))
def test_whole_numbers_come_back(whole: list[int]) -> None:
    assert unpack_run(pack_run(whole)) == whole


@given(st.lists(st.one_of(DECIMAL, NUMBER), min_size=1, max_size=50))
def test_numbers_come_back_exactly(numbers: list[float]) -> None:
    assert unpack_numbers(pack_numbers(numbers)) == numbers


@given(st.lists(DECIMAL, min_size=1, max_size=50))
def test_decimals_need_no_doubles(numbers: list[float]) -> None:
    assert 0 <= fit(numbers)[0] <= 2
    assert pack_numbers(numbers).doubles == b""


def test_steps_take_the_narrowest_width_that_holds_them() -> None:
    widths = {limit: pack_run([0, limit]).width for limit in (127, 128, -128, -129, 32_767, 32_768, 2**31, -(2**31))}
    assert widths == {
        127: "b", 128: "h", -128: "b", -129: "h", 32_767: "h", 32_768: "i", 2**31: "q", -(2**31): "i",
    }  # fmt: skip


def test_a_number_of_many_digits_is_kept_as_it_is() -> None:
    assert fit([1 / 3]) == (-1, [])
    assert unpack_numbers(pack_numbers([1 / 3, 1e300, 0.1 + 0.2])) == [1 / 3, 1e300, 0.1 + 0.2]
