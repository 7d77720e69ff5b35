"""A recorded fleet is read in every shape that the contract's messages may have, or its faults are named."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from configs.documents import Fault, Faulty
from edge_agent.contract.readings import Reading, Telemetry
from rules.__main__ import main
from rules.load import load_rules
from rules.scoring.data import (
    INVENTORY,
    TELEMETRY,
    StoreInventory,
    inventory_line,
    read_inventory,
    read_telemetry,
    telemetry_line,
)
from rules.scoring.fleet import Judged, Scored, score_folder, scored
from rules.scoring.labels import FILE, Label, read_labels, write_labels
from tests.unit.contract.released import STATUS

AT = datetime(2026, 7, 15, 4, tzinfo=UTC)
POLL = Telemetry(
    device="freezer-1", at=AT, boot="b", mono=1.0, clock_trusted=True, readings=(Reading(point="temp", value=3.5),)
)
BODY: dict[str, Any] = {
    "kind": "telemetry",
    "device": "freezer-1",
    "at": 1784088000000,
    "boot": "b",
    "mono": 1.0,
    "trusted": True,
    "good": {"temp": 3.5},
}
STATUS_BODY = {
    "kind": "status",
    "status": {
        "timezone": "Asia/Shanghai",
        "devices": [{"id": "freezer-1", "device_class": "refrigeration_case", "duty": "freezer"}],
    },
}
DEVICE = {"id": "freezer-1", "device_class": "refrigeration_case", "duty": "freezer"}


def write(folder: Path, name: str, *lines: object) -> None:
    (folder / name).write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")


def faults(read: Any, *given: Any) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as faulty:
        list(read(*given))
    return faulty.value.faults


@pytest.mark.parametrize(
    "line",
    [
        {"store": "s1", "stream": "x", "entries": [{"seq": 1, "body": BODY}]},
        {"store": "s1", "seq": 1, "body": BODY},
        {"store": "s1", **BODY},
    ],
    ids=["batch", "entry", "body"],
)
def test_telemetry_comes_as_batches_entries_or_bodies(tmp_path: Path, line: object) -> None:
    write(tmp_path, TELEMETRY, line)
    assert [one[:2] for one in read_telemetry(tmp_path)] == [("s1", POLL)]


@pytest.mark.parametrize(
    "body",
    [
        {"device": "freezer-1", "at": 1784088000000, "good": {"temp": 3.5}},
        {"device": "freezer-1", "at": 1784088000000.4, "good": {"temp": 3.5}},
        {"device": "freezer-1", "at": "2026-07-15T12:00:00+08:00", "good": {"temp": 3.5}},
        {"device": "freezer-1", "at": 1784088000000, "good": {"temp": 3.5, "temp.product": None}},
    ],
    ids=["as a historian has it", "in fractions", "RFC 3339", "null for what was not read"],
)
def test_telemetry_of_who_knows_no_boots_is_read_too(tmp_path: Path, body: object) -> None:
    write(tmp_path, TELEMETRY, {"store": "s1", **body}, {"store": "s1", "entries": [{"seq": 0, "body": body}]})  # type: ignore[dict-item]
    found = [one.telemetry for one in read_telemetry(tmp_path)]
    assert [(one.device, one.at, one.clock_trusted, one.readings) for one in found] == [
        (POLL.device, POLL.at, True, POLL.readings)
    ] * 2


def test_the_mark_that_some_programs_begin_a_file_with_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / TELEMETRY).write_text(json.dumps({"store": "s1", **BODY}), encoding="utf-8-sig")
    assert [one.telemetry for one in read_telemetry(tmp_path)] == [POLL]


def test_an_instant_without_a_zone_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, TELEMETRY, {"store": "s1", **BODY}, {"store": "s1", **BODY, "at": "2026-07-15T12:00:00"})
    (fault,) = faults(read_telemetry, tmp_path)
    assert (fault.line, "no zone" in fault.what.en) == (2, True)


@pytest.mark.parametrize(
    ("line", "what"),
    [({"store": "s1", "device": 7, "at": 1}, "device"), ({"store": "s9", **BODY}, "does not name the store")],
)
def test_a_line_that_cannot_be_judged_is_named_by_whichever_process_reads_it(
    tmp_path: Path, line: object, what: str
) -> None:
    write(tmp_path, INVENTORY, {"store": "s1", "devices": [DEVICE]}, {"store": "s2", "devices": [DEVICE]})
    write(tmp_path, TELEMETRY, {"store": "s1", **BODY}, line)
    write_labels(tmp_path / FILE, [])
    (fault,) = faults(score_folder, tmp_path, None, 2)
    assert (fault.line, what in fault.what.en) == (2, True)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    late = AT + timedelta(hours=1)
    packed = gzip.compress(telemetry_line("s1", "x", 7, [POLL, POLL], late))
    (tmp_path / f"{TELEMETRY}.gz").write_bytes(packed)
    (tmp_path / INVENTORY).write_bytes(inventory_line("s1", STATUS))
    assert [one[:2] for one in read_telemetry(tmp_path)] == [("s1", POLL)] * 2
    assert {one.arrived_at for one in read_telemetry(tmp_path)} == {late}
    assert read_inventory(tmp_path)["s1"].devices == STATUS.devices


def test_stores_that_are_not_wanted_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / TELEMETRY).write_bytes(telemetry_line("s1", "x", 1, [POLL]) + telemetry_line("s2", "x", 1, [POLL]))
    assert [one.store for one in read_telemetry(tmp_path, lambda store: store == "s2")] == ["s2"]


@pytest.mark.parametrize(
    "line",
    [
        {"store": "s1", "timezone": "Asia/Shanghai", "devices": [DEVICE]},
        {"store": "s1", "status": {"timezone": "Asia/Shanghai", "devices": [DEVICE]}},
        {"store": "s1", "seq": 1, "body": STATUS_BODY},
        {"store": "s1", "stream": "x", "entries": [{"seq": 1, "body": STATUS_BODY}]},
    ],
    ids=["bare", "status", "entry", "batch"],
)
def test_an_inventory_comes_bare_or_as_a_message(tmp_path: Path, line: object) -> None:
    write(tmp_path, INVENTORY, line)
    known = read_inventory(tmp_path)["s1"]
    assert (known.timezone, known.devices[0].duty, known.devices[0].name.en) == (
        "Asia/Shanghai",
        "freezer",
        "freezer-1",
    )


def test_a_line_that_is_no_message_is_named(tmp_path: Path) -> None:
    write(tmp_path, TELEMETRY, {"store": "s1", **BODY}, {"store": "s1", "kind": "weather"})
    (fault,) = faults(read_telemetry, tmp_path)
    assert (fault.line, fault.file.endswith(TELEMETRY)) == (2, True)


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in faults(read_inventory, tmp_path)[0].what.en


LABEL = Label(store="s1", device="d", fault="probe_open", onset_at=AT, product_limit_at=AT + timedelta(hours=1))


def test_labels_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_labels(tmp_path / FILE, [LABEL])
    assert read_labels(tmp_path / FILE) == (LABEL,)


@pytest.mark.parametrize(
    ("instant", "zoned"),
    [
        ("2026-07-15T04:00:00Z", True),
        ("2026-07-15 12:00:00+08:00", True),
        ("2026-07-15 04:00:00+00:00", True),
        ("1784088000000", True),
        ("1784088000000.0", True),
        ("1784088000", True),
        ("2026-07-15T04:00", False),
    ],
)
def test_instants_of_labels_are_rfc_3339_or_milliseconds_or_seconds(tmp_path: Path, instant: str, zoned: bool) -> None:
    (tmp_path / FILE).write_text(f"store,device,fault,onset_at\ns1,d,probe_open,{instant}\n", encoding="utf-8")
    (label,) = read_labels(tmp_path / FILE)
    assert (label.onset_at, label.zoned, label.line) == (AT, zoned, 2)


@pytest.mark.parametrize("nothing", ["", " ", "NaT", "nan", "None", "null", "-"])
def test_what_others_write_where_there_is_no_instant_is_none(tmp_path: Path, nothing: str) -> None:
    text = f"store,device,fault,onset_at,product_limit_at,end_at\ns1,d,x,2026-07-15T04:00Z,{nothing},{nothing}\n"
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    (label,) = read_labels(tmp_path / FILE)
    assert (label.product_limit_at, label.end_at) == (None, None)


@pytest.mark.parametrize("name", ["probe_open", "Probe open", "PROBE-OPEN ", '"probe, open"'])
def test_a_fault_may_be_written_as_people_write(tmp_path: Path, name: str) -> None:
    (tmp_path / FILE).write_text(f"store,device,fault,onset_at\ns1,d,{name},2026-07-15T04:00Z\n", encoding="utf-8")
    assert read_labels(tmp_path / FILE)[0].fault == "probe_open"


def test_a_fault_that_no_cause_is_called_is_named_before_the_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, INVENTORY, {"store": "s1", "devices": [DEVICE]})
    write(tmp_path, TELEMETRY, {"store": "s1", **BODY})
    rows = [f"s1,freezer-1,{fault},2026-07-15T00Z\n" for fault in ("probe_open", "probe_opened")]
    text = f"store,device,fault,onset_at\n{''.join(rows)}"
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert main(["score", "--data", str(tmp_path)]) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "probe_opened" in said
    assert said.endswith(("probe_open?", "probe_open？"))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("store,device,fault\n", 1, "no column onset_at"),
        ("store,device,fault,onset_at\ns1,d,probe_open,noon\n", 2, "noon"),
        ("store,device,fault,onset_at\ns1,d,probe_open,NaT\n", 2, "NaT"),
        ("store,device,fault,onset_at\ns1,d,probe_open,0001-01-01T00:00+08:00\n", 2, "0001-01-01"),
        ("store,device,fault,onset_at\ns1,d,probe_open,999999999999999\n", 2, "999999999999999"),
        ("store,device,fault,onset_at\ns1,,probe_open,2026-07-15\n", 2, "device is empty"),
        ("store,device,fault,onset_at,end_at\ns1,d,x,2026-07-15,2026-07-14\n", 2, "before its onset"),
    ],
)
def test_what_is_no_label_is_named_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    (fault,) = faults(read_labels, tmp_path / FILE)
    assert (fault.line, what in fault.what.en) == (line, True)


def test_what_is_no_label_is_said_in_chinese_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("store,device,fault,onset_at\ns1,,probe_open,noon\n", encoding="utf-8")
    (fault,) = faults(read_labels, tmp_path / FILE)
    assert fault.what.zh == "device 为空"
    write(tmp_path, TELEMETRY, {"store": "s1", **BODY, "at": "2026-07-15T04:00"})
    (fault,) = faults(read_telemetry, tmp_path)
    assert "没有时区" in fault.what.zh
    assert "no zone" not in fault.what.zh


def test_a_file_that_was_cut_short_is_named(tmp_path: Path) -> None:
    packed = gzip.compress(telemetry_line("s1", "x", 1, [POLL] * 50))
    (tmp_path / f"{TELEMETRY}.gz").write_bytes(packed[:-20])
    (fault,) = faults(read_telemetry, tmp_path)
    assert fault.file.endswith(TELEMETRY)


def test_an_inventory_without_stores_is_named(tmp_path: Path) -> None:
    (tmp_path / INVENTORY).write_text("", encoding="utf-8")
    (fault,) = faults(read_inventory, tmp_path)
    assert fault.what.en == "it names no store"


def test_data_that_do_not_fit_together_are_said_before_the_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, INVENTORY, {"store": "s1", "devices": [DEVICE, {"id": "x", "device_class": "fridge"}]})
    polls = [{"store": "s1", **BODY, "at": BODY["at"] + n * 60_000} for n in (0, 2, 1)]
    write(tmp_path, TELEMETRY, *polls, {"store": "s1", **BODY, "device": "freezer-7"})
    stranger = Label(store="s1", device="freezer-9", fault="probe_open", onset_at=AT)
    write_labels(tmp_path / FILE, [stranger, replace(stranger, device="freezer-1")])
    main(["score", "--data", str(tmp_path)])
    said = capsys.readouterr().err.splitlines()
    assert [any(word in line for line in said) for word in ("fridge", "freezer-7 (1)", "freezer-9")] == [True] * 3
    assert any(TELEMETRY in line and "1 " in line and "freezer" not in line for line in said)
    assert len(said) == 4


HEAD = "store,device,fault,onset_at,observable_at,product_limit_at,end_at\n"
BOOK = load_rules()
LISTED = StoreInventory(store="s1", devices=(replace(STATUS.devices[0], id="freezer-1"),))
JUDGED = Judged(store="s1", tickets=(), alarms=(), readings=3, length=timedelta(hours=2), first_at=AT)
BEGIN, LATER, LAST = "2026-07-15T04:00Z", "2026-07-15T05:00Z", "2026-07-15T06:00Z"


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        (["2026-07-15T04:00,,,"], "line 2: an instant without a zone, taken for UTC"),
        ([f"{BEGIN},,,2026-07-15T06:00"], "line 2: an instant without a zone, taken for UTC"),
        ([f"{BEGIN},,,{LAST}", f"{BEGIN},,,{LAST}", f"{LATER},,,", f"{BEGIN},,,{LAST}"], "line 3, 5: said before"),
        ([f"{LATER},{BEGIN},,"], "line 2: observable_at lies before onset_at"),
        ([f"{BEGIN},{LAST},,{LATER}"], "line 2: observable_at lies after end_at"),
        ([f"{LATER},,{BEGIN},"], "line 2: product_limit_at lies before onset_at"),
        (["2026-07-14T04:00Z,,,2026-07-14T05:00Z"], "1 faults of store 's1' lie outside its telemetry"),
        (["2026-07-16T04:00Z,,,"], "1 faults of store 's1' lie outside its telemetry"),
    ],
)
def test_labels_that_cannot_be_right_are_doubted_and_scored(tmp_path: Path, rows: list[str], doubt: str) -> None:
    found = scored_with(tmp_path, rows)
    assert [doubt in text.en for text in found.doubts] == [True]
    assert found.score.kinds[0].labels == len(set(rows))


@pytest.mark.parametrize(
    "row", [f"{BEGIN},{BEGIN},{LATER},{LAST}", f"{BEGIN},,{LAST},{LATER}", f"{LATER},,,", "2026-07-14T04:00Z,,,"]
)
def test_labels_as_honest_people_write_them_are_not_doubted(tmp_path: Path, row: str) -> None:
    assert scored_with(tmp_path, [row]).doubts == ()


def scored_with(folder: Path, rows: list[str], fault: str = "probe_open") -> Scored:
    """By the shipped rules, which have judged two hours and found nothing."""
    text = HEAD + "".join(f"s1,freezer-1,{fault},{row}\n" for row in rows)
    (folder / FILE).write_text(text, encoding="utf-8")
    return scored([JUDGED], read_labels(folder / FILE), {"s1": LISTED}, BOOK)


def test_a_store_of_which_nothing_is_told_is_doubted_and_no_healthy_store() -> None:
    silent = replace(JUDGED, store="s2", first_at=None, length=timedelta(0))
    label = replace(LABEL, device="freezer-1", product_limit_at=None)
    found = scored([JUDGED, silent], [label], {"s1": LISTED, "s2": LISTED}, BOOK)
    assert [text.en for text in found.doubts] == ["telemetry.jsonl: nothing is told of store 's2'"]
    assert found.score.healthy_false is None


def test_a_fault_creeps_where_its_cause_does(tmp_path: Path) -> None:
    there_at_once, growing = (scored_with(tmp_path, [f"{BEGIN},,,"], one) for one in ("probe_open", "probe_drifting"))
    assert (there_at_once.score.sudden_recall, there_at_once.score.creeping_recall) == (0.0, None)
    assert (growing.score.sudden_recall, growing.score.creeping_recall) == (None, 0.0)
