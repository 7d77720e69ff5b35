"""Rules change under a running collector: sound ones judge the next message, others are refused and say so."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import build_opener

import pytest

from collector.store import tickets
from rules.load import load_rules
from simulators.broker import Broker
from tests.integration.collector.bench import STORE, TOO_WARM, Bench, poll, status, warm_freezer
from tests.integration.collector.test_program import Program, ShopLine, broker, program, until
from tests.unit.rules.judged import rule_text

__all__ = ["broker", "program"]

WARM = [(2 + turn, poll(turn * 10, -5.0)) for turn in range(4)]


@pytest.fixture
def rule(program: Program) -> Path:
    """A file of the rules of that collector: too warm after two hours."""
    (program.folder / "rules").mkdir()
    path = program.folder / "rules" / "rule.yaml"
    path.write_text(rule_text().replace("for: 30m", "for: 2h").replace("pendingx3 active", "pendingx4"))
    program.settings.write_text(program.settings.read_text() + "rules: ./rules\n")
    return path


@pytest.fixture
def shop(broker: Broker) -> Iterator[ShopLine]:
    line = ShopLine(broker, STORE)
    yield line
    line.close()


def test_the_limit_in_the_chart_is_the_one_that_was_judged_by(tmp_path: Path) -> None:
    (tmp_path / "limits.yaml").write_text(f"rule: {TOO_WARM}\nstores: {{{STORE}: {{limit: -7.5}}}}\n")
    bench = Bench(tmp_path / "c.sqlite", book=load_rules(overrides=tmp_path))
    bench.send((1, status()), *warm_freezer())
    with bench.database.reading() as connection:
        (placed,) = tickets.most_urgent(connection, only_open=True, limit=5)
    bench.database.close()
    assert placed.ticket.key_limit == -7.5


def logged(program: Program) -> str:
    return (program.folder / "log").read_text()


def page(program: Program, path: str) -> str:
    with build_opener().open(f"{program.address}{path}", timeout=5) as answer:
        return str(answer.read().decode())


def test_a_changed_rule_judges_on_from_what_is_remembered(program: Program, rule: Path, shop: ShopLine) -> None:
    program.start()
    shop.send((1, status()), *WARM[:-1])
    until(lambda: shop.acks)
    rule.write_text(rule_text())
    until(lambda: "rules read again rules=1 changed=refrigeration.too_warm" in logged(program))
    shop.send(WARM[-1])
    until(lambda: "ticket T000001 opened" in logged(program))
    assert program.end(signal.SIGTERM)[0] == 0


def test_faulty_rules_are_refused_at_once_where_a_reload_is_asked_for(program: Program, rule: Path) -> None:
    program.start()
    assert program.process
    rule.write_text("id: nothing\n")
    program.process.send_signal(signal.SIGHUP)
    until(lambda: "rules refused, those before go on" in logged(program))
    assert f"{rule}:1" in logged(program)
    assert '"rules":false' in page(program, "/readyz")
    assert "collector_rule_faults 0.0" not in page(program, "/metrics")
    assert program.end(signal.SIGTERM)[0] == 0
