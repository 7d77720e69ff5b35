"""Recording a fleet: into a folder that holds none yet, and not to be seen there before it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from configs.documents import Fault, Faulty
from edge_agent.contract.text import Text
from rules.scoring.data import INVENTORY, TELEMETRY
from rules.scoring.labels import FILE

_RECORDED = (TELEMETRY, f"{TELEMETRY}.gz", INVENTORY, f"{INVENTORY}.gz", FILE)


@contextmanager
def recording(folder: Path) -> Iterator[Path]:
    """A folder to write into; what it holds in the end stands in `folder`, and nothing does where something is raised.

    Raises Faulty where `folder` holds a recording already, and OSError.
    """
    if taken := [name for name in _RECORDED if (folder / name).exists()]:
        raise Faulty([_taken(folder / name) for name in taken])
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
        yield Path(unfinished)
        for file in Path(unfinished).iterdir():
            file.rename(folder / file.name)


def _taken(path: Path) -> Fault:
    return Fault(
        file=str(path),
        line=1,
        what=Text(zh="此文件夹中已有记录的数据", en="this folder holds recorded data already"),
        fix=Text(zh="请换一个文件夹,或先删除这些数据", en="name another folder, or remove what it holds"),
    )
