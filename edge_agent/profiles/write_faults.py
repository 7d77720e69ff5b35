"""What can be wrong with the writes of a profile: where they go, what bounds them, and what must never be written."""

from __future__ import annotations

from collections.abc import Iterator

from configs.documents import Document, Fault
from edge_agent.contract.text import Text
from edge_agent.core.profile import Address, Table
from edge_agent.profiles.document import ProfileDocument
from edge_agent.profiles.point_document import address_of
from edge_agent.profiles.point_faults import condition_faults, names_of, nearest, reach_faults
from edge_agent.profiles.write_document import WriteDocument, forbidden_of

_FUNCTIONS = {Table.COIL: frozenset({5, 15}), Table.HOLDING: frozenset({6, 16})}


def write_faults(settings: ProfileDocument, document: Document) -> Iterator[Fault]:
    for name, write in settings.writes.items():
        yield from _place_faults(settings, document, name, write)
        yield from _code_faults(settings, document, name, write)
        yield from _rest_faults(settings, document, name, write)
    for index, setup in enumerate(settings.setup):
        yield from reach_faults(settings, document, ("setup", index), "setup", (address_of(setup.at), 0, 1))


def _place_faults(settings: ProfileDocument, document: Document, name: str, write: WriteDocument) -> Iterator[Fault]:
    address = _address(settings, name, write)
    if address is None or write.function not in _FUNCTIONS.get(address.table, frozenset()):
        what = Text(zh=f"{name} 不能这样写入", en=f"{name} cannot be written there with function {write.function}")
        fix = Text(
            zh="线圈用 5 或 15,保持寄存器用 6 或 16;不读的点要写 at",
            en="coils take 5 or 15, holding registers 6 or 16; a point that is not read needs `at`",
        )
        yield document.fault(("writes", name), what, fix)
        return
    yield from reach_faults(settings, document, ("writes", name), name, (address, write.stride, 1))
    words = settings.points[name].type_of().words if name in settings.points and not address.table.bits else 1
    if any(one.touches(address.table, address.number, words) for one in forbidden_of(settings.never_write)):
        what = Text(zh=f"{name} 在禁写区内", en=f"{name} stands where never_write forbids it")
        fix = Text(zh="请核对地址", en="check the address; what may be written is not forbidden")
        yield document.fault(("writes", name), what, fix)


def _code_faults(settings: ProfileDocument, document: Document, name: str, write: WriteDocument) -> Iterator[Fault]:
    needs_codes = write.kind in {"coded", "pulse"} or name not in settings.points
    if (needs_codes and not write.codes) or (write.kind == "masked") != (write.mask is not None):
        what = Text(zh=f"{name} 没说写入什么", en=f"it is not said what {name} writes")
        fix = Text(
            zh="coded、pulse 和不读的点要写 codes,masked 要写 mask",
            en="coded, pulse and points that are not read need codes, masked needs a mask",
        )
        yield document.fault(("writes", name), what, fix)


def _rest_faults(settings: ProfileDocument, document: Document, name: str, write: WriteDocument) -> Iterator[Fault]:
    limits = write.limits
    for key, source in (("low_from", limits.low_from), ("high_from", limits.high_from)):
        numbers = names_of(settings.points, "number")
        if source and source not in numbers:
            what = Text(
                zh=f"{name} 的限值取自 {source},本设备没有", en=f"{name} is bounded by {source}, which is not read"
            )
            yield document.fault(("writes", name, "limits", key), what, nearest(source, numbers))
    read = [*settings.points, *settings.derived]
    if write.read_back and write.read_back.point not in read:
        what = Text(zh=f"{name} 的回读点不存在", en=f"{name} is read back from a point that is not read")
        yield document.fault(("writes", name, "read_back"), what, nearest(write.read_back.point, read))
    for index, text in enumerate(write.unless):
        yield from condition_faults(settings, document, ("writes", name, "unless", index), name, text)


def _address(settings: ProfileDocument, name: str, write: WriteDocument) -> Address | None:
    if write.at:
        return address_of(write.at)
    return settings.points[name].address_of() if name in settings.points else None
