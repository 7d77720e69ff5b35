"""What a device refuses is found, remembered and asked again one day."""

from __future__ import annotations

from functools import partial

import pytest

from edge_agent.bus.notebook import Notebook
from edge_agent.contract.readings import Quality
from edge_agent.core.plan import ReadRequest
from edge_agent.core.profile import Poll, WordType
from edge_agent.drivers.base import NoAnswer, Refused
from tests.unit.edge_agent.points import CASE_IN_BLOCKS, device_of, point, profile_of
from tests.unit.edge_agent.poller_bench import Bench, bench_of, qualities


def test_a_point_that_the_model_does_not_have_is_refused_once() -> None:
    bench = Bench()
    del bench.line.words[20]
    told = bench.turn()
    assert qualities(told)["alarm.probe_control"] is Quality.REFUSED
    assert qualities(told)["temp.control"] is Quality.GOOD
    bench.turn(10.0)
    assert (3, 20) not in bench.line.asked
    assert bench.poller.health().refusals == 1


def test_a_refused_block_is_cut_until_all_that_is_there_is_read() -> None:
    bench = bench_of(CASE_IN_BLOCKS)
    del bench.line.words[11]
    told = qualities(bench.turn())
    assert told["temp.control"] is Quality.GOOD
    assert told["state.mode"] is Quality.REFUSED
    bench.turn(10.0)
    assert bench.line.asked == [(3, 10), (3, 20)]


def test_what_was_refused_is_known_after_a_restart_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    notebook = Notebook()
    for _ in range(2):
        bench = Bench(notebook=notebook)
        del bench.line.words[20]
        bench.turn()
    assert (3, 20) not in bench.line.asked
    assert caplog.text.count("is refused and asked ever more seldom") == 1


def test_what_stays_refused_is_asked_again_ever_more_seldom() -> None:
    bench = Bench()
    del bench.line.words[20]
    bench.turns(86_400.0, step=100.0)
    assert bench.poller.health().refusals == 7
    bench.turns(10 * 86_400.0, step=900.0)
    assert bench.poller.health().refusals == 17


@pytest.mark.parametrize("after", [0.0, 100_000.0])
def test_what_was_refused_while_a_controller_started_is_there_a_minute_later(
    after: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    bench.turns(after, step=1000.0)
    bench.line.fails = lambda *_: Refused(2)
    bench.turn(1000.0)
    bench.line.fails = lambda *_: None
    told = qualities(bench.turns(80.0, step=10.0))
    assert told["temp.control"] is told["alarm.probe_control"] is Quality.GOOD
    assert caplog.text.count("point is asked again device=freezer-1 point=temp.control") == 1


def _lost_at(address: int, _: int, request: ReadRequest) -> Exception | None:
    return NoAnswer("lost") if request.start == address else None


def test_half_of_what_a_controller_tells_of_itself_is_no_other_controller(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    names = ("info.order_no", "info.sw_version")
    told = (point(name, at, type=WordType.U16, poll=Poll.ONCE) for at, name in enumerate(names, 40))
    notebook, device = Notebook(), device_of(profile_of(point("temp.control", 10, poll=Poll.FAST), *told))
    for lost in (0, 41):
        bench = Bench(device, notebook=notebook)
        bench.line.words[41] = 5
        bench.line.fails = partial(_lost_at, lost)
        bench.turns(60.0, step=10.0)
    assert "has been exchanged" not in caplog.text


def test_a_controller_of_another_firmware_is_learned_anew() -> None:
    notebook = Notebook()
    bench = Bench(notebook=notebook)
    del bench.line.words[20]
    bench.turn()
    bench = Bench(notebook=notebook)
    bench.line.words[40] = 8524
    bench.turn()
    assert qualities(bench.turn(10.0))["alarm.probe_control"] is Quality.GOOD


def test_a_passing_refusal_is_forgotten() -> None:
    bench = Bench()
    bench.line.fails = lambda _, request: Refused(4) if request.start == 10 else None
    assert qualities(bench.turn())["temp.control"] is Quality.REFUSED
    bench.line.fails = lambda *_: None
    assert qualities(bench.turns(10.0))["temp.control"] is Quality.GOOD
