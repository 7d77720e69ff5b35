"""A document knows its lines, and shows all that is wrong with it at once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from configs.documents import Document, Fault, Faulty, build, parse_document, read_document
from edge_agent.contract.text import Text

FILE = Path("store.yaml")
STORE = """\
# the store
store: demo-001
buses:
  line-a: {type: rtu, port: ttyS0}
devices:
  - id: freezer-1
    unit: 3
  - id: freezer-2
    unit: 4
"""


class Device(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    id: str
    unit: int = Field(ge=1, le=247)


class Store(BaseModel):
    model_config = ConfigDict(extra="forbid")
    store: str
    buses: dict[str, dict[str, str]]
    devices: list[Device]


def parsed(text: str = STORE) -> Document:
    return parse_document(FILE, text)


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as caught:
        build(Store, parsed(text))
    return caught.value.faults


def test_every_value_knows_its_line() -> None:
    document = parsed()
    assert document.line("store") == 2
    assert document.line("buses", "line-a", "port") == 4
    assert document.line("devices", 1, "unit") == 9


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    document = parsed()
    assert document.line("devices", 1, "profile") == 8
    assert document.line("devices", 7) == 5
    assert document.line("colour") == 2


def test_a_sound_document_becomes_a_model() -> None:
    assert build(Store, parsed()).devices[1] == Device(id="freezer-2", unit=4)


def test_a_part_of_it_becomes_a_model_with_its_own_lines() -> None:
    document = parsed(STORE.replace("unit: 4", "unit: 400"))
    with pytest.raises(Faulty) as caught:
        build(Device, document, document.data["devices"][1], at=("devices", 1))
    assert [fault.line for fault in caught.value.faults] == [9]


def test_all_faults_come_at_once_in_the_order_of_the_lines() -> None:
    text = STORE.replace("unit: 3", "unit: 300").replace("unit: 4", "unti: 4").replace("store: demo-001", "shop: x")
    found = faults(text)
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)
    assert {fault.line for fault in found} == {2, 7, 8, 9}


def test_a_fault_is_said_in_both_languages() -> None:
    (fault,) = faults(STORE.replace("unit: 3", "unit: 300"))
    assert fault.sentence("en").startswith("store.yaml:7: unit is 300 — ")
    assert fault.sentence("zh").startswith("store.yaml:7: unit 的值 300 不对")


def test_a_missing_key_is_named() -> None:
    (fault,) = faults(STORE.replace("  - id: freezer-2\n    unit: 4", "  - id: freezer-2"))
    assert fault.what.en == "unit is missing"
    assert fault.line == 8


def test_a_key_that_stands_twice_is_a_fault() -> None:
    with pytest.raises(Faulty) as caught:
        parsed(STORE + "store: demo-002\nbuses: {}\n")
    assert [fault.line for fault in caught.value.faults] == [10, 11]


def test_an_alias_stands_where_it_is_used() -> None:
    document = parsed("a: &x {unit: 1}\nb: *x\n")
    assert document.data == {"a": {"unit": 1}, "b": {"unit": 1}}
    assert document.line("b") == 2


def test_merged_keys_are_read() -> None:
    assert parsed("base: &b {unit: 1}\nc:\n  <<: *b\n  id: x\n").data["c"] == {"unit": 1, "id": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "a: [1, 2",
        "a: b: c",
        "\tx: 1",
        "a: !!python/name:os.system",
        "&a [*a]",
        "? [1, 2]\n: x",
        "on: 2026-02-31",
        "a: \x00",
        "[" * 2000,
    ],
)
def test_what_is_no_yaml_is_a_fault_with_a_line(text: str) -> None:
    with pytest.raises(Faulty) as caught:
        parsed(text)
    assert caught.value.faults[0].line >= 1


def test_a_fault_of_the_text_has_its_line() -> None:
    with pytest.raises(Faulty) as caught:
        parsed("store: demo-001\nname: \x07\n")
    assert caught.value.faults[0].line == 2


def test_an_empty_document_is_empty() -> None:
    assert parsed("").data is None
    assert parsed("# nothing yet\n").data is None


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Faulty) as caught:
        read_document(tmp_path / "missing.yaml")
    assert caught.value.faults[0].line == 1


def test_a_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("name: 门店\n".encode("gbk"))
    with pytest.raises(Faulty):
        read_document(tmp_path / "gbk.yaml")


def test_faults_are_sorted_and_made_one_message() -> None:
    one, two = (
        Fault(file="a.yaml", line=line, what=Text(zh="错", en="wrong"), fix=Text(zh="改", en="mend")) for line in (2, 1)
    )
    faulty = Faulty([one, two])
    assert faulty.faults == (two, one)
    assert str(faulty) == "a.yaml:1: wrong — mend\na.yaml:2: wrong — mend"


@given(st.text(max_size=80) | st.text(alphabet="{}[]:-,?!&*<>#\n ab1'\"", max_size=40))
def test_no_text_raises_anything_but_faulty(text: str) -> None:
    with suppress(Faulty):
        build(Store, parsed(text))


def test_it_refuses_aliases_that_grow_without_end() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(Faulty, match="more than 100000 values"):
        parsed(bomb)
