"""Two rule sets over the same recorded telemetry: what the candidate gains, loses and moves, and what that scores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from edge_agent.contract.readings import Telemetry
from rules.__main__ import main
from rules.book import RuleBook
from rules.scoring.backtest import Backtest, RuleSet, SideBySide, backtest_folder, compared, judge_alike
from rules.scoring.data import INVENTORY, TELEMETRY, StoreInventory, telemetry_line
from rules.scoring.fleet import judged_of
from rules.scoring.labels import FILE, Label, write_labels
from rules.scoring.replay import Replay, replay
from tests.unit.rules.judged import MINUTE, T0, book_in, freezer, rule_text, said

STORE = "store-1"
WARM, COLD = -5.0, -20.0
DEVICES = (freezer("freezer-1"), freezer("freezer-2"))
INVENTORY_OF = StoreInventory(store=STORE, devices=DEVICES)
SLOW = rule_text().replace("for: 30m", "for: 1h").replace("expect: pendingx3 active", "expect: pendingx4")
OTHER = rule_text(id_="refrigeration.very_warm").replace("limit: -12", "limit: -2")


def day(device: str, *warm: tuple[int, int]) -> list[Telemetry]:
    """Every five minutes; warm from so many minutes on until so many."""
    return [
        said(minute, device, temp_control=WARM if any(begin <= minute < end for begin, end in warm) else COLD)
        for minute in range(0, 24 * 60, 5)
    ]


POLLS = sorted(day("freezer-1", (60, 105), (300, 420)) + day("freezer-2", (600, 700)), key=lambda poll: poll.at)


def folder(path: Path, *rules: str) -> Path:
    path.mkdir(exist_ok=True)
    for number, text in enumerate(rules):
        (path / f"rule-{number}.yaml").write_text(text, encoding="utf-8")
    return path


def book(path: Path, *rules: str) -> RuleBook:
    path.mkdir()
    return book_in(path, *rules)


def recorded(path: Path, stores: Sequence[str] = (STORE,), labels: Iterable[Label] = ()) -> Path:
    path.mkdir()
    device = {"device_class": "refrigeration_case", "duty": "freezer"}
    listed = [{"id": one.id, **device} for one in DEVICES]
    lines = [json.dumps({"store": store, "devices": listed}) for store in stores]
    (path / INVENTORY).write_text("\n".join(lines), encoding="utf-8")
    (path / TELEMETRY).write_bytes(b"".join(telemetry_line(store, "s", 1, POLLS) for store in stores))
    if labels:
        write_labels(path / FILE, labels)
    return path


def side_by_side(present: RuleBook, candidate: RuleBook) -> Backtest:
    pair = SideBySide(present, candidate, INVENTORY_OF)
    for poll in POLLS:
        pair.take(poll)
    judged = [(judged_of(pair.present), judged_of(pair.candidate))]
    return compared(judged, None, {STORE: INVENTORY_OF}, (present, candidate))


def minutes(told: Iterable[object]) -> list[float]:
    return [(one.opened_at - T0) / MINUTE for one in told]  # type: ignore[attr-defined]  # tickets and alarms alike


def test_a_longer_hold_loses_what_was_short_and_tells_the_rest_later(tmp_path: Path) -> None:
    found = side_by_side(book(tmp_path / "a", rule_text()), book(tmp_path / "b", SLOW)).alarms
    assert minutes(found.present) == [90, 330, 630]
    assert (minutes(found.lost), found.gained) == ([90], ())
    assert [minutes(pair) for pair in found.kept] == [[330, 360], [630, 660]]


def test_a_rule_that_is_new_gains_and_one_that_is_gone_loses(tmp_path: Path) -> None:
    one, other = rule_text(), rule_text(id_="refrigeration.warm_too")
    found = side_by_side(book(tmp_path / "a", one), book(tmp_path / "b", other))
    assert {alarm.rule for alarm in found.alarms.gained} == {"refrigeration.warm_too"}
    assert {alarm.rule for alarm in found.alarms.lost} == {"refrigeration.too_warm"}
    assert len(found.tickets.gained) == len(found.tickets.lost) == 3


def test_a_ticket_is_the_same_whichever_rule_of_its_family_opened_it(tmp_path: Path) -> None:
    other = rule_text("family: cooling", id_="refrigeration.warm_too")
    found = side_by_side(book(tmp_path / "a", rule_text("family: cooling")), book(tmp_path / "b", other))
    assert (found.tickets.gained, found.tickets.lost, len(found.tickets.kept)) == ((), (), 3)
    assert len(found.alarms.gained) == 3


def test_what_both_judge_alike_is_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alike = book(tmp_path / "a", rule_text()), book(tmp_path / "b", rule_text())
    monkeypatch.setattr(Replay, "_judge", counting := Counting(Replay._judge))
    found = side_by_side(*alike)
    assert counting.calls == len(POLLS)
    assert (found.alarms.gained, found.alarms.lost, len(found.alarms.kept)) == ((), (), 3)


class Counting:
    def __init__(self, judge: object) -> None:
        self.judge, self.calls = judge, 0

    def __get__(self, replay: object, _owner: type) -> object:
        def judged(*given: object) -> object:
            self.calls += 1
            return self.judge(replay, *given)  # type: ignore[operator]  # the method it stands for

        return judged


def test_a_limit_of_one_device_is_judged_by_itself(tmp_path: Path) -> None:
    folder(tmp_path / "b", rule_text())
    limits = folder(tmp_path / "limits")
    (limits / "one.yaml").write_text(
        f"rule: refrigeration.too_warm\ndevices: {{{STORE}/freezer-2: {{limit: 0}}}}\n", encoding="utf-8"
    )
    present, candidate = (RuleSet(rules=tmp_path / "b", overrides=one).load() for one in (None, limits))
    assert [judge_alike(present, candidate, device, STORE) for device in DEVICES] == [True, False]
    assert [one.device for one in side_by_side(present, candidate).alarms.lost] == ["freezer-2"]


@pytest.mark.parametrize("candidate", [SLOW, OTHER, rule_text()], ids=["slower", "another", "the same"])
def test_each_side_is_as_a_replay_by_itself(tmp_path: Path, candidate: str) -> None:
    books = book(tmp_path / "a", rule_text()), book(tmp_path / "b", rule_text(), candidate.replace("too_warm", "x"))
    found = side_by_side(*books)
    alone = [replay(one, INVENTORY_OF, POLLS) for one in books]
    assert list(found.tickets.present) == alone[0].tickets
    assert list(found.tickets.candidate) == sorted(alone[1].tickets, key=lambda one: (one.opened_at, one.rule))


@pytest.mark.parametrize(("stores", "workers"), [((STORE,), 2), (("store-1", "store-2", "store-3"), 2)])
def test_a_folder_is_divided_among_processes(tmp_path: Path, stores: Sequence[str], workers: int) -> None:
    data = recorded(tmp_path / "data", stores)
    sets = RuleSet(rules=folder(tmp_path / "a", rule_text())), RuleSet(rules=folder(tmp_path / "b", SLOW))
    found = backtest_folder(data, *sets, workers)
    assert (found.stores, len(found.alarms.lost), found.present) == (len(stores), len(stores), None)
    assert found.readings == len(POLLS) * len(stores)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """With a label that only the present rules find."""
    monkeypatch.setenv("LC_ALL", "C")
    begin, end = T0 + 60 * MINUTE, T0 + 110 * MINUTE
    label = Label(store=STORE, device="freezer-1", fault="door_left_open", onset_at=begin, end_at=end)
    data = recorded(tmp_path / "data", labels=[label])
    given = {"data": data, "rules": folder(tmp_path / "a", rule_text()), "candidate": folder(tmp_path / "b", SLOW)}
    return ["backtest", "--workers", "1", *(word for name, path in given.items() for word in (f"--{name}", str(path)))]


def test_the_program_tells_rules_examples_and_score(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 stores, 1.0 store-days, 0.00 million readings"
    assert lines[2:6] == [
        "alarms 3 → 2",
        "rule                    present  candidate  gained  lost  sooner  later",
        "refrigeration.too_warm  3        2          0       1     0       2",
        "- 2026-07-15 03:30 store-1 freezer-1 refrigeration.too_warm ()",
    ]
    assert "- 2026-07-15 03:30 store-1 freezer-1 refrigeration.too_warm () ← door_left_open" in lines
    assert ["✗", "recall,", "sudden", "faults", "1.000", "0.000", "≥", "0.97"] in [line.split() for line in lines]


def test_the_program_speaks_json(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tickets"]["present"], told["tickets"]["candidate"]) == (3, 2)
    assert told["tickets"]["lost"][0]["fault"] == "door_left_open"
    assert told["score"][0] == {"name": "recall, sudden faults", "bar": 0.97, "present": 1.0, "candidate": 0.0}


def test_data_that_do_not_fit_together_are_said_as_the_score_says_them(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--json"]) == 0
    (nameless,) = capsys.readouterr().err.splitlines()
    assert "no cause of the rules is called door_left_open" in nameless
    data = Path(command[command.index("--data") + 1])
    (data / FILE).unlink()
    telemetry = data / TELEMETRY
    telemetry.write_bytes(telemetry.read_bytes() + telemetry_line(STORE, "s", 1, [said(1500, "freezer-7")]))
    assert main(command) == 0
    assert "freezer-7 (1)" in capsys.readouterr().err


def test_a_candidate_with_faults_is_refused(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (Path(command[-1]) / "rule-0.yaml").write_text("id: nothing", encoding="utf-8")
    assert main(command) == 1
    assert "rule-0.yaml:1" in capsys.readouterr().err


def test_a_store_that_no_inventory_names_is_named(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Path(command[command.index("--data") + 1]) / TELEMETRY
    telemetry.write_bytes(telemetry.read_bytes() + telemetry_line("store-9", "s", 1, POLLS[:1]))
    assert main(command) == 1
    assert f"{TELEMETRY}:2" in capsys.readouterr().err


def test_without_a_candidate_there_is_nothing_to_compare() -> None:
    with pytest.raises(SystemExit) as left:
        main(["backtest", "--data", "."])
    assert left.value.code == 2
