"""The two who run the reports' own code: children, and the inline compute that stands for them."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outlast.compute.children import Children
from outlast.generating.row_window import RowCompute
from outlast.load_reports import load_report
from outlast.report import Report
from tests.fakes.clock import ManualClock
from tests.fakes.compute import InlineCompute

ROW_SECONDS = 0.5
SOURCE = Path(__file__).with_name("vicious_report.py.txt")
Opener = Callable[[], AbstractAsyncContextManager[RowCompute]]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an app whose only report is `vicious`, found before the reports of this repository."""
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / "__init__.py").touch()
    (reports / "vicious.py").write_text(SOURCE.read_text("utf-8"), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    ours = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "reports"}
    for name in ours:
        del sys.modules[name]
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "reports"]:
        del sys.modules[name]
    sys.modules.update(ours)


@pytest.fixture
def vicious(app: Path) -> Report[Any]:
    return load_report(app / "reports", "vicious")


@pytest.fixture(params=["inline", "children"])
def opener(request: pytest.FixtureRequest, app: Path, vicious: Report[Any]) -> Opener:
    """Opens the compute, which must be closed on the event loop that it was used on."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[RowCompute]:
        if request.param == "inline":
            clock = ManualClock()
            yield InlineCompute({"vicious": vicious}, clock, clock.advance, ROW_SECONDS)
            return
        children = Children(app, ROW_SECONDS)
        try:
            yield children
        finally:
            await children.close()

    return opened
