"""The two programs of docs/migrating.md make the same documents of one file."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from outlast.load_reports import load_report
from outlast.report import Report

PAGE = (Path(__file__).resolve().parents[2] / "docs/migrating.md").read_text("utf-8")
BEFORE, AFTER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SHOPS = [{"id": "north", "region": "N"}, {"id": "south", "region": "S"}]
FILE = "shop,number,amount\nnorth,007,1.5\nsouth,2,\nsouth,3,4\n"


class Written:
    """The containers of the program before: it reads shops and keeps what is upserted."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []

    def get_container_client(self, name: str) -> "Written":
        return self

    def read_all_items(self) -> list[dict[str, Any]]:
        return SHOPS

    def upsert_item(self, document: dict[str, Any]) -> None:
        self.documents.append(document)


class Shops:
    """The container that the report reads, by the asynchronous client."""

    def get_container_client(self, name: str) -> "Shops":
        return self

    async def read_all_items(self) -> AsyncIterator[dict[str, Any]]:
        for shop in SHOPS:
            yield shop


def before(path: Path) -> list[dict[str, Any]]:
    """What the function with a thread writes."""
    module, database = ModuleType("before"), Written()
    exec(BEFORE, module.__dict__)  # it is the page's own text
    job = module.SalesImport(path, database)
    for method in (job.readInputFile, job.readDataFromDb, job.generateReport):
        method()
    module.import_in_background(job)
    return database.documents


def after(folder: Path, text: str) -> list[dict[str, Any]]:
    """What the report makes of the same rows; an empty field is None."""
    folder.mkdir()
    (folder / "sales.py").write_text(AFTER, "utf-8")
    report: Report[Any] = load_report(folder, "sales")
    reference = asyncio.run(report.read_data_from_db(Shops(), report.parameters()))  # type: ignore[arg-type]  # a fake
    header, *lines = (line.split(",") for line in text.splitlines())
    rows = [dict(zip(header, (field or None for field in line), strict=True)) for line in lines]
    return [one for row in rows for one in report.generate_report(report.row.model_validate(row), reference)]


def test_both_programs_make_the_same_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report of the page makes the documents that the function with a thread has written."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sales.csv").write_text(FILE, "utf-8")
    made = after(tmp_path / "own_reports", FILE)
    assert made == before(tmp_path / "sales.csv")
    assert [document["id"] for document in made] == ["north-007", "south-3"]
